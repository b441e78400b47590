"""Image files: read whole and checked, written complete or not at all.

What is kept from file to file, and what not, stands in `encoder`.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cv2.typing import MatLike

from photochrom.decoder import Picture, decode_image
from photochrom.encoder import COLOUR_SUFFIXES, DEFAULT_QUALITY, GREY_SUFFIXES, check_suffix, encode_image
from photochrom.errors import ImageError
from photochrom.metadata import Metadata

MAX_FILE_BYTES: Final = (1 << 31) - 1
"""Bytes of the largest file that is read; OpenCV counts them in 31 bits."""


def shown(path: Path) -> str:
    """A path for a message: as it is, or with escapes where it would garble a terminal."""
    text = str(path)
    return text if text.isprintable() else ascii(text)


def is_image_name(path: Path) -> bool:
    """Whether a name has the suffix of a format that is read."""
    return path.suffix.lower() in COLOUR_SUFFIXES + GREY_SUFFIXES


def colour_name(path: Path) -> Path:
    """The name for a coloured copy: the same, but .ppm for a format that holds grey only."""
    return path.with_suffix(".ppm") if path.suffix.lower() in GREY_SUFFIXES else path


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
        raise ImageError("is a folder or a device, where an image file belongs")
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise ImageError("is empty (0 bytes); copy it again from where it came")
        if size > MAX_FILE_BYTES:
            raise ImageError(f"has {size} bytes; at most {MAX_FILE_BYTES} are read: save it smaller or compressed")
        data = bytearray(size)
        if file.readinto(data) != size:
            raise ImageError("became shorter while it was read")
    return data


def check_writable(path: Path, *, overwrite: bool) -> None:
    """Raise ImageError where no file may be written: its suffix names no format, or something is there already."""
    try:
        check_suffix(path.suffix)
        if path.is_dir():
            raise ImageError("is a folder, where a file shall be written")
        if not overwrite and os.path.lexists(path):
            raise ImageError("exists already; to replace it, ask for that with --overwrite (overwrite=True)")
    except ImageError as error:
        raise ImageError(f"{shown(path)}: {error}") from None


def write_image(
    path: Path,
    pixels: MatLike,
    *,
    metadata: Metadata | None = None,
    quality: int = DEFAULT_QUALITY,
    overwrite: bool = False,
) -> None:
    """Write a picture into a file of the format that its suffix says; folders are made as needed.

    The file appears under its name when it is complete on the disk, or not at all.

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
    check_writable(path, overwrite=overwrite)
    try:
        data = encode_image(pixels, path.suffix, metadata=metadata, quality=quality)
    except ImageError as error:
        raise ImageError(f"{shown(path)}: {error}") from None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _complete_or_absent(path) as temporary, temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ImageError(f"{shown(path)}: cannot be written: {error.strerror}") from None


@contextmanager
def _complete_or_absent(path: Path) -> Iterator[Path]:
    """A name in the same folder to write under; the file gets its own name at the end, or vanishes on any failure."""
    temporary = path.with_name(f".photochrom-{secrets.token_hex(8)}.part")
    try:
        yield temporary
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
