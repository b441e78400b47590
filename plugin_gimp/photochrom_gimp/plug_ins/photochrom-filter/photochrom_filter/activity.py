"""What is being worked on, beside a spinner; what is done quickly is not mentioned."""

from typing import Final

from gi.repository import GLib, Gtk, Pango

_PATIENCE: Final = 300
"""Work that takes less is not worth a word [ms]."""


class Activity(Gtk.Box):
    """A spinner and a few words, there only while something takes its time."""

    def __init__(self) -> None:
        """Nothing is worked on."""
        super().__init__(spacing=6)
        self._spinner = Gtk.Spinner()
        self._label = Gtk.Label(xalign=0, ellipsize=Pango.EllipsizeMode.END)
        self.pack_start(self._spinner, False, False, 0)
        self.pack_start(self._label, True, True, 0)
        self._timer = 0
        self._words = ""

    def begin(self, words: str) -> None:
        """Something is worked on; if it is already, only the words change."""
        self._words = words
        if self._spinner.get_property("active"):
            self._label.set_text(words)
        elif not self._timer:
            self._timer = GLib.timeout_add(_PATIENCE, self._appear)

    def end(self) -> None:
        """It is done."""
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        self._spinner.stop()
        self._label.set_text("")

    def _appear(self) -> bool:
        self._timer = 0
        self._spinner.start()
        self._label.set_text(self._words)
        return bool(GLib.SOURCE_REMOVE)
