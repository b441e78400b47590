"""Which file of a job becomes which: found, named and made safe before anything is read or written.

A photograph below a folder IN keeps its place below the folder OUT. No output is ever an input, no two photographs get
one name, and what OUT holds already is not taken for input when it lies inside IN.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from photochrom.encoder import check_suffix
from photochrom.errors import ImageError, JobError
from photochrom.imageio import check_writable, colour_name, is_image_name, shown

_Identity = tuple[int, int]
"""Device and inode: the file itself, whatever the names of it are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One photograph of a job."""

    source: Path
    """The photograph."""
    target: Path
    """Its coloured copy."""
    confidence: Path | None
    """Its confidence map; None: not wanted."""

    @property
    def outputs(self) -> tuple[Path, ...]:
        """Every file that it writes."""
        return (self.target,) if self.confidence is None else (self.target, self.confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One file or folder of a job that came to nothing."""

    source: Path
    """The photograph, or the folder that could not be looked into."""
    reason: str
    """What was wrong and what to do; names the file it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a job will do."""

    tasks: tuple[Task, ...]
    """In the order of the inputs; within a folder by name."""
    failures: tuple[Failure, ...]
    """What is known to fail already."""
    passed_over: int
    """Files in the folders whose names are not those of images, or hidden."""


def plan_tasks(inputs: Sequence[Path], output: Path, confidence: Path | None, *, overwrite: bool) -> Plan:
    """What happens to each photograph.

    Args:
        inputs: photographs, and folders that are searched with all below them for names of images; what is hidden (a
            name with a leading dot) and links to folders are left alone there.
        output: a file, where its suffix is that of an image and the input is a single photograph; else a folder.
        confidence: the same for the confidence maps, always PNG; in a folder the map of a.jpg is a.jpg.png.
        overwrite: whether outputs that exist already may be replaced.

    Raises:
        JobError: as a whole it cannot be done: no photographs, an output that is an input, two photographs with one
            output, or an output of the wrong kind.
    """
    single = len(inputs) == 1 and not inputs[0].is_dir()
    into_file = _is_file(output, single=single)
    confidence_into_file = confidence is not None and _is_file(confidence, single=single)
    if confidence is not None and confidence_into_file and confidence.suffix.lower() != ".png":
        raise JobError(f"{shown(confidence)}: confidence maps are PNG: give a name that ends in .png, or a folder")
    outputs = {identity for folder in (output, confidence) if folder is not None and (identity := _identity(folder))}
    tasks: list[Task] = []
    failures: list[Failure] = []
    passed_over = 0
    for source, place in _find(inputs, outputs, failures):
        if place is None:
            passed_over += 1
            continue
        target = output if into_file else output / colour_name(place)
        if confidence is None or confidence_into_file:
            map_file = confidence
        else:
            map_file = confidence / place.with_name(f"{place.name}.png")
        tasks.append(Task(source=source, target=target, confidence=map_file))
    if not tasks and not failures:
        raise JobError(f"no photographs in {', '.join(map(shown, inputs))}; files are known by their suffix there")
    tasks = _without_clashes(tasks)
    _spare_originals(tasks)
    ready = []
    for task in tasks:
        try:
            if not task.source.exists():
                raise ImageError(f"{shown(task.source)}: no such file or folder")
            for path in task.outputs:
                check_writable(path, overwrite=overwrite)
        except ImageError as error:
            failures.append(Failure(source=task.source, reason=str(error)))
        else:
            ready.append(task)
    return Plan(tasks=tuple(ready), failures=tuple(failures), passed_over=passed_over)


def _is_file(output: Path, *, single: bool) -> bool:
    """Whether an output is a file and not a folder."""
    if output.is_dir():
        return False
    if single and output.suffix:
        try:
            check_suffix(output.suffix)
        except ImageError as error:
            raise JobError(f"{shown(output)}: {error}, or the name of a folder that exists") from None
        return True
    if output.exists():
        raise JobError(f"{shown(output)}: is a file, where a folder is needed")
    if is_image_name(output):
        raise JobError(f"{shown(output)}: several photographs do not go into one file: give the name of a folder")
    return False


def _find(
    inputs: Sequence[Path], outputs: set[_Identity], failures: list[Failure]
) -> Iterator[tuple[Path, Path | None]]:
    """Each file, with its place below the output folder; None for one that is no photograph by its name."""
    for path in inputs:
        if not path.is_dir():
            yield path, Path(path.name)
            continue
        for folder, folders, names in os.walk(path, onerror=lambda error: failures.append(_unreadable(error))):
            folders[:] = sorted(
                name for name in folders if not name.startswith(".") and _identity(Path(folder, name)) not in outputs
            )
            for name in sorted(names):
                source = Path(folder, name)
                wanted = is_image_name(source) and not name.startswith(".")
                yield source, source.relative_to(path) if wanted else None


def _unreadable(error: OSError) -> Failure:
    folder = Path(os.fsdecode(error.filename))
    return Failure(source=folder, reason=f"{shown(folder)}: folder cannot be read: {error.strerror}")


def _identity(path: Path) -> _Identity | None:
    """Which file or folder a name stands for, through links; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _without_clashes(tasks: Sequence[Task]) -> list[Task]:
    """The tasks without photographs given twice; a JobError for two pictures with one name."""
    owners: dict[str, Task] = {}
    kept = []
    for task in tasks:
        if task.target == task.confidence:
            raise JobError(f"{shown(task.target)}: the photograph and its confidence map need two names")
        for path in task.outputs:
            owner = owners.setdefault(os.path.abspath(path), task)  # noqa: PTH100 (must not follow links)
            if owner is not task and not _same_file(owner.source, task.source):
                raise JobError(
                    f"{shown(owner.source)} and {shown(task.source)} would both be written to {shown(path)}: "
                    "colorize them into different folders"
                )
        if owners[os.path.abspath(task.target)] is task:  # noqa: PTH100
            kept.append(task)
    return kept


def _same_file(one: Path, other: Path) -> bool:
    return one == other or (_identity(one) is not None and _identity(one) == _identity(other))


def _spare_originals(tasks: Sequence[Task]) -> None:
    """Raise JobError where an output is one of the photographs, by whatever name."""
    originals = {identity: task.source for task in tasks if (identity := _identity(task.source))}
    for task in tasks:
        for path in task.outputs:
            identity = _identity(path)
            if identity in originals:
                raise JobError(
                    f"{shown(path)}: is the input {shown(originals[identity])}; originals are never touched: "
                    "give another output"
                )
