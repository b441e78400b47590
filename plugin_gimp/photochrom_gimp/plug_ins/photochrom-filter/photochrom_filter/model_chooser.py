"""The control that chooses a network: one that the worker has, or a file of the user's own."""

from pathlib import PurePath
from typing import Final

from gi.repository import Gimp, GLib, Gtk, Pango

from photochrom_filter.messages import Model
from photochrom_filter.texts import _

_OTHER: Final = "*"
"""Id of the row that opens a file chooser; no network has this name."""


class ModelChooser(Gtk.Box):
    """A combo box that shows and sets the property ``model`` of a configuration; its label stands before it."""

    def __init__(self, config: Gimp.ProcedureConfig, task: str) -> None:
        """Offers what is chosen already; the worker's networks come with `offer`.

        Args:
            config: whose model it is.
            task: what the networks shall do; others are not offered.
        """
        super().__init__(spacing=6)
        self._config = config
        self._task = task
        self._models: tuple[Model, ...] = ()
        self._filling = False
        argument = config.find_property("model")
        self.label = Gtk.Label(label=argument.nick, use_underline=True, xalign=0)
        self._combo = Gtk.ComboBoxText(tooltip_text=argument.blurb)
        for cell in self._combo.get_cells():
            cell.set_property("ellipsize", Pango.EllipsizeMode.MIDDLE)
        self._combo.set_row_separator_func(lambda rows, row: not rows.get_value(row, 0))
        self.label.set_mnemonic_widget(self._combo)
        self.pack_start(self.label, False, False, 0)
        self.pack_start(self._combo, True, True, 0)
        self._combo.connect("changed", lambda _combo: self._choose())
        config.connect("notify::model", lambda _config, _property: self._fill())
        self._fill()

    def offer(self, models: tuple[Model, ...]) -> None:
        """Put the worker's networks into the list."""
        models = tuple(model for model in models if model.task == self._task)
        if models != self._models:
            self._models = models
            self._fill()

    def _fill(self) -> None:
        chosen = self._config.get_property("model")
        self._filling = True
        self._combo.remove_all()
        for model in self._models:
            self._combo.append(model.name, f"{model.name} {model.version}")
        if chosen not in {model.name for model in self._models}:
            self._combo.append(chosen, PurePath(chosen).name)
        self._combo.append(None, "")
        self._combo.append(_OTHER, _("Other file…"))
        self._combo.set_active_id(chosen)
        self._filling = False

    def _choose(self) -> None:
        if self._filling:
            return
        if self._combo.get_active_id() == _OTHER:
            # After the combo box has closed its list.
            GLib.idle_add(self._ask)
        else:
            self._config.set_property("model", self._combo.get_active_id())

    def _ask(self) -> bool:
        chooser = Gtk.FileChooserNative(
            title=_("Choose a Network"), transient_for=self.get_toplevel(), action=Gtk.FileChooserAction.OPEN
        )
        networks = Gtk.FileFilter()
        networks.set_name(_("Networks (*.onnx)"))
        networks.add_pattern("*.onnx")
        chooser.add_filter(networks)
        if chooser.run() == Gtk.ResponseType.ACCEPT:
            self._config.set_property("model", chooser.get_filename())
        self._fill()
        return bool(GLib.SOURCE_REMOVE)
