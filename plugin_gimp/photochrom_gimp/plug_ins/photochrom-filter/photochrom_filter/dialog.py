"""The window of a filter: its controls, a live preview, and in plain words whatever stands in the way."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gi.repository import Gimp, GimpUi, GLib, Gtk, Pango

from photochrom_filter import drawables as selected
from photochrom_filter import snapshot
from photochrom_filter.activity import Activity
from photochrom_filter.errors import RefusalError
from photochrom_filter.messages import Answer, Hello, Settings
from photochrom_filter.model_chooser import ModelChooser
from photochrom_filter.notice import Notice
from photochrom_filter.preview import Preview
from photochrom_filter.previewer import Listener, Previewer
from photochrom_filter.procedures import FILTERS
from photochrom_filter.texts import _
from photochrom_filter.warm_worker import WarmWorker

_PREVIEW_SIZE: Final = 480
"""Longer side of the preview, at most [pixels]."""
_SETTLING: Final = 30
"""How long further changes are waited for before one is acted on, as a reset changes every control [ms]."""
_SCALES: Final = ("strength", "saturation", "fade-uncertain")
_CHOICES: Final = ("output", "device")


def run(
    procedure: Gimp.Procedure,
    config: Gimp.ProcedureConfig,
    image: Gimp.Image,
    drawables: Sequence[Gimp.Drawable],
    warm: WarmWorker,
) -> bool:
    """Let the user choose the arguments of a filter.

    Args:
        procedure: the filter's.
        config: the arguments; the user changes them.
        image: to which the filter will be applied.
        drawables: of the image; the first one is the preview's.
        warm: the worker.

    Returns:
        Whether the filter shall be applied.

    Raises:
        RefusalError: it cannot be applied, whatever the user would choose.
    """
    selected.check(image, drawables, "new-layer")
    GimpUi.init(procedure.get_name())
    dialog = _Dialog(procedure, config, image, drawables, warm)
    try:
        return dialog.run()
    finally:
        dialog.close()


class _Dialog:
    """GIMP's own dialog for a procedure with a preview in it; everything here happens on the main thread."""

    def __init__(
        self,
        procedure: Gimp.Procedure,
        config: Gimp.ProcedureConfig,
        image: Gimp.Image,
        drawables: Sequence[Gimp.Drawable],
        warm: WarmWorker,
    ) -> None:
        self._config = config
        self._image = image
        self._drawables = drawables
        self._filter = FILTERS[procedure.get_name()]
        self._snapshot = snapshot.take(drawables[0], _PREVIEW_SIZE)
        self._asked: Settings | None = None
        self._greeted = False
        self._refusal = ""
        self._error = ""
        self._note = ""
        self._timer = 0

        self._window = GimpUi.ProcedureDialog.new(procedure, config, self._filter.title())
        self._preview = Preview(self._snapshot.before())
        self._models = ModelChooser(config, self._filter.task)
        self._device = Gtk.Label(xalign=0, ellipsize=Pango.EllipsizeMode.END)
        self._activity = Activity()
        self._notice = Notice()
        self._lay_out()

        listener = Listener(
            on_hello=self._on_hello, on_step=self._on_step, on_answer=self._on_answer, on_error=self._on_error
        )
        self._previewer = Previewer(warm, self._snapshot.picture, self._snapshot.data, listener)
        self._watch = config.connect("notify", lambda _config, _argument: self._on_change())
        self._update()

    def run(self) -> bool:
        """Show the window until it is answered; True: with OK."""
        return bool(self._window.run())

    def close(self) -> None:
        """Take the window away; the worker stays."""
        self._config.disconnect(self._watch)
        if self._timer:
            GLib.source_remove(self._timer)
        self._previewer.close()
        self._activity.end()
        self._window.destroy()

    def _lay_out(self) -> None:
        for name in _SCALES:
            self._window.get_spin_scale(name, 100)
        labels = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
        labels.add_widget(self._models.label)
        for name in _CHOICES:
            # A combo box in every version of GIMP: 3.2 would show few choices as radio buttons.
            labels.add_widget(self._window.get_widget(name, Gtk.ComboBox).get_label())
        controls = self._window.fill_box("controls", [*_SCALES, "output", "confidence-layer", "device"])
        controls.set_orientation(Gtk.Orientation.VERTICAL)
        controls.set_spacing(6)
        controls.pack_start(self._models, False, False, 0)
        controls.reorder_child(self._models, 0)
        controls.pack_start(self._device, False, False, 0)
        controls.pack_end(self._activity, False, False, 0)

        columns = Gtk.Box(spacing=18)
        columns.pack_start(self._preview, True, True, 0)
        columns.pack_start(controls, False, False, 0)
        content = self._window.get_content_area()
        content.pack_start(columns, True, True, 0)
        content.pack_start(self._notice, False, False, 6)
        columns.show_all()

    def _on_change(self) -> None:
        if not self._timer:
            self._timer = GLib.timeout_add(_SETTLING, self._update)

    def _update(self) -> bool:
        self._timer = 0
        try:
            request = self._filter.request(self._config)
            selected.check(self._image, self._drawables, request.output)
        except RefusalError as error:
            self._refusal = str(error)
        else:
            self._refusal = ""
            self._ask(replace(request.settings, confidence=False))
        self._judge()
        return bool(GLib.SOURCE_REMOVE)

    def _ask(self, settings: Settings) -> None:
        if settings != self._asked:
            self._asked = settings
            self._activity.begin(_("Colorizing…") if self._greeted else _("Starting photochrom…"))
            self._previewer.request(settings)

    def _judge(self) -> None:
        obstacle = self._refusal or self._error
        self._notice.say(obstacle or self._note, is_error=bool(obstacle))
        self._window.set_response_sensitive(Gtk.ResponseType.OK, not obstacle)

    def _on_hello(self, hello: Hello) -> None:
        self._greeted = True
        self._models.offer(hello.models)

    def _on_step(self, step: str) -> None:
        self._activity.begin(_("Loading the model…") if step == "load" else _("Colorizing…"))

    def _on_answer(self, settings: Settings, data: bytes, answer: Answer) -> None:
        self._preview.show_result(self._snapshot.after(data))
        self._device.set_text(_("Computed on: {device}").format(device=self._name_of(answer.device)))
        self._error = ""
        self._note = answer.note
        self._settle(settings)

    def _on_error(self, settings: Settings, sentence: str) -> None:
        if settings == self._asked:
            self._preview.show_result(None)
            self._device.set_text("")
            self._error = sentence
            self._settle(settings)

    def _settle(self, settings: Settings) -> None:
        if settings == self._asked:
            self._activity.end()
        self._judge()

    def _name_of(self, device: str) -> str:
        choice = Gimp.param_spec_choice_get_choice(self._config.find_property("device"))
        return choice.get_label(device) if choice.is_valid(device) else device
