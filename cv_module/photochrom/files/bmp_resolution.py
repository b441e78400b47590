"""BMP files as containers: they hold a resolution and nothing else.

Source:
    Microsoft's BITMAPINFOHEADER.
"""

import struct
from typing import Final

from photochrom.files.metadata import Metadata
from photochrom.files.resolution import Resolution

Data = bytes | bytearray | memoryview

_INFO_SIZE_POSITION: Final = 14
_SHORTEST_INFO: Final = 40
"""Bytes of the shortest header with a resolution."""
_POSITION: Final = 38
"""Where the pixels per metre are written [bytes from the start]."""
_MOST: Final = (1 << 31) - 1


def read_metadata(data: Data) -> Metadata:
    """The resolution that a whole BMP file says; none where it is cut off before that."""
    if len(data) < _POSITION + 8:
        return Metadata()
    (info_size,) = struct.unpack_from("<I", data, _INFO_SIZE_POSITION)
    if info_size < _SHORTEST_INFO:
        return Metadata()
    return Metadata(resolution=Resolution.from_metre(*struct.unpack_from("<ii", data, _POSITION)))


def with_metadata(encoded: Data, metadata: Metadata) -> Data:
    """A BMP file with a resolution."""
    if metadata.resolution is None:
        return encoded
    view = memoryview(encoded)
    content = struct.pack("<ii", *metadata.resolution.per_metre(_MOST))
    return b"".join([view[:_POSITION], content, view[_POSITION + len(content) :]])
