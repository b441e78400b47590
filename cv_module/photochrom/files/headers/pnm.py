"""Headers of PPM, PGM and PBM.

Source:
    ppm(5), pgm(5), pbm(5) of Netpbm.
"""

import re
from typing import Final

from photochrom.errors import ImageError
from photochrom.files.header import COPY_AGAIN, Data, Header, check_size, require

_GAP: Final = rb"(?:\s|#[^\n]*\n)+"
_HEADER: Final = re.compile(
    rb"P(?P<kind>(?P<levels>[2356])|[14])"
    + (_GAP + rb"(?P<width>\d{1,9})" + _GAP + rb"(?P<height>\d{1,9})")
    + (rb"(?(levels)" + _GAP + rb"(?P<largest>\d{1,9}))\s")
)
_DIGITS: Final = frozenset({b"1", b"2", b"3"})
"""The kinds whose pixels are written in digits."""
_ONE_BYTE: Final = 255
_TWO_BYTES: Final = 65_535


def read_header(data: Data) -> Header:
    """The header of a whole PPM, PGM or PBM file."""
    match = _HEADER.match(data)
    if match is None:
        raise ImageError(f"it is damaged: its PPM, PGM or PBM header makes no sense; {COPY_AGAIN}")
    kind, channels = bytes(match["kind"]), 3 if match["kind"] in (b"3", b"6") else 1
    width, height, largest = int(match["width"]), int(match["height"]), int(match["largest"] or _ONE_BYTE)
    check_size(width, height)
    if not 1 <= largest <= _TWO_BYTES:
        raise ImageError(f"it is damaged: its largest possible value is {largest}; {COPY_AGAIN}")
    sample_size = 1 if largest <= _ONE_BYTE else 2
    if kind in _DIGITS:
        if largest < _ONE_BYTE:
            raise ImageError(f"its largest possible value is {largest}, which OpenCV reads too dark: convert it to 255")
        # Every pixel takes a digit and a gap, where it is not one of PBM's.
        require(data, match.end() + width * height * channels * (1 if kind == b"1" else 2) - 1)
    else:
        row = (width + 7) // 8 if kind == b"4" else channels * width * sample_size
        require(data, match.end() + row * height)
    return Header(
        format="PPM, PGM or PBM",
        width=width,
        height=height,
        channels=channels,
        sample_size=sample_size,
        largest=None if largest in (_ONE_BYTE, _TWO_BYTES) else largest,
        # OpenCV wants something behind the last digit.
        corrections=((len(data), b"\n"),) if kind in _DIGITS else (),
    )
