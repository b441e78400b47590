"""Photographs from files to files, many at a time: the engine of the command, of scripts and of the watched folder."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from photochrom.conversion.converter import DEFAULTS, Converter
from photochrom.conversion.naming import as_output
from photochrom.conversion.options import ConvertOptions
from photochrom.conversion.plan import plan_tasks
from photochrom.conversion.result import ConvertReport, FileResult, Preview, Progress
from photochrom.conversion.search import as_path
from photochrom.conversion.task import Task
from photochrom.conversion.workers import convert_entries
from photochrom.errors import JobError
from photochrom.files.output_file import remove_dead_temporaries


def convert(
    paths: str | Path | Iterable[str | Path],
    out: str | Path,
    options: ConvertOptions = DEFAULTS,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ConvertReport:
    """Colorize photographs from files to files.

    The network is loaded and tried before anything is written; after that, what is wrong with one photograph goes into
    the report and the others follow. Several are in work at once, within the memory that the options allow.

    Args:
        paths: photographs, folders that are searched with all below them, and patterns (see `search`).
        out: a file with the suffix of an image, for a single photograph; else a folder, made as needed.
        options: how to convert.
        on_progress: called in this thread, before the first photograph and after each one, in the order in which they
            end. What it raises, and a KeyboardInterrupt, ends the conversion and comes out here; what is begun is
            finished before.
        cancelled: asked in this thread, about ten times a second; True ends the conversion: what is begun is finished,
            and the rest is not begun.

    Returns:
        What became of every photograph, in the order of the inputs.

    Raises:
        JobError: the conversion as a whole cannot be done; nothing was written.
        ModelError: the network cannot be used; nothing was written.
        DeviceError: the device or engine is not to be had; nothing was written.
    """
    conversion = Conversion(paths, out, options, on_progress)
    converter = Converter(options)
    conversion.begin()
    convert_entries(converter, conversion.entries, conversion.note, cancelled)
    return conversion.report(model=converter.model, device=converter.device, engine=converter.engine)


class Conversion:
    """What a conversion will do, and what became of it so far, whoever does it; used in one thread."""

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        out: str | Path,
        options: ConvertOptions,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        """Plan it; arguments as of `convert`.

        Raises:
            JobError: the conversion as a whole cannot be done.
        """
        self._begin = time.monotonic()
        self._on_progress = on_progress
        inputs = [as_path(paths)] if isinstance(paths, str | Path) else [as_path(path) for path in paths]
        if not inputs:
            raise JobError("there is nothing to convert: give at least one photograph or folder")
        self._plan = plan_tasks(
            inputs,
            as_output(out),
            options.confidence_output,
            existing=options.existing,
            suffix=options.suffix,
            shard=options.shard,
            base=options.base,
        )
        self._results: list[FileResult | None] = [None] * len(self.entries)
        self._finished = 0

    @property
    def entries(self) -> tuple[Task | FileResult, ...]:
        """What is to do, and what is known to be skipped or to fail."""
        return self._plan.entries

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders that the outputs go into; not all of them exist yet."""
        return self._plan.folders

    def begin(self) -> None:
        """Remove what dead runs left where the outputs go, and tell how many photographs there are."""
        self.tidy()
        self._tell(None, None)

    def tidy(self) -> None:
        """Remove what dead runs left where the outputs go."""
        for folder in self.folders:
            remove_dead_temporaries(folder)

    def note(self, number: int, result: FileResult, preview: Preview | None) -> None:
        """Take note of what became of an entry, and tell."""
        self._results[number] = result
        self._finished += 1
        self._tell(result, preview)

    def report(self, *, model: str, device: str, engine: str) -> ConvertReport:
        """What became of every entry, and what it was done with."""
        return ConvertReport(
            results=tuple(result for result in self._results if result is not None),
            remaining=len(self._results) - self._finished,
            passed_over=self._plan.passed_over,
            model=model,
            device=device,
            engine=engine,
            seconds=time.monotonic() - self._begin,
        )

    def _tell(self, result: FileResult | None, preview: Preview | None) -> None:
        if self._on_progress is not None:
            total = len(self._results)
            self._on_progress(Progress(finished=self._finished, total=total, result=result, preview=preview))
