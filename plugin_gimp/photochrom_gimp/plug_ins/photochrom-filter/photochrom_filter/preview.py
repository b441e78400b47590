"""The picture in the dialog: the layer as it is, as it will look, or half and half."""

from gi.repository import GdkPixbuf, Gtk

from photochrom_filter.texts import _


class Preview(Gtk.Box):
    """A picture with GIMP's own two switches: Preview and Split view."""

    def __init__(self, before: GdkPixbuf.Pixbuf) -> None:
        """Shows the layer as it is until there is a result.

        Args:
            before: the layer as it is.
        """
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._before = before
        self._after: GdkPixbuf.Pixbuf | None = None
        self._image = Gtk.Image.new_from_pixbuf(before)
        frame = Gtk.Frame(shadow_type=Gtk.ShadowType.IN)
        frame.add(self._image)
        self._enabled = Gtk.CheckButton(label=_("_Preview"), use_underline=True, active=True)
        self._enabled.set_tooltip_text(_("Show the layer as it will look; off: as it is"))
        self._split = Gtk.CheckButton(label=_("Split _view"), use_underline=True, sensitive=False)
        self._split.set_tooltip_text(_("Show the left half as it is and the right half as it will look"))
        switches = Gtk.Box(spacing=12)
        for switch in (self._enabled, self._split):
            switch.connect("toggled", lambda _switch: self._draw())
            switches.pack_start(switch, False, False, 0)
        self.pack_start(frame, True, True, 0)
        self.pack_start(switches, False, False, 0)

    def show_result(self, after: GdkPixbuf.Pixbuf | None) -> None:
        """From now on, this is how the layer will look; None: nobody knows."""
        self._after = after
        self._draw()

    def _draw(self) -> None:
        enabled = self._enabled.get_active()
        self._split.set_sensitive(enabled)
        if not enabled or self._after is None:
            self._image.set_from_pixbuf(self._before)
        elif self._split.get_active():
            self._image.set_from_pixbuf(_halves(self._before, self._after))
        else:
            self._image.set_from_pixbuf(self._after)


def _halves(left: GdkPixbuf.Pixbuf, right: GdkPixbuf.Pixbuf) -> GdkPixbuf.Pixbuf:
    image = right.copy()
    left.copy_area(0, 0, image.get_width() // 2, image.get_height(), image, 0, 0)
    return image
