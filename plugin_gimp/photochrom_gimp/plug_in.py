"""The plug-in in a profile: put there whole or not at all, recognized, and taken away again.

It is one folder below the profile's ``plug-ins``. A new one is filled under a hidden name, which GIMP passes over, and
then renamed; what was there before is renamed out of the way first and back again if that fails. A run that is killed
in the instant between leaves no plug-in, and hidden folders that the next run removes.

`RECORD` in the folder lists what the installer put there. A folder without it is somebody else's and is never touched,
and neither is one with files that the installer did not put there.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

import photochrom
from photochrom.errors import JobError, shown
from photochrom.files.output_file import locked_folder

NAME: Final = "photochrom-filter"
"""Of the folder; with a hyphen, so that no Python package is hidden by it."""
ENTRY: Final = f"{NAME}.py"
"""What GIMP starts: executable, and called like its folder, or GIMP passes it over."""
INTERPRETER: Final = "interpreter.json"
"""What the plug-in reads to find its worker's Python."""
RECORD: Final = "installed.json"
"""What the installer put there."""
SOURCE: Final = Path(__file__).parent / "plug_ins" / NAME
"""The plug-in as it comes with photochrom."""

_FORMAT: Final = 1
"""The version of the record's keys."""
_LEFTOVER: Final = re.compile(rf"\.{NAME}\.[0-9a-f]{{16}}")
"""Hidden folders of runs that were killed."""
_PASSED_OVER: Final = frozenset({".po", ".pot", ".pyc"})
"""Suffixes of what need not go into the profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """The Python in which the worker runs, as the plug-in reads it from `INTERPRETER`."""

    python: str
    """Its absolute path: a virtual environment's own, not what that links to."""
    photochrom: str
    """The version of photochrom that it has."""
    protocol: int
    """The version of the protocol that this speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A plug-in that the installer put into a profile."""

    folder: Path
    photochrom: str
    """The version of photochrom that it came with."""
    files: Mapping[str, str]
    """The sha256 of each file by its place in the folder; `INTERPRETER` and `RECORD` do not count."""

    def damage(self) -> list[str]:
        """What is missing, changed, or cannot be executed or read, in words."""
        found = []
        for name, digest in self.files.items():
            path = self.folder / name
            try:
                if _digest(path) != digest:
                    found.append(f"{name} was changed")
                elif name == ENTRY and not os.access(path, os.X_OK):
                    found.append(f"{name} is not executable")
            except FileNotFoundError:
                found.append(f"{name} is missing")
            except OSError as error:
                found.append(f"{name} cannot be read: {error.strerror}")
        return found

    def strangers(self) -> list[str]:
        """Files in the folder that the installer did not put there; what Python keeps for itself does not count."""
        own = {*self.files, INTERPRETER, RECORD}
        there = (path for path in self.folder.rglob("*") if "__pycache__" not in path.parts and not _is_folder(path))
        return sorted(name for path in there if (name := path.relative_to(self.folder).as_posix()) not in own)


def installed(plug_ins: Path) -> Installed | None:
    """The plug-in in a profile's folder of plug-ins; None: there is none.

    Raises:
        JobError: a folder or file of its name is there that the installer did not make, or it cannot be looked at.
    """
    folder = plug_ins / NAME
    try:
        if not os.path.lexists(folder):
            return None
        if folder.is_symlink() or not folder.is_dir():
            raise JobError(f"{shown(folder)}: is no folder that photochrom made; move it away, then install again")
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if record["format"] != _FORMAT:
            raise JobError(
                f"{shown(folder)}: another version of photochrom made it, in a way that this one does not know; "
                "move it away, then install again"
            )
        return Installed(folder=folder, photochrom=str(record["photochrom"]), files=dict(record["files"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        raise JobError(
            f"{shown(folder)}: photochrom did not make this folder ({RECORD} in it is missing or damaged), so it is "
            "left as it is; move it away, then install again"
        ) from None
    except OSError as error:
        raise JobError(f"{shown(folder)}: cannot be looked at: {error.strerror}") from None


def install(plug_ins: Path, interpreter: Interpreter) -> Literal["installed", "updated"]:
    """Put the plug-in into a profile's folder of plug-ins, or replace the one that was put there before.

    Args:
        plug_ins: made if it is not there; the profile is.
        interpreter: of the worker.

    Returns:
        What was done.

    Raises:
        JobError: what is there is not the installer's, or the system refuses; what was there before is still there.
    """
    if not (SOURCE / ENTRY).is_file():
        raise JobError(f"{shown(SOURCE)}: the plug-in's files are missing; install photochrom again")
    folder = plug_ins / NAME
    try:
        plug_ins.mkdir(exist_ok=True)
        with locked_folder(plug_ins):
            _remove_leftovers(plug_ins)
            before = _own(plug_ins)
            new = _hidden(plug_ins)
            try:
                _fill(new, interpreter)
                _put(new, folder, replace=before is not None)
            except BaseException:
                shutil.rmtree(new, ignore_errors=True)
                raise
            return "installed" if before is None else "updated"
    except OSError as error:
        raise JobError(f"{shown(folder)}: cannot be installed: {_why(error)}") from None


def uninstall(plug_ins: Path) -> bool:
    """Remove the plug-in from a profile's folder of plug-ins; whether one was there.

    Raises:
        JobError: what is there is not the installer's, or the system refuses.
    """
    if not plug_ins.is_dir():
        return False
    try:
        with locked_folder(plug_ins):
            _remove_leftovers(plug_ins)
            there = _own(plug_ins)
            if there is None:
                return False
            old = _hidden(plug_ins)
            there.folder.rename(old)
            shutil.rmtree(old)
            return True
    except OSError as error:
        raise JobError(f"{shown(plug_ins / NAME)}: cannot be removed: {_why(error)}") from None


def _own(plug_ins: Path) -> Installed | None:
    """What is there, if nobody else's files are in it; see `installed`."""
    there = installed(plug_ins)
    if there is not None and (strangers := there.strangers()):
        raise JobError(
            f"{shown(there.folder)}: has files that photochrom did not put there ({', '.join(strangers[:3])}"
            f"{' and others' if len(strangers) > 3 else ''}); move them away, then try again"
        )
    return there


def _fill(new: Path, interpreter: Interpreter) -> None:
    """Copy the plug-in into a new folder, with its records, and bring it to the disk."""
    new.mkdir()
    digests = {}
    for source in _sources():
        name = source.relative_to(SOURCE).as_posix()
        data = source.read_bytes()
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        _write(new / name, data)
        digests[name] = hashlib.sha256(data).hexdigest()
    (new / ENTRY).chmod(0o755)
    record = {"format": _FORMAT, "photochrom": photochrom.__version__, "files": digests}
    _write(new / INTERPRETER, json.dumps(asdict(interpreter), indent=2).encode())
    _write(new / RECORD, json.dumps(record, indent=2).encode())


def _sources() -> Iterator[Path]:
    for path in sorted(SOURCE.rglob("*")):
        if path.is_file() and path.suffix not in _PASSED_OVER:
            yield path


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _put(new: Path, folder: Path, *, replace: bool) -> None:
    """Give a folder its name; what has it is removed if it may be, and has it again if that fails."""
    if not replace:
        new.rename(folder)
        return
    old = _hidden(folder.parent)
    folder.rename(old)
    try:
        new.rename(folder)
    except BaseException:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)  # what stays is hidden, and removed by the next run


def _hidden(plug_ins: Path) -> Path:
    return plug_ins / f".{NAME}.{secrets.token_hex(8)}"


def _remove_leftovers(plug_ins: Path) -> None:
    for path in plug_ins.iterdir():
        if _LEFTOVER.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _why(error: OSError) -> str:
    where = f" ({shown(Path(error.filename))})" if error.filename else ""
    return f"{error.strerror}{where}"
