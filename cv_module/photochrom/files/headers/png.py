"""PNG headers.

Source:
    the PNG specification, third edition, sections 5 and 11.
"""

import zlib
from typing import Final

from photochrom.errors import ImageError
from photochrom.files.header import COPY_AGAIN, Data, Header, require, unpack

_GREY: Final = 0
_CHANNELS: Final = {_GREY: 1, 2: 3, 3: 3, 4: 4, 6: 4}
"""As OpenCV decodes them, by the kind of colours: grey, RGB, palette, grey with alpha, RGB with alpha."""
_HDR_CURVES: Final = {16: "PQ", 18: "HLG"}


def read_header(data: Data) -> Header:
    """The header of a whole PNG file, every chunk of which was found undamaged."""
    _, _, width, height, bits, colours = unpack(">I4sIIBB", data, 8)
    channels = _CHANNELS.get(colours)
    if channels is None:
        raise ImageError(f"it is damaged: PNG has no colours of kind {colours}; {COPY_AGAIN}")
    position, kind, pixels = 8, b"", False
    while kind != b"IEND":
        (length,) = unpack(">I", data, position)
        end = position + 12 + length
        require(data, end)
        kind = bytes(data[position + 4 : position + 8])
        if zlib.crc32(memoryview(data)[position + 4 : end - 4]) != unpack(">I", data, end - 4)[0]:
            raise ImageError(f"it is damaged: the checksum at byte {end - 4} is wrong; {COPY_AGAIN}")
        if kind == b"acTL":
            raise ImageError("it is an animated PNG; only single pictures are read: save the one that is meant")
        if kind == b"cICP" and length > 1 and data[position + 9] in _HDR_CURVES:
            curve = _HDR_CURVES[data[position + 9]]
            raise ImageError(f"its brightness is that of HDR screens ({curve}): convert it to sRGB")
        if kind == b"tRNS":
            if colours == _GREY:
                raise ImageError(
                    "it is a grey PNG with one transparent grey level, which OpenCV drops: "
                    "save it with an alpha channel"
                )
            channels = 4
        pixels = pixels or kind == b"IDAT"
        position = end
    if not pixels:
        raise ImageError(f"it is damaged: it holds no pixels; {COPY_AGAIN}")
    return Header(format="PNG", width=width, height=height, channels=channels, sample_size=2 if bits == 16 else 1)
