"""Which file of a conversion becomes which: found, named and made safe before anything is read or written.

A photograph below a folder IN, or matched by a pattern, keeps its place below the folder OUT. Before anything begins
it is made sure that no output is an original, by whatever name; that no two photographs get one output, on a file
system that ignores case neither A.jpg and a.jpg; and that no output lands where the next run would take it for a
photograph. OUT itself may lie inside IN: what it holds is no input.

An output that is there already makes its photograph fail, or is skipped, or replaced, as `Existing` says; a link counts
as what is there, and is what is replaced. Where one of two outputs is there, skipping leaves that one and makes the
other.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from photochrom.conversion.conflict import (
    find_repeats,
    nearest_folder,
    spare_matches,
    spare_originals,
    spare_searched_folders,
)
from photochrom.conversion.naming import Naming
from photochrom.conversion.options import Shard
from photochrom.conversion.result import FileResult, Status
from photochrom.conversion.search import Found, Search, identify, is_folder, is_pattern
from photochrom.conversion.task import Task
from photochrom.errors import ImageError, JobError, shown
from photochrom.files.encoder import check_suffix
from photochrom.files.formats import SIGNATURE_BYTES, foreign_format
from photochrom.files.output_file import EXISTS, Existing, is_there


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a conversion will do."""

    entries: tuple[Task | FileResult, ...]
    """What is to do, and what is known to be skipped or to fail; in the order of the inputs, in a folder by name."""
    folders: tuple[Path, ...]
    """Folders that the outputs go into, skipped ones too; not all of them exist yet."""
    passed_over: int
    """Files in the input folders that are hidden or have no image's name."""

    @property
    def tasks(self) -> tuple[Task, ...]:
        """What is to do."""
        return tuple(entry for entry in self.entries if isinstance(entry, Task))


def plan_tasks(
    inputs: Iterable[Path],
    output: Path,
    confidence: Path | None = None,
    *,
    existing: Existing = "refuse",
    suffix: str | None = None,
    shard: Shard | None = None,
    base: Path | None = None,
) -> Plan:
    """What happens to each photograph.

    Args:
        inputs: photographs, folders and patterns, as `search` says.
        output: a file, where its suffix is that of an image and the input is a single photograph; else a folder.
        confidence: the same for the confidence maps, always PNG; None: no maps.
        existing: what happens where an output is there already.
        suffix: of all coloured copies, with its dot; None: each keeps its own, where that format holds colour.
        shard: the share of the photographs that is planned, though all are checked; None: all.
        base: folder below which photographs that are named themselves keep their place; None: they go by name alone.

    Raises:
        JobError: as a whole it cannot be done: no photographs, an output that is an input, two photographs with one
            output, an output of the wrong kind, or no permission to write.
    """
    inputs = tuple(inputs)
    single = len(inputs) == 1 and not is_folder(inputs[0]) and not is_pattern(inputs[0])
    naming = Naming(output, confidence, suffix, single=single)
    search = Search({identity for folder in naming.own_folders if (identity := identify(folder))})
    found = list(search.find(inputs, base))
    if not found:
        raise JobError(f"no photographs in {_enumerate(inputs)}; files are known by their suffix there")
    tasks = [naming.name(one) for one in found if isinstance(one, Found)]
    repeats = find_repeats(tasks)
    spare_originals(tasks)
    spare_searched_folders(tasks, filter(is_folder, inputs), naming.own_folders)
    spare_matches(tasks, filter(is_pattern, inputs), naming.own_folders)
    entries: list[Task | FileResult] = []
    folders: dict[Path, None] = {}
    refusals: dict[Path, str] = {}
    numbered = enumerate(tasks)
    for one in found:
        if isinstance(one, FileResult):
            entries.append(one)
            continue
        number, task = next(numbered)
        if number in repeats or not (shard is None or shard.holds(one.place)):
            continue
        folders |= dict.fromkeys(path.parent for path in task.outputs)
        entries.append(settle(task, existing, refusals))
    if not any(isinstance(one, Task) for one in entries) and any(refusals.values()):
        raise JobError(next(filter(None, refusals.values())))
    return Plan(entries=tuple(entries), folders=tuple(folders), passed_over=search.passed_over)


def settle(task: Task, existing: Existing, refusals: dict[Path, str]) -> Task | FileResult:
    """The task, with what is there already; or its result, where that is known.

    Args:
        task: what to do.
        existing: what happens where an output is there already.
        refusals: why nothing can be written into a folder, or nothing; for each folder looked at so far.
    """
    try:
        _require_source(task.source)
        _require_format(task)
        there = tuple(path for path in task.outputs if _keeps(path, existing))
        if there == task.outputs:
            return _result(task, "skipped")
        if there:
            task = replace(task, there=there)
        for folder in {path.parent for path in task.missing}:
            if folder not in refusals:
                refusals[folder] = _refusal(folder)
            if refusals[folder]:
                raise ImageError(refusals[folder])
    except ImageError as error:
        return _result(task, "failed", str(error))
    return task


def _result(task: Task, status: Status, reason: str = "") -> FileResult:
    return FileResult(source=task.source, status=status, target=task.target, confidence=task.confidence, reason=reason)


def _require_source(source: Path) -> None:
    try:
        source.stat()
    except FileNotFoundError:
        what = "is a link that leads nowhere" if os.path.lexists(source) else "no such file or folder"
        raise ImageError(f"{shown(source)}: {what}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no file can have this name"
        raise ImageError(f"{shown(source)}: cannot be read: {reason}") from None


def _require_format(task: Task) -> None:
    """Raise ImageError where an output's name says no format that can be written.

    Most such names come from a photograph that cannot be read either; then that is the reason.
    """
    for path in task.outputs:
        try:
            check_suffix(path.suffix)
        except ImageError as error:
            foreign = _foreign_format(task.source)
            raise ImageError(f"{shown(task.source)}: {foreign}" if foreign else f"{shown(path)}: {error}") from None


def _foreign_format(source: Path) -> str:
    with suppress(OSError), source.open("rb") as file:
        return foreign_format(file.read(SIGNATURE_BYTES))
    return ""


def _keeps(path: Path, existing: Existing) -> bool:
    """Whether an output is there and stays.

    Raises:
        ImageError: it is there and that is a failure, or what is there is never replaced.
    """
    if not is_there(path) or existing == "overwrite":
        return False
    if existing == "refuse":
        raise ImageError(f"{shown(path)}: {EXISTS}")
    return True


def _refusal(folder: Path) -> str:
    """Why nothing can be written into a folder, which may have to be made; empty where nothing is known against it."""
    nearest = nearest_folder(folder)
    if not is_folder(nearest):
        return f"{shown(nearest)}: is a file, where a folder is needed"
    if not os.access(nearest, os.W_OK | os.X_OK):
        return f"{shown(nearest)}: no permission to write into this folder, or it is on a read-only disk"
    return ""


def _enumerate(paths: Sequence[Path], most: int = 3) -> str:
    rest = f" and {len(paths) - most} more" if len(paths) > most else ""
    return ", ".join(map(shown, paths[:most])) + rest
