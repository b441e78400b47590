"""BMP headers.

Source:
    Microsoft's BITMAPFILEHEADER, BITMAPINFOHEADER, BITMAPV4HEADER and BITMAPV5HEADER.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import ImageError
from photochrom.files.header import COPY_AGAIN, Data, Header, check_size, require, unpack

_OS2: Final = 12
"""Size of the oldest kind of header [bytes]."""
_WITH_ALPHA_MASK: Final = 56
"""Size of the smallest header that says where alpha is [bytes]."""
_MASKS: Final = 54
"""Where the masks of red, green, blue and alpha stand [bytes from the start]."""
_UNPACKED, _RLE8, _RLE4, _BY_MASKS, _BY_MASKS_WITH_ALPHA = 0, 1, 2, 3, 6
_RUNS: Final = {_RLE8: 8, _RLE4: 4}
_USUAL_ORDER: Final = (0xFF0000, 0xFF00, 0xFF)
_WHOLE_BYTES: Final = frozenset({0xFF, 0xFF00, 0xFF0000, 0xFF000000})


def read_header(data: Data) -> Header:
    """The header of a whole BMP file."""
    begin, info_size = unpack("<II", data, 10)
    if info_size == _OS2:
        (width, height, _, bits), packing = unpack("<HHHH", data, 18), _UNPACKED
    else:
        width, height, _, bits, packing = unpack("<iiHHI", data, 18)
    height = abs(height)
    check_size(width, height)
    if packing in _RUNS:
        if bits != _RUNS[packing]:
            raise ImageError(f"it is damaged: its runs are of pixels of {bits} bits; {COPY_AGAIN}")
    elif packing in (_UNPACKED, _BY_MASKS, _BY_MASKS_WITH_ALPHA):
        require(data, begin + (width * bits + 31) // 32 * 4 * height)
    else:
        raise ImageError("its pixels are packed like another format's, which OpenCV does not read: save it as PNG")
    if bits in (1, 4, 8):
        return Header(format="BMP", width=width, height=height, channels=_palette_channels(data, info_size, bits))
    if bits not in (24, 32):
        raise ImageError(f"its pixels have {bits} bits, which OpenCV reads too dark: save it with 24, or as PNG")
    if bits == 24 or packing == _UNPACKED:
        if bits == 32 and _differ(np.frombuffer(data, np.uint8, 4 * width * height, begin)[3::4]):
            raise ImageError("the unused fourth byte of its pixels seems to be alpha: save it as PNG")
        return Header(format="BMP", width=width, height=height, channels=3)
    masks = unpack("<4I", data, _MASKS)
    alpha = packing == _BY_MASKS_WITH_ALPHA or info_size >= _WITH_ALPHA_MASK
    used = masks if alpha and masks[3] else masks[:3]
    # Without a mask for alpha, OpenCV takes blue, green, red for granted.
    if len(set(used)) != len(used) or not _WHOLE_BYTES.issuperset(used) or (len(used) == 3 and used != _USUAL_ORDER):
        raise ImageError("its colours do not have 8 bits each, or stand in another order than usual: save it as PNG")
    return Header(format="BMP", width=width, height=height, channels=4, opaque=len(used) == 3)


def _differ(values: NDArray[np.uint8]) -> bool:
    return int(values.min()) != int(values.max())


def _palette_channels(data: Data, info_size: int, bits: int) -> int:
    """1 where every colour of the palette is a grey, as OpenCV decides it, else 3."""
    entry = 3 if info_size == _OS2 else 4
    count = 1 << bits
    if info_size != _OS2:
        (used,) = unpack("<I", data, 46)
        count = min(used, count) or count
    begin = 14 + info_size
    palette = memoryview(data)[begin : begin + count * entry]
    return 1 if palette[::entry] == palette[1::entry] == palette[2::entry] else 3
