"""Conflicts between the files of a conversion, found before anything is read or written.

Names are compared as the folders they lead to, through links, and as the file system compares them: where it ignores
case, A.jpg and a.jpg cannot both be written.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from photochrom.conversion.name_folding import LOOSEST, probe_folding
from photochrom.conversion.search import identify, would_find
from photochrom.conversion.task import Task
from photochrom.errors import JobError, shown


def find_repeats(tasks: Sequence[Task]) -> set[int]:
    """The places in the list of photographs that stand in it before, with the same outputs.

    Raises:
        JobError: two photographs, or a photograph and its map, have one output; the message names both.
    """
    real_folder = cache(os.path.realpath)
    owners: dict[str, Task] = {}
    repeats = set()
    for number, task in enumerate(tasks):
        names = [os.path.join(real_folder(path.parent), path.name) for path in task.outputs]  # noqa: PTH118
        if len(set(names)) < len(names):
            raise JobError(f"{shown(task.target)}: the photograph and its confidence map need two names")
        for path, name in zip(task.outputs, names, strict=True):
            owner = owners.setdefault(name, task)
            if owner is not task and not _is_same_file(owner.source, task.source):
                raise _clash(owner, task, path)
        if owners[names[-1]] is not task:
            repeats.add(number)
    _check_folded(owners)
    return repeats


def _check_folded(owners: Mapping[str, Task]) -> None:
    """Raise JobError where names differ, but not for the file system; it is asked only where they nearly agree."""
    first: dict[str, str] = {}
    doubtful: dict[str, None] = {}
    for name in owners:
        other = first.setdefault(LOOSEST.fold(name), name)
        if other != name:
            doubtful |= {other: None, name: None}
    probe = cache(probe_folding)
    folded: dict[str, str] = {}
    for name in doubtful:
        key = probe(nearest_folder(Path(name).parent)).fold(name)
        other = folded.setdefault(key, name)
        if other != name:
            raise _clash(owners[other], owners[name], Path(name), ", which are one name on this file system")


def _clash(one: Task, other: Task, path: Path, why: str = "") -> JobError:
    return JobError(
        f"{shown(one.source)} and {shown(other.source)} would both be written to {shown(path)}{why}: "
        "colorize them into different folders, or give a folder that holds both, below which they keep their places"
    )


def nearest_folder(folder: Path) -> Path:
    """A folder, or that of those above it in which it would have to be made."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    return folder


def spare_originals(tasks: Iterable[Task]) -> None:
    """Raise JobError where an output is one of the photographs, by whatever name."""
    originals = {identity: task.source for task in tasks if (identity := identify(task.source))}
    for task in tasks:
        for path in task.outputs:
            identity = identify(path)
            if identity in originals:
                raise JobError(
                    f"{shown(path)}: is the input {shown(originals[identity])}; originals are never touched: "
                    "give another output"
                )


def spare_searched_folders(tasks: Iterable[Task], searched: Iterable[Path], outputs: Iterable[Path]) -> None:
    """Raise JobError where an output would land among the inputs, and be taken for a photograph by the next run.

    Args:
        tasks: what is to do.
        searched: input folders.
        outputs: folders that are not searched although they lie in those, because the outputs go into them.
    """
    inputs = {os.path.realpath(folder): folder for folder in searched}
    spared = {os.path.realpath(folder) for folder in outputs} - inputs.keys()
    if not inputs:
        return
    for folder in {path.parent for task in tasks for path in task.outputs}:
        real = Path(os.path.realpath(folder))
        for upper in map(str, (real, *real.parents)):
            if upper in inputs:
                raise JobError(
                    f"{shown(inputs[upper])}: is searched for photographs, and outputs in it would be taken for "
                    "photographs the next time: give another output folder; one inside it will do"
                )
            if upper in spared:
                break


def spare_matches(tasks: Iterable[Task], patterns: Iterable[Path], outputs: Iterable[Path]) -> None:
    """Raise JobError where an output would match an input pattern, and be taken for a photograph by the next run.

    Args:
        tasks: what is to do.
        patterns: of the inputs.
        outputs: folders that are not searched, because the outputs go into them.
    """
    patterns = tuple(patterns)
    if not patterns:
        return
    spared = {os.path.realpath(folder) for folder in outputs}
    for path in (path for task in tasks for path in task.outputs):
        for pattern in patterns:
            if would_find(pattern, path, spared):
                raise JobError(
                    f"{shown(pattern)}: would match {shown(path)} too, and that be taken for a photograph the next "
                    "time: give another output folder; one that does not match will do"
                )


def _is_same_file(one: Path, other: Path) -> bool:
    return one == other or ((identity := identify(one)) is not None and identity == identify(other))
