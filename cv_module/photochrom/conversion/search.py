"""Photographs, found in what a user names: files, folders with all below them, and patterns.

A name that exists stands for itself, whatever characters it has. Else ``*``, ``?`` and ``[…]`` make it a pattern,
as in a shell: they match within one part of a path, ``**`` any number of folders. Folders that match are searched.

In folders and by patterns only names of images are found. What is hidden (a leading dot; a part of a pattern that has
one finds it) and links to folders are left alone there, so that no ring of links can catch the search; links to files
count as the files. The folders that the outputs go into are left alone too, wherever they lie.
"""

import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Final

from photochrom.conversion.result import FileResult
from photochrom.errors import JobError, shown
from photochrom.files.suffixes import is_image_name

_MAGIC: Final = re.compile(r"[*?[]")

_ANY_DEPTH: Final = "**"
"""The part of a pattern that stands for any number of folders, and as its last part for all that is in them."""
_Parts = tuple[str, ...]

FileId = tuple[int, int]
"""Device and inode: a file or folder itself, whatever its names are."""


@dataclass(frozen=True, slots=True)
class Found:
    """One photograph that was named or found."""

    source: Path
    """Its file."""
    place: Path
    """Where it belongs below the output folder: relative to the folder searched, a pattern's fixed part, or a base."""


def identify(path: Path) -> FileId | None:
    """Which file or folder a name stands for, through links; None where there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def as_path(name: str | Path) -> Path:
    """The path of that name.

    Raises:
        JobError: the name is empty, as that of a variable that is not set; it would mean the folder at hand.
    """
    if name == "":
        raise JobError("the name of a photograph or folder is empty; . stands for the folder at hand")
    return Path(name)


def is_pattern(path: Path) -> bool:
    """Whether a path is read as a pattern: it has the characters of one, and nothing has it for a name."""
    return _MAGIC.search(str(path)) is not None and not os.path.lexists(path)


class Search:
    """One look through the inputs."""

    def __init__(self, outputs: Collection[FileId]) -> None:
        """Be ready to look.

        Args:
            outputs: folders that are left alone, unless they are inputs themselves.
        """
        self.passed_over = 0
        """Files passed over so far, because they are hidden, have no image's name, or are outputs."""
        self._outputs = outputs

    def find(self, inputs: Iterable[Path], base: Path | None = None) -> Iterator[Found | FileResult]:
        """Each photograph in the order of the inputs, within a folder by name; a failure for what cannot be searched.

        Args:
            inputs: folders, patterns, and files, which are taken whatever they are called and whether they exist.
            base: folder below which such files keep their place, and are left alone where they lie in an output folder
                below it; None, and for one that lies elsewhere: none.
        """
        is_output = cache(lambda folder: identify(folder) in self._outputs)
        for path in inputs:
            if is_folder(path):
                yield from self._search(path, (_ANY_DEPTH,))
            elif is_pattern(path):
                yield from self._match(path)
            else:
                place = _place(path, base)
                between = [] if base is None else [base / folder for folder in place.parents][:-1]
                if any(map(is_output, between)):
                    self.passed_over += 1
                else:
                    yield Found(path, place)

    def _match(self, pattern: Path) -> Iterator[Found | FileResult]:
        base, parts = _split(pattern)
        found = None
        for found in self._search(base, parts):
            yield found
        if found is None:
            reason = f"{shown(pattern)}: no such file or folder, and read as a pattern it matches no photograph"
            yield FileResult(source=pattern, status="failed", reason=reason)

    def _search(self, base: Path, pattern: _Parts) -> Iterator[Found | FileResult]:
        """What matches below a folder. A stack instead of recursion: folders may lie deeper than Python recurses."""
        waiting = [(base, Path(), pattern)]
        visited: set[tuple[Path, _Parts]] = set()
        seen: set[Path] = set()
        while waiting:
            folder, place, parts = waiting.pop()
            if (folder, parts) in visited:
                continue
            visited.add((folder, parts))
            try:
                files, folders = self._list(folder)
            except OSError as error:
                reason = f"{shown(folder)}: folder cannot be read: {error.strerror}"
                yield FileResult(source=folder, status="failed", reason=reason)
                continue
            first, rest = parts[0], parts[1:]
            below = _below(parts)
            waiting.extend((folder / name, place / name, below) for name in reversed(folders) if _fits(name, first))
            if rest:
                if first == _ANY_DEPTH:
                    waiting.append((folder, place, rest))
                continue
            for name in files:
                path = folder / name
                if path in seen or not (_fits(name, first) or first == _ANY_DEPTH):
                    continue
                seen.add(path)
                if _fits(name, first) and is_image_name(path):
                    yield Found(path, place / name)
                else:
                    self.passed_over += 1

    def _list(self, folder: Path) -> tuple[list[str], list[str]]:
        """The names in a folder, sorted: files, and folders to be looked into."""
        files, folders = [], []
        with os.scandir(folder) as entries:
            for entry in entries:
                if not _is_folder(entry):
                    files.append(entry.name)
                elif not entry.is_symlink() and identify(folder / entry.name) not in self._outputs:
                    folders.append(entry.name)
        return sorted(files), sorted(folders)


def would_find(pattern: Path, path: Path, outputs: Collection[str]) -> bool:
    """Whether a search by a pattern would find a file, once that is there.

    Args:
        pattern: of the input.
        path: of the file.
        outputs: real paths of the folders that are left alone.
    """
    base, parts = _split(pattern)
    top, folder = os.path.realpath(base), Path(os.path.realpath(path.parent))
    if not folder.is_relative_to(top):
        return False
    waiting = {parts}
    between = folder.relative_to(top).parts
    for number, name in enumerate(between, 1):
        if str(Path(top, *between[:number])) in outputs:
            return False
        waiting = {_below(open_parts) for open_parts in _with_no_folder(waiting) if _fits(name, open_parts[0])}
    return any(len(open_parts) == 1 and _fits(path.name, open_parts[0]) for open_parts in _with_no_folder(waiting))


def _split(pattern: Path) -> tuple[Path, _Parts]:
    """The folder that a pattern names, and the parts from the first that is none."""
    parts = pattern.parts
    fixed = next(number for number, part in enumerate(parts) if _MAGIC.search(part))
    return Path(*parts[:fixed]), parts[fixed:]


def _below(parts: _Parts) -> _Parts:
    """What is looked for in a folder that the first part matches; all, where that was the last one."""
    return parts if parts[0] == _ANY_DEPTH else parts[1:] or (_ANY_DEPTH,)


def _with_no_folder(several: Iterable[_Parts]) -> Iterator[_Parts]:
    """The same, and what follows where a part for any number of folders stands for none."""
    for parts in several:
        depth = next((number for number, part in enumerate(parts) if part != _ANY_DEPTH), len(parts) - 1)
        yield from (parts[number:] for number in range(depth + 1))


def _place(path: Path, base: Path | None) -> Path:
    """Where a file belongs that was named itself."""
    if base is not None:
        whole, top = Path(os.path.abspath(path)), Path(os.path.abspath(base))  # noqa: PTH100 (must not follow links)
        if whole.is_relative_to(top) and whole != top:
            return whole.relative_to(top)
    return Path(path.name)


def is_folder(path: Path) -> bool:
    """Whether a name stands for a folder, through links; False also for names that no file can have."""
    return os.path.isdir(path)  # noqa: PTH112 (Path.is_dir raises where a name is too long)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a ring of links, which is said when it is read
        return False


def _fits(name: str, part: str) -> bool:
    """Whether a name matches one part of a pattern; hidden names match only what begins with a dot, too."""
    return (part.startswith(".") or not name.startswith(".")) and fnmatchcase(name, part)
