"""How much memory a photograph takes on its way from file to file, told before it is decoded."""

from typing import Final

from photochrom.header import Header

_BYTES_PER_PIXEL: Final = 16
"""Of a photograph of 8 bits: decoded, coloured, and encoded as PNG of noise."""
_FIXED: Final = 64 << 20
"""Strips in work, tables of decoders and encoders, and what the allocator keeps [bytes]."""


def footprint(header: Header) -> int:
    """What a photograph takes at most, from decoding to writing, apart from its file [bytes]."""
    return _FIXED + _BYTES_PER_PIXEL * header.width * header.height
