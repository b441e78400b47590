"""Exif blocks: which way up a photograph is, and a block that is true for its upright, coloured copy.

Source:
    CIPA DC-008 (Exif 2.32), sections 4.5 and 4.6.
"""

from typing import Final

from photochrom.errors import ImageError
from photochrom.resolution import Resolution
from photochrom.tiff import Tag, read_directories

ON_ITS_SIDE: Final = range(5, 9)
"""The orientations that exchange rows and columns."""

_MARK: Final = b"Exif\0\0"
"""What JPEG writes before a block; other containers should not, and some of their writers do."""
_UPRIGHT: Final = 1
_ORIENTATIONS: Final = range(1, 9)


def read_orientation(exif: bytes) -> int:
    """Exif's number for how the photograph has to be turned, 1 to 8; 1 where the block is empty or unreadable."""
    try:
        orientation = read_directories(exif)[0].number(Tag.ORIENTATION, _UPRIGHT)
    except ImageError:
        return _UPRIGHT
    return orientation if orientation in _ORIENTATIONS else _UPRIGHT


def plain_block(block: bytes) -> bytes:
    """A block from its TIFF header on; empty where there is none."""
    plain = block.removeprefix(_MARK)
    return plain if plain.startswith((b"II*\0", b"MM\0*")) else b""


def read_resolution(exif: bytes) -> Resolution | None:
    """The resolution that a block tells."""
    return None


def for_upright_copy(exif: bytes, *, width: int, height: int, resolution: Resolution | None) -> bytes:
    """The block without a turn and without its thumbnail, which would still be grey; unchanged where unreadable."""
    try:
        first = read_directories(exif)[0]
        orientation = first.number(Tag.ORIENTATION, _UPRIGHT)
    except ImageError:
        return exif
    copy = bytearray(exif)
    if orientation != _UPRIGHT:
        position, value = first.replacement(Tag.ORIENTATION, _UPRIGHT)
        copy[position : position + len(value)] = value
    copy[first.link : first.link + first.layout.room] = bytes(first.layout.room)
    return bytes(copy)
