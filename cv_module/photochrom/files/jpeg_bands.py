"""A JPEG encoded in bands on several threads, which restart markers join to one scan.

The codes of a scan depend on what came before them, except behind a restart marker. So bands of whole rows of blocks
are encoded each for itself, with the same tables, and their codes put one behind the other: the file is the one that an
encoder writes that is asked for a restart every so many blocks.

Source:
    ITU-T T.81, sections B.2.4.4 (restart interval), E.1.4 and F.1.2.3 (what a restart does).
"""

import struct
from collections.abc import Callable
from typing import Final

from cv2.typing import MatLike

from photochrom.painting.painting import Painting
from photochrom.threads import on_threads, threads_for_a_photograph

_BLOCK: Final = 8
"""Rows and columns of a block, and of what is coded at once of a picture without subsampling [pixels]."""
_MOST_BLOCKS: Final = 65_535
"""Blocks between two restarts; their number is written in 16 bits."""
_BAND_PIXELS: Final = 1 << 20
"""About how many pixels a band has: enough to pay for its thread. How many threads there are must not change a file."""
_FRAME, _SCAN, _RESTART, _END = 0xC0, 0xDA, 0xD0, b"\xff\xd9"


def encode_bands(pixels: MatLike | Painting, encode: Callable[[MatLike], memoryview]) -> memoryview | bytes:
    """A picture as a baseline JPEG file, encoded on as many threads as a photograph may have.

    Args:
        pixels: (H, W) or (H, W, 3); what is not painted yet is painted in bands, too, each when its turn comes.
        encode: makes a whole baseline JPEG of a picture, as bytes, without subsampling and without restarts.
    """
    height, width = pixels.shape[:2]
    rows = _rows_of_a_band(width)
    if height < 2 * rows:
        return encode(pixels.whole() if isinstance(pixels, Painting) else pixels)

    def encode_band(top: int) -> memoryview:
        band = slice(top, top + rows)
        return encode(pixels.rows(band) if isinstance(pixels, Painting) else pixels[band])

    files = on_threads(encode_band, range(0, height, rows), threads_for_a_photograph())
    blocks = -(-width // _BLOCK) * (rows // _BLOCK)
    parts: list[bytes | memoryview] = [_head(files[0], height, blocks)]
    for number, file in enumerate(files):
        if number:
            parts.append(bytes([0xFF, _RESTART + (number - 1) % 8]))
        parts.append(file[_codes_begin(file) : -len(_END)])
    return b"".join([*parts, _END])


def _rows_of_a_band(width: int) -> int:
    """A multiple of a block's."""
    row_of_blocks = -(-width // _BLOCK)
    wanted = _BAND_PIXELS // (width * _BLOCK)
    return max(1, min(wanted, _MOST_BLOCKS // row_of_blocks)) * _BLOCK


def _head(file: memoryview, height: int, blocks: int) -> bytes:
    """All before the codes: a band's, for the whole picture and with the restart interval."""
    head = bytearray(file[: _codes_begin(file)])
    struct.pack_into(">H", head, _find(file, _FRAME) + 5, height)
    scan = _find(file, _SCAN)
    head[scan:scan] = struct.pack(">HHH", 0xFFDD, 4, blocks)
    return bytes(head)


def _codes_begin(file: memoryview) -> int:
    scan = _find(file, _SCAN)
    (length,) = struct.unpack_from(">H", file, scan + 2)
    return scan + 2 + int(length)


def _find(file: memoryview, wanted: int) -> int:
    """Where the first segment of a marker begins, in a file that an encoder has made."""
    position = 2
    while file[position + 1] != wanted:
        (length,) = struct.unpack_from(">H", file, position + 2)
        position += 2 + length
    return position
