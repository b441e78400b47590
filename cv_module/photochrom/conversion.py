"""Photographs from files to files, many at a time: the engine of the command, of scripts and of the watched folder."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from photochrom.converter import DEFAULTS, Converter
from photochrom.errors import JobError
from photochrom.options import ConvertOptions
from photochrom.output_file import remove_dead_temporaries
from photochrom.plan import plan_tasks
from photochrom.result import ConvertReport, FileResult, Preview, Progress
from photochrom.workers import convert_entries


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
        paths: photographs, and folders that are searched with all below them.
        out: a file with the suffix of an image, for a single photograph; else a folder, made as needed.
        options: how to convert.
        on_progress: called in this thread, before the first photograph and after each one, in the order in which they
            end. What it raises ends the conversion and comes out here.
        cancelled: asked in this thread, about ten times a second; True ends the conversion: what is begun is finished,
            and the rest is not begun.

    Returns:
        What became of every photograph, in the order of the inputs.

    Raises:
        JobError: the conversion as a whole cannot be done; nothing was written.
        ModelError: the network cannot be used; nothing was written.
        DeviceError: the device or engine is not to be had; nothing was written.
    """
    begin = time.monotonic()
    inputs = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    if not inputs:
        raise JobError("there is nothing to convert: give at least one photograph or folder")
    plan = plan_tasks(
        inputs,
        Path(out),
        options.confidence_output,
        existing=options.existing,
        suffix=options.suffix,
        shard=options.shard,
    )
    converter = Converter(options)
    for folder in plan.folders:
        remove_dead_temporaries(folder)
    results: list[FileResult | None] = [None] * len(plan.entries)
    finished = 0

    def note(number: int, result: FileResult, preview: Preview | None) -> None:
        nonlocal finished
        results[number] = result
        finished += 1
        if on_progress is not None:
            on_progress(Progress(finished=finished, total=len(results), result=result, preview=preview))

    if on_progress is not None:
        on_progress(Progress(finished=0, total=len(results)))
    convert_entries(converter, plan.entries, note, cancelled)
    return ConvertReport(
        results=tuple(result for result in results if result is not None),
        remaining=len(results) - finished,
        passed_over=plan.passed_over,
        model=converter.model,
        device=converter.device,
        engine=converter.engine,
        seconds=time.monotonic() - begin,
    )
