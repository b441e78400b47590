"""One photograph from file to file: read, coloured, written.

What is wrong with a photograph is told in its result and never raised, so that the next one can follow.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
from cv2.typing import MatLike

from photochrom.colorizer import Colorizer
from photochrom.decoder import decode_image
from photochrom.encoder import encode_image
from photochrom.errors import ImageError
from photochrom.footprint import footprint
from photochrom.formats import read_header
from photochrom.imageio import read_bytes, shown, write_image
from photochrom.memory import Reservation, budget_of
from photochrom.metadata import Metadata
from photochrom.options import ConvertOptions
from photochrom.plan import Task
from photochrom.result import FileResult, Preview

DEFAULTS: Final = ConvertOptions()
"""How to convert where nothing is chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A photograph whose file was read, and that has the memory to be finished."""

    task: Task
    """What is to be done."""
    data: bytearray
    """The bytes of its file."""
    reservation: Reservation
    """Its memory, given back when it is finished."""
    begin: float
    """When reading began, by `time.monotonic` [s]."""


class Converter:
    """A network, ready, and what is chosen about a conversion; safe in several threads.

    All that it has in work at once stays within the memory that its options allow.
    """

    def __init__(self, options: ConvertOptions = DEFAULTS) -> None:
        """Load the network and run it once.

        Args:
            options: how to convert.

        Raises:
            JobError: the process has more memory already than it may.
            ModelError: no such network, or it or its contract is damaged, or it does not keep its contract.
            DeviceError: the device or the engine is not to be had here.
        """
        self.options = options
        self.colorizer = Colorizer(options.model, device=options.device, engine=options.engine)
        self.colorizer.warm_up()
        self._budget = budget_of(options.memory)

    @property
    def model(self) -> str:
        """The network's name and version."""
        return f"{self.colorizer.contract.name} {self.colorizer.contract.version}"

    def convert_file(self, task: Task) -> tuple[FileResult, Preview | None]:
        """What became of one photograph, and its preview where one was asked for and it did not fail.

        The confidence map is written before the coloured copy, so the copy stands for the finished task.

        Args:
            task: from `plan_tasks`.
        """
        loaded = self.load(task)
        return (loaded, None) if isinstance(loaded, FileResult) else self.finish(loaded)

    def load(self, task: Task, cancelled: Callable[[], bool] = lambda: False) -> Loaded | FileResult:
        """The first half of `convert_file`: a photograph's file and memory to finish it, or the failure that it is.

        One photograph at a time waits for memory, in the order in which they came.

        Args:
            task: from `plan_tasks`.
            cancelled: asked ten times a second while waiting.

        Raises:
            CancelledError: ``cancelled`` said so.
        """
        begin = time.monotonic()
        try:
            with _about(task.source), self._budget.admit(cancelled) as reservation:
                reservation.take(task.source.stat().st_size)
                data = read_bytes(task.source)
                reservation.take(footprint(read_header(data)))
        except ImageError as error:
            return _failure(task, error, begin)
        return Loaded(task=task, data=data, reservation=reservation, begin=begin)

    def finish(self, loaded: Loaded) -> tuple[FileResult, Preview | None]:
        """The second half of `convert_file`: from decoding to writing; the photograph's memory is given back."""
        task, begin = loaded.task, loaded.begin
        overwrite = self.options.existing == "overwrite"
        try:
            with _about(task.source):
                coloured = self._colour(loaded.data, wants_map=task.confidence is not None)
            if task.confidence is not None and coloured.confidence is not None:
                write_image(task.confidence, coloured.confidence, overwrite=overwrite)
            write_image(
                task.target,
                coloured.pixels,
                metadata=coloured.metadata,
                quality=self.options.quality,
                overwrite=overwrite,
            )
        except ImageError as error:
            return _failure(task, error, begin), None
        finally:
            loaded.reservation.release()
        height, width = coloured.pixels.shape[:2]
        result = FileResult(
            source=task.source,
            status="done",
            target=task.target,
            confidence=task.confidence,
            width=width,
            height=height,
            seconds=time.monotonic() - begin,
        )
        return result, coloured.preview

    def convert_bytes(self, data: bytearray) -> bytes | bytearray | memoryview:
        """The bytes of the coloured copy of a photograph that is given as the bytes of its file.

        The copy has the format that the options' suffix says, else the photograph's own; a confidence map goes into
        the file that the options name.

        Args:
            data: the whole file; emptied.

        Raises:
            ImageError: the photograph cannot be read or coloured, or takes too much memory, or that format cannot hold
                it, or its confidence map cannot be written.
        """
        map_file = self.options.confidence_output
        with self._budget.admit() as reservation:
            reservation.take(len(data) + footprint(read_header(data)))
        try:
            coloured = self._colour(data, wants_map=map_file is not None)
            if map_file is not None and coloured.confidence is not None:
                write_image(map_file, coloured.confidence, overwrite=self.options.existing == "overwrite")
            suffix = self.options.suffix or ".png"
            return encode_image(coloured.pixels, suffix, metadata=coloured.metadata, quality=self.options.quality)
        finally:
            reservation.release()

    def _colour(self, data: bytearray, *, wants_map: bool) -> "_Coloured":
        picture = decode_image(data)
        data.clear()
        pixels = picture.pixels
        if wants_map:
            result = self.colorizer.predict(pixels, saturation=self.options.saturation)
            confidence = cv2.convertScaleAbs(result.confidence, alpha=255)
            return _Coloured(pixels=result.image, metadata=picture.metadata, confidence=confidence, preview=None)
        in_place = pixels if pixels.ndim == 3 else None
        image = self.colorizer.colorize(pixels, in_place, saturation=self.options.saturation)
        return _Coloured(pixels=image, metadata=picture.metadata, confidence=None, preview=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coloured:
    """A photograph in colour, ready to be written."""

    pixels: MatLike
    """BGR or BGRA."""
    metadata: Metadata
    """What to write with it."""
    confidence: MatLike | None
    """(H, W) grey, 255 for certainty; None: not wanted."""
    preview: Preview | None
    """Before and after, small; None: not wanted."""


@contextmanager
def _about(source: Path) -> Iterator[None]:
    """Turn whatever may go wrong with a photograph into an ImageError that names it."""
    try:
        yield
    except OSError as error:
        raise ImageError(f"{shown(source)}: cannot be read: {error.strerror}") from None
    except MemoryError:
        raise ImageError(f"{shown(source)}: there is not enough memory for it") from None
    except cv2.error as error:  # also every error of ours
        raise ImageError(f"{shown(source)}: {error}") from error


def _failure(task: Task, error: ImageError, begin: float) -> FileResult:
    return FileResult(
        source=task.source,
        status="failed",
        target=task.target,
        confidence=task.confidence,
        reason=str(error),
        seconds=time.monotonic() - begin,
    )
