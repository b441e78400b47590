"""One photograph from file to file: read, coloured, written.

What is wrong with a photograph is told in its result and never raised, so that the next one can follow.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2

from photochrom.conversion.footprint import FIXED, footprint
from photochrom.conversion.memory import Reservation, budget_of
from photochrom.conversion.options import ConvertOptions
from photochrom.conversion.painter import Coloured, ImageFile, Painter
from photochrom.conversion.result import FileResult, Preview
from photochrom.conversion.task import Task
from photochrom.errors import ImageError, shown
from photochrom.files.encoder import encode_image, encodes_in_parts
from photochrom.files.formats import read_header
from photochrom.files.imageio import read_bytes
from photochrom.files.output_file import write_file
from photochrom.threads import processors, shared_threads

DEFAULTS: Final = ConvertOptions()
"""How to convert where nothing is chosen."""

_SUFFIXES: Final = {
    "JPEG": ".jpg",
    "TIFF": ".tif",
    "WebP": ".webp",
    "AVIF": ".avif",
    "JPEG 2000": ".jp2",
    "BMP": ".bmp",
    "PPM, PGM or PBM": ".ppm",
}
"""By a format's name, the suffix of a file in it that was no file before; what is not here becomes PNG."""

End = tuple[FileResult, Preview | None]
"""What became of one photograph, and its preview where one was asked for and it did not fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A photograph whose files were read, and that has the memory to be finished."""

    entry: Task | FileResult
    """What is to be done, or was done before and is only shown."""
    files: tuple[ImageFile, ...]
    """The photograph's file; of one that is only shown, its copy's too."""
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
        self._painter = Painter(options)
        self._budget = budget_of(options.memory)
        self._in_work = 0
        self._reviews = 0
        self._lock = threading.Lock()

    @property
    def model(self) -> str:
        """The network's name and version."""
        contract = self._painter.colorizer.contract
        return f"{contract.name} {contract.version}"

    @property
    def device(self) -> str:
        """What the network runs on: cpu, cuda or cuda_fp16."""
        return self._painter.colorizer.device

    @property
    def engine(self) -> str:
        """What runs the network: opencv or onnxruntime."""
        return self._painter.colorizer.engine

    def convert_file(self, entry: Task | FileResult) -> End:
        """What became of one photograph, from reading to writing.

        Args:
            entry: from `plan_tasks`; a photograph that is skipped gets no more than its preview, where one is wanted,
                and one that failed already stays so.
        """
        loaded = self.load(entry)
        return (loaded, None) if isinstance(loaded, FileResult) else self.finish(loaded)

    def load(self, entry: Task | FileResult, cancelled: Callable[[], bool] = lambda: False) -> Loaded | FileResult:
        """The first half of `convert_file`: a photograph's file and the memory to finish it, or how it ended already.

        One photograph at a time waits for memory, in the order in which they came.

        Args:
            entry: as for `convert_file`.
            cancelled: asked ten times a second while waiting.

        Raises:
            CancelledError: ``cancelled`` said so.
        """
        begin = time.monotonic()
        paths = [entry.source]
        if isinstance(entry, FileResult):
            if entry.status == "failed" or entry.target is None or not self._may_review():
                return entry
            paths.append(entry.target)
        files: list[ImageFile] = []
        try:
            with _about(entry.source), self._budget.admit(cancelled) as reservation:
                for path in paths:
                    reservation.take(path.stat().st_size)
                    data = read_bytes(path)
                    files.append(ImageFile(data, read_header(data)))
                reservation.take(self._need(entry, files))
        except ImageError as error:
            return entry if isinstance(entry, FileResult) else _failure(entry, error, begin)
        return Loaded(entry=entry, files=tuple(files), reservation=reservation, begin=begin)

    def finish(self, loaded: Loaded) -> End:
        """The second half of `convert_file`: from decoding to writing; the photograph's memory is given back."""
        entry = loaded.entry
        try:
            with self._working():
                if isinstance(entry, Task):
                    return self._convert(entry, *loaded.files, begin=loaded.begin)
                with _about(entry.source):
                    return entry, self._painter.review(*loaded.files)
        except ImageError as error:
            return (entry, None) if isinstance(entry, FileResult) else (_failure(entry, error, loaded.begin), None)
        finally:
            loaded.reservation.release()

    def convert_bytes(self, data: bytearray) -> bytes | bytearray | memoryview:
        """The file of the coloured copy of a photograph that is given as the bytes of its file.

        The copy has the format that the options' suffix says, else the photograph's own; a confidence map goes into
        the file that the options name.

        Args:
            data: the whole file; emptied.

        Raises:
            ImageError: the photograph cannot be read, or takes too much memory, or that format cannot hold its copy,
                or its confidence map cannot be written.
            ModelError: the network does not keep its contract.
        """
        file = ImageFile(data, read_header(data))
        suffix = self.options.suffix or _SUFFIXES.get(file.header.format, ".png")
        map_file = self.options.confidence_output
        with_map = map_file is not None
        with self._budget.admit() as reservation:
            reservation.take(len(data) + footprint(file.header, len(data), suffix, self.options, with_map=with_map))
        try:
            with self._working():
                coloured = self._painter.paint(file, with_map=with_map, in_parts=encodes_in_parts(suffix))
            if map_file is not None and coloured.confidence is not None:
                write_file(map_file, encode_image(coloured.confidence, ".png"), existing=self.options.existing)
            return self._encode(coloured, suffix)
        finally:
            reservation.release()

    def _need(self, entry: Task | FileResult, files: list[ImageFile]) -> int:
        """What a photograph takes beside its files [bytes]; one that is only shown, for one file at a time."""
        if isinstance(entry, FileResult):
            return FIXED + max(file.header.decoding_size for file in files)
        with_map = entry.confidence in entry.missing
        (file,) = files
        return footprint(file.header, len(file.data), entry.target.suffix, self.options, with_map=with_map)

    def _may_review(self) -> bool:
        """Whether one more photograph that is skipped gets a preview."""
        most = self.options.most_reviews
        with self._lock:
            self._reviews += 1
            return self.options.preview_side is not None and (most is None or self._reviews <= most)

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Work on one photograph, and share the processor cores with the others in work."""
        with self._lock:
            self._in_work += 1
        try:
            with shared_threads(lambda: processors() // self._in_work):
                yield
        finally:
            with self._lock:
                self._in_work -= 1

    def _convert(self, task: Task, file: ImageFile, *, begin: float) -> End:
        with _about(task.source):
            with_map, in_parts = task.confidence in task.missing, encodes_in_parts(task.target.suffix)
            coloured = self._painter.paint(file, with_map=with_map, in_parts=in_parts)
        # In this order the coloured copy comes last, so that it stands for a finished task.
        written = [self._write(path, coloured, task) for path in task.missing]
        height, width = coloured.pixels.shape[:2]
        result = FileResult(
            source=task.source,
            status="done" if any(written) else "skipped",
            target=task.target,
            confidence=task.confidence,
            width=width,
            height=height,
            seconds=time.monotonic() - begin,
        )
        return result, coloured.preview

    def _write(self, path: Path, coloured: Coloured, task: Task) -> bool:
        """Write one output; whether it was written, and not there already to be skipped."""
        with _about(path):
            if path == task.confidence and coloured.confidence is not None:
                data = encode_image(coloured.confidence, ".png")
            else:
                data = self._encode(coloured, path.suffix)
        return write_file(path, data, existing=self.options.existing)

    def _encode(self, coloured: Coloured, suffix: str) -> bytes | bytearray | memoryview:
        return encode_image(coloured.pixels, suffix, metadata=coloured.metadata, quality=self.options.quality)


@contextmanager
def _about(path: Path) -> Iterator[None]:
    """Turn whatever may go wrong with a photograph into an ImageError that names its file."""
    try:
        yield
    except OSError as error:
        raise ImageError(f"{shown(path)}: cannot be read: {error.strerror}") from None
    except MemoryError:
        raise ImageError(f"{shown(path)}: there is not enough memory for it") from None
    except cv2.error as error:  # also every error of ours
        raise ImageError(f"{shown(path)}: {error}") from error


def _failure(task: Task, error: ImageError, begin: float) -> FileResult:
    return FileResult(
        source=task.source,
        status="failed",
        target=task.target,
        confidence=task.confidence,
        reason=str(error),
        seconds=time.monotonic() - begin,
    )
