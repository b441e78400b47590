"""One drawable's result, computed by the worker while the image stays as it is."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

from gi.repository import Gegl, Gimp

from photochrom_filter.appearance import seen_pixels
from photochrom_filter.messages import Answer, Picture, Settings
from photochrom_filter.pixel_format import picture_of
from photochrom_filter.pixels import PixelSink, read
from photochrom_filter.worker_client import WorkerClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a drawable; it is in no image yet."""

    drawable: Gimp.Drawable
    """From which it was made."""
    picture: Gegl.Buffer
    """In color, of the drawable's size, with its alpha if it has one."""
    confidence: Gegl.Buffer | None
    """Gray, of the drawable's size: white where the network is sure; None: it was not asked for."""
    answer: Answer
    """The worker's own."""

    def fits(self, image: Gimp.Image) -> bool:
        """Whether the drawable is still in the image and has its size: users go on working meanwhile."""
        if not (image.is_valid() and self.drawable.is_valid()):
            return False
        top = self.drawable
        while (parent := top.get_parent()) is not None:
            top = parent
        extent = self.picture.get_extent()
        same_size = (self.drawable.get_width(), self.drawable.get_height()) == (extent.width, extent.height)
        return same_size and top.get_id() in {layer.get_id() for layer in image.get_layers()}


def compute(
    drawable: Gimp.Drawable,
    worker: WorkerClient,
    settings: Settings,
    on_progress: Callable[[float], None],
    *,
    with_effects: bool,
) -> Result:
    """Let the worker colorize a drawable, which is only read.

    Args:
        drawable: a layer or a layer group.
        worker: that runs.
        settings: for the worker.
        on_progress: takes how much is done, 0 to 1.
        with_effects: of its pixels as they look; otherwise as they are stored, below its effects.

    Raises:
        WorkerError: it did not do it; the message says why.
        GimpError: GIMP did not give the pixels.
    """
    picture = picture_of(drawable)
    sink = PixelSink(picture.coloured)
    with seen_pixels(drawable) if with_effects else nullcontext(drawable.get_buffer()) as pixels:
        answer = worker.colorize(
            picture,
            settings,
            read(pixels, picture),
            into=sink.write,
            on_progress=lambda share, _step: on_progress(share),
        )
    confidence = None
    if settings.confidence:
        confidence = PixelSink(Picture(width=picture.width, height=picture.height, channels=1, depth="u8"))
        confidence.write(answer.confidence)
    return Result(
        drawable=drawable, picture=sink.buffer, confidence=confidence.buffer if confidence else None, answer=answer
    )
