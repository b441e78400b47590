"""WebP headers.

Source:
    the WebP container specification (RFC 9649), sections 2.3 to 2.7 and 3.4.
"""

from typing import Final

from photochrom.errors import ImageError
from photochrom.files.header import Data, Header, require, unpack

_ANIMATED: Final = 0x02
_ALPHA: Final = 0x10
_SIDE_BITS: Final = 0x3FFF
_WORKING_SIZE: Final = 5
"""Bytes that decoding takes for each pixel, beside the result (4.0 measured)."""


def read_header(data: Data) -> Header:
    """The header of a whole WebP file."""
    (size,) = unpack("<I", data, 4)
    require(data, 8 + size)
    kind = bytes(data[12:16])
    alpha = False
    if kind == b"VP8X":
        flags, *canvas = unpack("<B3x3H", data, 20)
        if flags & _ANIMATED:
            raise ImageError("it is an animated WebP; only single pictures are read: save the one that is meant")
        width, height = (canvas[0] | (canvas[1] & 0xFF) << 16) + 1, (canvas[1] >> 8 | canvas[2] << 8) + 1
        alpha = bool(flags & _ALPHA)
    elif kind == b"VP8L":
        (bits,) = unpack("<I", data, 21)
        width, height = (bits & _SIDE_BITS) + 1, (bits >> 14 & _SIDE_BITS) + 1
        alpha = bool(bits >> 28 & 1)
    else:
        width, height = (side & _SIDE_BITS for side in unpack("<HH", data, 26))
    return Header(
        format="WebP",
        width=width,
        height=height,
        channels=4 if alpha else 3,
        working_size=_WORKING_SIZE * width * height,
    )
