"""The grey that libjpeg fills a picture with when its only scan breaks off before the mark that ends the file."""

import re
from typing import Final

import numpy as np
from cv2.typing import MatLike

from photochrom.errors import ImageError
from photochrom.files.header import COPY_AGAIN

_GREY: Final = 128
"""What coefficients of 0 become, in every channel."""
_LOOKED_AT: Final = 512
"""Pixels of the last row, or of as many rows as make up for it in a narrow picture: 32 units of 16 pixels,
whose bytes repeat after 8 at most."""
_UNIT: Final = 16
"""Rows that one row of units has, mostly."""
_REPETITION: Final = re.compile(rb"(.{1,160}?)\1.{0,3}\Z", re.DOTALL)


def check_fill(pixels: MatLike, tail: bytes) -> None:
    """Raise ImageError where the end of a picture was not in its file.

    A picture may well end in even grey. Then every unit there takes the same bits, and the bytes repeat; where the
    codes broke off, they do not.

    Args:
        pixels: as decoded, before any turn.
        tail: the last bytes of the scan, up to its end.
    """
    height, width = pixels.shape[:2]
    rows = min(height, max(1, -(-_LOOKED_AT // width) * _UNIT if width < _LOOKED_AT else 1))
    columns = min(width, _LOOKED_AT)
    if rows * columns < _LOOKED_AT or not np.all(pixels[-rows:, -columns:] == _GREY):
        return
    if not _REPETITION.search(tail):
        raise ImageError(f"it is damaged: the end of its picture is missing; {COPY_AGAIN}")
