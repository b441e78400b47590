"""A whole run of a filter: every result first, then all of them into the image as one step of undo."""

from collections.abc import Sequence
from functools import partial

from gi.repository import Gimp

from photochrom_filter import drawables as selected
from photochrom_filter import outputs
from photochrom_filter.errors import GimpError
from photochrom_filter.layer_names import confidence_name, layer_name
from photochrom_filter.procedures import Request
from photochrom_filter.progress import progress
from photochrom_filter.result import Result, compute
from photochrom_filter.texts import _
from photochrom_filter.undo_step import undo_step
from photochrom_filter.warm_worker import WarmWorker

_MODES = {"new-layer-color": Gimp.LayerMode.LCH_COLOR, "new-layer": Gimp.LayerMode.NORMAL}


def run(image: Gimp.Image, drawables: Sequence[Gimp.Drawable], request: Request, warm: WarmWorker, title: str) -> None:
    """Process drawables of an image; it is not changed before the last result is there.

    Args:
        image: RGB or grey; a grey one becomes RGB.
        drawables: layers and layer groups of it.
        request: what to do to each.
        warm: the worker.
        title: for the status bar.

    Raises:
        RefusalError: a drawable cannot be processed; nothing was changed.
        WorkerError: the worker could not do it; nothing was changed.
        GimpError: a drawable is not there any more, and nothing was changed; or GIMP did not take a result, and what
            was changed is one step of undo.
    """
    selected.check(image, drawables, request.output)
    with progress(title, len(drawables)) as report:
        worker = warm.client()
        versions = {model.name: model.version for model in worker.hello.models}
        name = layer_name(request.settings, versions)
        results = [
            compute(drawable, worker, request.settings, partial(report, part), with_effects=request.output != "replace")
            for part, drawable in enumerate(drawables)
        ]
    if not all(result.fits(image) for result in results):
        raise GimpError(_("The image was changed meanwhile; nothing was colorized. Try again."))
    selected.check(image, drawables, request.output)
    with undo_step(image):
        if image.get_base_type() == Gimp.ImageBaseType.GRAY:
            image.convert_rgb()
        for result in results:
            _put(result, request, name)
        image.set_selected_layers(list(drawables))
    Gimp.displays_flush()
    for note in dict.fromkeys(result.answer.note for result in results if result.answer.note):
        Gimp.message(note)


def _put(result: Result, request: Request, name: str) -> None:
    above = result.drawable
    if request.output == "replace":
        outputs.replace(result.drawable, result.picture)
    else:
        above = outputs.add_layer(result.drawable, result.picture, name, _MODES[request.output])
    if result.confidence is not None:
        outputs.add_confidence(result.drawable, above, result.confidence, confidence_name(name))
