"""Standard input, output and error as a command may find them: closed, redirected, full, or in another encoding."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import Final

from photochrom.errors import ImageError, JobError
from photochrom.files.imageio import MAX_FILE_BYTES

_STANDARD: Final = range(3)
"""Standard input, output and error are the files 0 to 2 of a process."""
_ERROR: Final = 2
_PIECE: Final = 1 << 20
"""How much of standard input is read at once [bytes]."""


def make_usable() -> None:
    """Open the standard streams that are closed onto nothing, and have what cannot be encoded written as escapes.

    Without the first, the next file that is opened would become the closed stream, and warnings be written into it.
    """
    for number in _STANDARD:
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
    if sys.stderr is None:  # print would take standard output for it
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 (for the rest of the process)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep off standard error what libpng and libjpeg write there: it names no file, and tears the progress bar.

    Python's own standard error goes on. Where something else than the process's has been put in its place, nothing is
    done.
    """
    try:
        whose = sys.stderr.fileno()
    except (OSError, ValueError):
        whose = -1
    if whose != _ERROR:
        yield
        return
    before = sys.stderr
    before.flush()
    kept = os.dup(_ERROR)
    _send_nowhere(_ERROR)
    sys.stderr = open(kept, "w", 1, encoding=before.encoding, errors="backslashreplace")  # noqa: PTH123, SIM115
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, _ERROR)
        sys.stderr.close()
        sys.stderr = before


def identify_input() -> tuple[int, int] | None:
    """Which file standard input comes from, as `search.identify` tells; None where it is closed or no file."""
    with suppress(OSError, ValueError, AttributeError):
        status = os.fstat(sys.stdin.fileno())
        if stat.S_ISREG(status.st_mode):
            return status.st_dev, status.st_ino
    return None


def read_input() -> bytearray:
    """All of standard input.

    Raises:
        JobError: it is closed or a terminal.
        ImageError: it is empty, or too long for a photograph.
        OSError: it cannot be read.
    """
    if sys.stdin is None or sys.stdin.closed:
        raise JobError("standard input is closed; redirect a file into it: photochrom colorize - -o - < old.jpg")
    if sys.stdin.isatty():
        raise JobError("standard input is a terminal; redirect a file into it: photochrom colorize - -o - < old.jpg")
    data = bytearray()
    while piece := sys.stdin.buffer.read(_PIECE):
        data += piece
        if len(data) > MAX_FILE_BYTES:
            raise ImageError(f"has more than {MAX_FILE_BYTES} bytes, and no more are read")
    if not data:
        raise ImageError("is empty (0 bytes)")
    return data


def check_output() -> None:
    """Raise JobError where an image must not be written to standard output: it is closed, or a terminal."""
    if sys.stdout is None or sys.stdout.closed:
        raise JobError("standard output is closed; give a file with -o FILE")
    if sys.stdout.isatty():
        raise JobError("no image is written to a terminal; redirect standard output, or give a file with -o FILE")


def write_output(data: bytes | bytearray | memoryview) -> None:
    """Write all of an image to standard output.

    Raises:
        BrokenPipeError: nobody reads it any more.
        ImageError: the system refuses, for instance because the disk is full.
    """
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        give_up_output()  # what the stream still holds would fail once more
        raise ImageError(f"standard output: cannot be written: {error.strerror}") from None


def give_up_output() -> None:
    """Let the rest of standard output go nowhere, so that the interpreter does not stumble over it at its end."""
    _send_nowhere(sys.stdout.fileno())


def _send_nowhere(number: int) -> None:
    """Let what is written to an open file go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
