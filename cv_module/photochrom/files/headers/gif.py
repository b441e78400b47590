"""GIF headers.

Source:
    the Graphics Interchange Format specification, version 89a.
"""

from typing import Final

from photochrom.errors import ImageError
from photochrom.files.header import COPY_AGAIN, Data, Header, unpack

_EXTENSION, _PICTURE, _END = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL: Final = 0xF9
_HAS_PALETTE: Final = 0x80
_PALETTE_BITS: Final = 0x07
_TRANSPARENT: Final = 0x01
_WORKING_SIZE: Final = 6
"""Bytes that decoding takes for each pixel, beside the result (5.0 measured)."""


def read_header(data: Data) -> Header:
    """The header of a whole GIF file, which holds one picture."""
    width, height, flags = unpack("<HHB", data, 6)
    position = 13 + _palette_size(flags)
    pictures, transparent, kind = 0, False, 0
    while kind != _END:
        (kind,) = unpack("<B", data, position)
        if kind == _EXTENSION:
            label, _, control = unpack("<BBB", data, position + 1)
            transparent = transparent or (label == _GRAPHIC_CONTROL and bool(control & _TRANSPARENT))
            position = _skip_blocks(data, position + 2)
        elif kind == _PICTURE:
            left, top, columns, rows, flags = unpack("<4HB", data, position + 1)
            pictures += 1
            if pictures > 1:
                raise ImageError("it is an animated GIF; only single pictures are read: save the one that is meant")
            if (left, top, columns, rows) != (0, 0, width, height):
                raise ImageError(
                    f"its picture covers {columns} x {rows} of {width} x {height} pixels, and OpenCV would make up the "
                    "others: save it as PNG"
                )
            position = _skip_blocks(data, position + 10 + _palette_size(flags) + 1)
        elif kind != _END:
            raise ImageError(f"it is damaged: byte {position} is none that a GIF can have there; {COPY_AGAIN}")
    if not pictures:
        raise ImageError(f"it is damaged: it holds no picture; {COPY_AGAIN}")
    return Header(
        format="GIF",
        width=width,
        height=height,
        channels=4 if transparent else 3,
        working_size=_WORKING_SIZE * width * height,
    )


def _palette_size(flags: int) -> int:
    """Bytes of the palette that these flags announce."""
    return 3 << (flags & _PALETTE_BITS) + 1 if flags & _HAS_PALETTE else 0


def _skip_blocks(data: Data, position: int) -> int:
    """Where a chain of blocks, each with its length before it, ends."""
    while length := unpack("<B", data, position)[0]:
        position += 1 + length
    return position + 1
