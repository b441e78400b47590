"""Pictures from and to image files; what is kept from file to file, and what not, stands in `encoder`."""

import os
import stat
from pathlib import Path
from typing import Final

from cv2.typing import MatLike

from photochrom.errors import ImageError, shown
from photochrom.files.decoder import Picture, decode_image
from photochrom.files.encoder import DEFAULT_QUALITY, encode_image
from photochrom.files.metadata import Metadata
from photochrom.files.output_file import write_file

MAX_FILE_BYTES: Final = (1 << 31) - 1
"""Bytes of the largest file that is read; OpenCV counts them in 31 bits."""

_NO_FILE: Final = "is a folder, a pipe or a device, where an image file belongs"
_READ_AT_ONCE: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""How to open a file: without waiting for whoever shall write into a pipe."""


def read_image(path: Path) -> Picture:
    """The picture in a file, upright; the format is found by content, whatever the name says.

    Raises:
        ImageError: the file is missing, unreadable, empty or too long, or `decode_image` refuses it; the message begins
            with the path.
    """
    try:
        return decode_image(read_bytes(path))
    except ImageError as error:
        raise ImageError(f"{shown(path)}: {error}") from None
    except OSError as error:
        raise ImageError(f"{shown(path)}: cannot be read: {error.strerror}") from None


def read_bytes(path: Path) -> bytearray:
    """The bytes of an image file, undecoded.

    Raises:
        ImageError: it is no file, or empty or too long; the message does not name it.
        OSError: it is missing or cannot be read.
    """
    if path.exists() and not path.is_file():
        raise ImageError(_NO_FILE)
    with os.fdopen(os.open(path, _READ_AT_ONCE), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):  # it was put there just now
            raise ImageError(_NO_FILE)
        size = status.st_size
        if size == 0:
            raise ImageError("is empty (0 bytes); copy it again from where it came")
        if size > MAX_FILE_BYTES:
            raise ImageError(f"has {size} bytes; at most {MAX_FILE_BYTES} are read: save it smaller or compressed")
        data = bytearray(size)
        if file.readinto(data) != size:
            raise ImageError("became shorter while it was read")
    return data


def write_image(
    path: Path,
    pixels: MatLike,
    *,
    metadata: Metadata | None = None,
    quality: int = DEFAULT_QUALITY,
    overwrite: bool = False,
) -> None:
    """Write a picture into a file of the format that its suffix says, whole or not at all (see `write_file`).

    Args:
        path: where to; a link that is there already is replaced, not followed.
        pixels: grey, BGR or BGRA; uint8, uint16 or float32 in [0, 1].
        metadata: from `read_image`.
        quality: of JPEG and WebP, 1 to 100.
        overwrite: whether a file that is there already may be replaced.

    Raises:
        ImageError: the file exists already or cannot be written, or `encode_image` refuses the picture; the message
            begins with the path.
    """
    try:
        data = encode_image(pixels, path.suffix, metadata=metadata, quality=quality)
    except ImageError as error:
        raise ImageError(f"{shown(path)}: {error}") from None
    write_file(path, data, existing="overwrite" if overwrite else "refuse")
