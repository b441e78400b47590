"""A sentence that the user has to read: why something cannot be done, or was done otherwise than asked for."""

from gi.repository import GimpUi, Gtk


class Notice(Gtk.Box):
    """An icon and a sentence that can be copied; not there while there is nothing to say."""

    def __init__(self) -> None:
        """There is nothing to say."""
        super().__init__(spacing=12, no_show_all=True)
        self._icon = Gtk.Image(valign=Gtk.Align.START)
        # As wide as it is given, not as its text would like.
        self._label = Gtk.Label(
            xalign=0, wrap=True, selectable=True, can_focus=False, width_chars=40, max_width_chars=40, hexpand=True
        )
        self.pack_start(self._icon, False, False, 0)
        self.pack_start(self._label, True, True, 0)
        for part in (self._icon, self._label):
            part.show()

    def say(self, sentence: str, *, is_error: bool) -> None:
        """Show a sentence; an empty one takes the notice away."""
        icon = GimpUi.ICON_DIALOG_ERROR if is_error else GimpUi.ICON_DIALOG_WARNING
        self._icon.set_from_icon_name(icon, Gtk.IconSize.BUTTON)
        self._label.set_text(sentence[:1].upper() + sentence[1:])
        self.set_visible(bool(sentence))
