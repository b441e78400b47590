"""What the outputs of a photograph are called."""

import os
from dataclasses import dataclass
from pathlib import Path

from photochrom.conversion.search import Found, as_path, is_folder
from photochrom.conversion.task import Task
from photochrom.errors import ImageError, JobError, shown
from photochrom.files.encoder import check_suffix
from photochrom.files.suffixes import copy_name, is_image_name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Destination:
    """Where one kind of output goes."""

    path: Path
    """A folder, or a file."""
    is_file: bool
    """Whether it is a file, which only a single photograph can go into."""


class Naming:
    """The names of a conversion's outputs."""

    def __init__(self, output: Path, confidence: Path | None, suffix: str | None, *, single: bool) -> None:
        """Settle where everything goes.

        Args:
            output: a file, where its suffix is that of an image and there is a single photograph; else a folder.
            confidence: the same for the confidence maps, always PNG; None: no maps.
            suffix: of all coloured copies, with its dot; None: each keeps its own, where that format holds colour.
            single: whether the only input is a file.

        Raises:
            JobError: an output of the wrong kind, or no such format.
        """
        if suffix is not None:
            try:
                check_suffix(suffix)
            except ImageError as error:
                raise JobError(str(error)) from None
        self._copies = _destination(output, single=single)
        self._maps = None if confidence is None else _destination(confidence, single=single)
        self._suffix = suffix
        if self._copies.is_file and suffix is not None and output.suffix.lower() != suffix.lower():
            raise JobError(f"{shown(output)}: ends in {output.suffix}, and the format asked for is {suffix}")
        if self._maps is not None and self._maps.is_file and self._maps.path.suffix.lower() != ".png":
            raise JobError(
                f"{shown(self._maps.path)}: confidence maps are PNG: give a name that ends in .png, or a folder"
            )

    @property
    def own_folders(self) -> tuple[Path, ...]:
        """The folders that everything goes into or below, and that hold nothing but outputs."""
        return tuple(kind.path for kind in (self._copies, self._maps) if kind is not None and not kind.is_file)

    def name(self, found: Found) -> Task:
        """A photograph with the names of its outputs; the map of a.jpg is a.jpg.png."""
        copies, maps = self._copies, self._maps
        target = copies.path if copies.is_file else copies.path / copy_name(found.place, self._suffix)
        if maps is None or maps.is_file:
            return Task(source=found.source, target=target, confidence=None if maps is None else maps.path)
        return Task(
            source=found.source,
            target=target,
            confidence=maps.path / found.place.with_name(f"{found.place.name}.png"),
        )


def as_output(name: str | Path) -> Path:
    """The path of an output.

    Raises:
        JobError: the name is empty, or ends with a slash, as those of folders do, and would be taken for a file's.
    """
    path = as_path(name)
    if isinstance(name, str) and name.endswith(("/", os.sep)) and is_image_name(path) and not is_folder(path):
        raise JobError(
            f"{shown(path)}{name[-1]}: named as an image, with a slash at its end: make that folder first, or leave "
            "the slash out for a file"
        )
    return path


def _destination(path: Path, *, single: bool) -> _Destination:
    if is_folder(path):
        return _Destination(path=path, is_file=False)
    if single and path.suffix:
        try:
            check_suffix(path.suffix)
        except ImageError as error:
            raise JobError(f"{shown(path)}: {error}, or the name of a folder that exists") from None
        return _Destination(path=path, is_file=True)
    if os.path.lexists(path):
        raise JobError(f"{shown(path)}: is a file, where a folder is needed")
    if is_image_name(path):
        raise JobError(
            f"{shown(path)}: folders, patterns and several photographs do not go into one file: name a folder"
        )
    return _Destination(path=path, is_file=False)
