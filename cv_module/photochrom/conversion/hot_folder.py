"""A folder that is watched: what arrives in it is converted, until somebody stops it.

The folder is looked through again and again instead of waiting for the system's events (inotify): those do not come
from network shares, onto which scanners write, and tell that a file is there before it is whole. Nothing in the folder
is changed, moved or deleted. Each photograph is done, skipped or failed once, and again only when its file has changed.
"""

import time
from collections.abc import Callable, Iterator, Set
from dataclasses import replace
from pathlib import Path
from typing import Final

from photochrom.conversion.arrivals import Arrivals
from photochrom.conversion.conflict import find_repeats, spare_originals, spare_searched_folders
from photochrom.conversion.converter import DEFAULTS, Converter
from photochrom.conversion.name_folding import LOOSEST
from photochrom.conversion.naming import Naming
from photochrom.conversion.options import ConvertOptions
from photochrom.conversion.plan import settle
from photochrom.conversion.result import ConvertReport, FileResult, Preview, Progress
from photochrom.conversion.search import Found, Search, identify, is_folder
from photochrom.conversion.task import Task
from photochrom.conversion.workers import convert_entries
from photochrom.errors import JobError, shown
from photochrom.files.output_file import remove_dead_temporaries
from photochrom.threads import LOOK_AGAIN

INTERVAL: Final = 5.0
"""Time between two looks [s]: network shares may tell of a change some seconds late."""
_BUSY_SHARE: Final = 0.1
"""The part of the time that goes into looking at most; large folders are looked through less often."""


def watch(
    folder: str | Path,
    out: str | Path,
    options: ConvertOptions = DEFAULTS,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    *,
    interval: float = INTERVAL,
) -> ConvertReport:
    """Convert the photographs in a folder and those that arrive there, until it is cancelled.

    A photograph is read when its file did not change from one look to the next (see `Arrivals`).

    Args:
        folder: searched with all below it. It must be there at the beginning, but may come and go later.
        out: a folder, made as needed; also one inside ``folder``, which then is not searched.
        options: how to convert. A photograph whose outputs are there already is skipped, also with ``refuse``; with
            ``overwrite`` they are made again, once, and whenever the photograph changes.
        on_progress: called in this thread after each photograph; its total counts those that arrived so far. What it
            raises comes out here.
        cancelled: asked in this thread, about ten times a second; True ends the watch: what is begun is finished.
        interval: time between two looks [s].

    Returns:
        What became of the photographs that still lie in the folder when it ends, in the order in which they ended; of
        what is gone nothing is kept, so that memory does not grow with time.

    Raises:
        JobError: the folder is not there, or the output is of the wrong kind or would be searched; nothing was written.
        ModelError: the network cannot be used; nothing was written.
        DeviceError: the device or engine is not to be had; nothing was written.
    """
    begin = time.monotonic()
    watched = _Watched(Path(folder), Path(out), options)
    converter = Converter(watched.options)
    results: dict[Path, FileResult] = {}
    finished = total = 0

    def note(number: int, result: FileResult, preview: Preview | None) -> None:
        nonlocal finished
        del number
        finished += 1
        results.pop(result.source, None)
        results[result.source] = result
        if on_progress is not None:
            on_progress(Progress(finished=finished, total=total, result=result, preview=preview))

    while cancelled is None or not cancelled():
        began = time.monotonic()
        entries = watched.look()
        looked = time.monotonic()
        for gone in results.keys() - watched.known:
            del results[gone]
        total = finished + len(entries)
        convert_entries(converter, entries, note, cancelled)
        _pause(max(began + interval, looked + (looked - began) / _BUSY_SHARE), cancelled)
    return ConvertReport(
        results=tuple(results.values()),
        remaining=total - finished,
        passed_over=watched.passed_over,
        model=converter.model,
        device=converter.device,
        engine=converter.engine,
        seconds=time.monotonic() - begin,
    )


def _pause(end: float, cancelled: Callable[[], bool] | None) -> None:
    """Wait until a time, by `time.monotonic`, or until it is cancelled."""
    while (left := end - time.monotonic()) > 0 and (cancelled is None or not cancelled()):
        time.sleep(left if cancelled is None else min(left, LOOK_AGAIN))


class _Watched:
    """The folder, and where its photographs go."""

    def __init__(self, folder: Path, out: Path, options: ConvertOptions) -> None:
        if not is_folder(folder):
            raise JobError(f"{shown(folder)}: is no folder; give one that is there, to be watched")
        self.options = replace(options, existing="skip") if options.existing == "refuse" else options
        self._folder = folder
        self._naming = Naming(out, options.confidence_output, options.suffix, single=False)
        self._arrivals = Arrivals()
        self._cleaned: set[Path] = set()
        self.passed_over = 0
        """Files that are hidden or have no image's name, at the last look."""
        self._check([self._naming.name(Found(folder / "any.png", Path("any.png")))])

    @property
    def known(self) -> Set[Path]:
        """The photographs that the last look found, and folders that it could not look into."""
        return self._arrivals.known

    def look(self) -> list[Task | FileResult]:
        """What has arrived since the last look, with what is to be done about it."""
        outputs = {identity for folder in self._naming.own_folders if (identity := identify(folder))}
        search = Search(outputs)
        if is_folder(self._folder):
            there = list(search.find([self._folder]))
        else:
            reason = f"{shown(self._folder)}: is gone; what arrives when it is back will be converted"
            there = [FileResult(source=self._folder, status="failed", reason=reason)]
        self.passed_over = search.passed_over
        arrived = self._arrivals.look(there)
        if not arrived:
            return []
        named = {one: self._naming.name(one) for one in there if isinstance(one, Found)}
        tasks_by_name: dict[str, list[Task]] = {}
        for task in named.values():
            for name in _names(task):
                tasks_by_name.setdefault(name, []).append(task)
        shard = self.options.shard
        return [
            one if isinstance(one, FileResult) else self._entry(named[one], tasks_by_name)
            for one in arrived
            if isinstance(one, FileResult) or shard is None or shard.holds(one.place)
        ]

    def _entry(self, task: Task, tasks_by_name: dict[str, list[Task]]) -> Task | FileResult:
        """A photograph's task, or its result where that is known; with the rivals that may want its outputs too."""
        rivals = [rival for name in _names(task) for rival in tasks_by_name[name] if rival is not task]
        try:
            self._check([task, *rivals])
        except JobError as error:
            return FileResult(source=task.source, status="failed", target=task.target, reason=str(error))
        for folder in {path.parent for path in task.outputs} - self._cleaned:
            remove_dead_temporaries(folder)
            self._cleaned.add(folder)
        return settle(task, self.options.existing, {})

    def _check(self, tasks: list[Task]) -> None:
        """Raise JobError where outputs of some tasks are in the way of each other, or of photographs."""
        find_repeats(tasks)
        spare_originals(tasks)
        spare_searched_folders(tasks, [self._folder], self._naming.own_folders)


def _names(task: Task) -> Iterator[str]:
    """The names of a photograph's outputs, as the least particular file system compares them."""
    return (LOOSEST.fold(str(path)) for path in task.outputs)
