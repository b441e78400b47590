"""Output files: complete under their names, or not there at all.

The bytes go into a temporary file ``.photochrom-*.part`` beside the output, to the disk, and then under the output's
name in one step: by a second link where nothing may be replaced, which fails if the name was taken meanwhile, and by
renaming where an old file shall go. A run that is killed leaves at most its temporary file. Each is held under an
advisory lock while it is written, so that a later run can tell a dead one from one that another run still writes.

A new file has the permissions that the user gives new files, also where it replaces one with others. A link under the
output's name counts as a file that is there; it is replaced, never followed. Folders, devices and pipes stay.

Where the file system has no hard links (FAT, some network mounts), the name is looked up and the file renamed under a
lock on the folder: two runs on one machine keep apart there too, but another program that takes the name in that very
instant loses its file. Where there are no locks, dead temporary files stay. Windows has no such locks; there the
temporary file is closed before it gets its name, and one that is open cannot be deleted.

Source:
    POSIX.1-2017, link() and rename(); flock(2).
"""

import errno
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Final, Literal

from photochrom.errors import ImageError, shown

if sys.platform != "win32":
    import fcntl

Existing = Literal["refuse", "skip", "overwrite"]
"""What happens where an output is there already."""

EXISTS: Final = "exists already; to replace it, ask for that with --overwrite (existing='overwrite')"
"""Why a file that is there is not written."""

_TEMPORARY: Final = re.compile(r"\.photochrom-[0-9a-f]{16}.{0,2}\.part")
"""Names of temporary files; short, so that they fit wherever the output's own name does."""
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""What link() says where the file system makes no hard links."""


def write_file(path: Path, data: bytes | bytearray | memoryview, *, existing: Existing = "refuse") -> bool:
    """Write a file that appears complete or not at all; folders are made as needed.

    Args:
        path: where to.
        data: all of it.
        existing: what happens where something is there already.

    Returns:
        Whether it was written; False: ``existing`` is ``skip``, and a file is there already.

    Raises:
        ImageError: a file is there and ``existing`` is ``refuse``, what is there is never replaced, or the system
            refuses (a full disk, a folder that is write-protected or gone); no file is left behind, though folders
            that were made stay, for others may write there already; the message begins with the path.
    """
    if is_there(path) and existing != "overwrite":
        if existing == "skip":
            return False
        raise ImageError(f"{shown(path)}: {EXISTS}")
    try:
        _make_folder(path.parent)
        with temporary_file(path.parent) as (file, temporary):
            _write_all(file, data)
            os.fsync(file.fileno())
            if sys.platform == "win32":
                file.close()
            if existing == "overwrite":
                is_there(path)
                temporary.replace(path)
            elif not _give_free_name(temporary, path):
                if is_there(path) and existing == "skip":
                    return False
                raise ImageError(f"{shown(path)}: exists now: another program or run wrote it meanwhile")
        _keep_name(path.parent)
    except (FileExistsError, NotADirectoryError):
        raise ImageError(f"{shown(path)}: cannot be written: a file stands where a folder is needed") from None
    except OSError as error:
        raise ImageError(f"{shown(path)}: cannot be written: {error.strerror}") from None
    return True


def is_there(path: Path) -> bool:
    """Whether there is a file, or a link of any kind to one, under an output's name.

    Raises:
        ImageError: what is there is never replaced, or the system does not let us look; the message begins with the
            path.
    """
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode) and path.is_dir():
            mode = stat.S_IFDIR
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise ImageError(f"{shown(path)}: cannot be written: {error.strerror}") from None
    except ValueError:
        raise ImageError(f"{shown(path)}: cannot be written: no file can have this name") from None
    if stat.S_ISDIR(mode):
        raise ImageError(f"{shown(path)}: is a folder, where a file shall be written")
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        raise ImageError(f"{shown(path)}: is a device or a pipe, where a file shall be written")
    return True


@contextmanager
def temporary_file(folder: Path, *, mark: str = "") -> Iterator[tuple[FileIO, Path]]:
    """A new file, locked and open for writing, and its name; whatever happens, the name is gone afterwards.

    Args:
        folder: where; it exists.
        mark: a character that the name shall have.

    Raises:
        OSError: the system refuses.
    """
    while True:
        temporary = folder / f".photochrom-{secrets.token_hex(8)}{mark}.part"
        try:
            with temporary.open("xb", buffering=0) as file:
                _lock(file.fileno())
                if os.path.lexists(temporary):  # else another run took it for a dead one before the lock held
                    yield file, temporary
                    return
        finally:
            temporary.unlink(missing_ok=True)


def remove_dead_temporaries(folder: Path) -> int:
    """Remove what runs that were killed left in a folder, but nothing that a living run is writing.

    Returns:
        How many files were removed. What cannot be looked at or removed is left alone: it harms nobody.
    """
    removed = 0
    with suppress(OSError), os.scandir(folder) as entries:
        names = [entry.name for entry in entries if _TEMPORARY.fullmatch(entry.name)]
        for name in names:
            with suppress(OSError):
                removed += _remove_if_dead(folder / name)
    return removed


def _remove_if_dead(temporary: Path) -> bool:
    """Remove a temporary file and say so; an OSError, or False, where it is another run's, or no file."""
    if sys.platform == "win32":
        temporary.unlink()
    else:
        # For writing, which NFS wants for a lock; never through a link, nor waiting for the other end of a pipe.
        descriptor = os.open(temporary, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        with FileIO(descriptor, "r+") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return False
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Under the lock, a name that is still there is that of this very file: nobody uses one twice.
            temporary.unlink()
    return True


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it; step by step, since Path.mkdir calls itself, and folders may lie deep."""
    try:
        folder.mkdir(exist_ok=True)
    except FileNotFoundError:
        for upper in (*reversed(folder.parents), folder):
            upper.mkdir(exist_ok=True)


def _lock(descriptor: int) -> None:
    """Hold a file until it is closed; where the file system has no locks, do without."""
    if sys.platform != "win32":
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)


def _write_all(file: FileIO, data: bytes | bytearray | memoryview) -> None:
    rest = memoryview(data).cast("B")
    while rest:
        rest = rest[file.write(rest) :]


def _give_free_name(temporary: Path, path: Path) -> bool:
    """Give a file a name that nothing has; False where something has it."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        with locked_folder(path.parent):
            if os.path.lexists(path):
                return False
            temporary.replace(path)
    return True


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Keep other runs on this machine from naming files in a folder without links."""
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _keep_name(folder: Path) -> None:
    """Bring a folder's names to the disk, so that a file that was reported as done is there after a power cut."""
    if sys.platform != "win32":
        with suppress(OSError):  # the file itself is safe; some file systems cannot do this
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
