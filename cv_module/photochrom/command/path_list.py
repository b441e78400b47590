"""Lists of paths, as other programs write them."""

import os
import sys
from pathlib import Path
from typing import Final

from photochrom.errors import JobError, shown

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def read_list(name: str, *, null: bool) -> list[Path]:
    """The paths in a list, one a line; empty lines do not count.

    Args:
        name: a file; ``-`` is standard input.
        null: whether the paths end with NUL instead of a line's end, as ``find -print0`` writes them.

    Raises:
        JobError: the list cannot be read, or holds no path.
    """
    origin = "standard input" if name == "-" else shown(Path(name))
    try:
        if name != "-":
            data = Path(name).read_bytes()
        elif sys.stdin is None or sys.stdin.closed:
            raise JobError("--from-list: standard input is closed")
        else:
            data = sys.stdin.buffer.read()
    except OSError as error:
        raise JobError(f"--from-list {origin}: cannot be read: {error.strerror}") from None
    if null:
        lines = data.split(b"\0")
    else:
        lines = [line.removesuffix(b"\r") for line in data.removeprefix(_BYTE_ORDER_MARK).split(b"\n")]
        if any(b"\0" in line for line in lines):
            raise JobError(f"--from-list {origin}: holds NUL characters; if they part the paths, add --null")
    paths = [Path(os.fsdecode(line)) for line in lines if line.strip()]
    if not paths:
        raise JobError(f"--from-list {origin}: holds no path")
    return paths
