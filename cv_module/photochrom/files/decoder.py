"""Pictures from the bytes of image files: OpenCV decodes, with the checks and corrections it lacks.

What no check here can tell: damage in the middle of a JPEG scan that leaves its marks whole, and of parts of a TIFF
that are compressed without a checksum (anything but Deflate). Such a file comes out with the damage visible.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from photochrom.colour.lab import white
from photochrom.colour.photograph import find_outside, strips
from photochrom.colour.profile import is_grey
from photochrom.errors import ImageError
from photochrom.files.formats import read_header
from photochrom.files.header import COPY_AGAIN, Header
from photochrom.files.headers.jpeg_fill import check_fill
from photochrom.files.metadata import Metadata, for_upright_copy


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture from a file."""

    pixels: MatLike
    """(H, W) grey, (H, W, 3) BGR or (H, W, 4) BGRA, upright; uint8, uint16 or float32 in [0, 1]."""
    metadata: Metadata
    """What to write with the pixels as they are here, and with a coloured copy of them."""


def decode_image(data: bytearray, header: Header | None = None) -> Picture:
    """The picture in the bytes of a file, upright.

    Takes `Header.decoding_size` of memory for a while, and `Header.decoded_size` in the end, beside the file.

    Args:
        data: the whole file; a few bytes of it may be changed.
        header: what `read_header` gave for it; None: it is read here.

    Raises:
        ImageError: the bytes are cut off, damaged, no image, claim too many pixels, hold floating-point values that
            are not in [0, 1], or are of a kind that OpenCV does not decode, or not rightly.
    """
    header = read_header(data) if header is None else header
    _check_parts(data, header.checksummed)
    for position, value in header.corrections:
        data[position : position + len(value)] = value
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise _undecodable(header, f" ({error.err})") from None
    if decoded is None:
        raise _undecodable(header, "")
    # OpenCV turns most TIFFs by itself.
    if sorted(decoded.shape[:2]) != sorted((header.height, header.width)):
        raise ImageError(
            f"it is damaged: its header says {header.width} x {header.height} pixels, and it holds "
            f"{decoded.shape[1]} x {decoded.shape[0]}; {COPY_AGAIN}"
        )
    if header.tail:
        check_fill(decoded, header.tail)
    pixels = _turn(_as_photograph(decoded, header), header.orientation)
    height, width = pixels.shape[:2]
    kept = for_upright_copy(header.metadata, width=width, height=height)
    return Picture(pixels=pixels, metadata=kept if _fits(kept.icc, pixels) else replace(kept, icc=b""))


_PIECE: Final = 1 << 20
"""Bytes that are unpacked at once, to be checked."""


def _check_parts(data: bytearray, parts: Iterable[tuple[int, int, int]]) -> None:
    """Raise ImageError where a part that Deflate packed is not what it was when it was packed."""
    for position, size, unpacked_size in parts:
        unpacking, packed, length = zlib.decompressobj(), memoryview(data)[position : position + size], 0
        try:
            piece: bytes | memoryview = packed
            while piece and not unpacking.eof:
                length += len(unpacking.decompress(piece, _PIECE))
                piece = unpacking.unconsumed_tail
                if unpacked_size and length > unpacked_size + _PIECE:
                    raise ImageError(f"it is damaged: its strip or tile at byte {position} unpacks to far too much")
        except zlib.error:
            length = -1
        finally:
            packed.release()
        if not unpacking.eof or length < unpacked_size:
            raise ImageError(f"it is damaged: its strip or tile at byte {position} is not whole; {COPY_AGAIN}")


def _undecodable(header: Header, why: str) -> ImageError:
    return ImageError(
        f"OpenCV {cv2.__version__} cannot decode this {header.format} file{why}: it is damaged or of a rare kind; "
        "save it again as PNG or TIFF with another program"
    )


def _as_photograph(decoded: MatLike, header: Header) -> MatLike:
    """The pixels in one of the types of photographs, from 0 for black to white, colour not multiplied with alpha."""
    pixels = np.ascontiguousarray(decoded[:, :, :3]) if header.opaque else decoded
    if pixels.dtype == np.float64:
        with np.errstate(over="ignore"):  # becomes infinite, which is refused below
            pixels = pixels.astype(np.float32)
    if pixels.dtype not in (np.uint8, np.uint16, np.float32):
        raise ImageError(f"its pixels are {pixels.dtype}; 8 and 16 bits without sign and floating point are read")
    if header.premultiplied and (pixels[:, :, 3] != white(pixels.dtype)).any():
        raise ImageError("its colours are multiplied with alpha (associated alpha): save it with unassociated alpha")
    if pixels.dtype == np.float32:
        _check_range(np.asarray(pixels, np.float32))
    elif header.largest is not None:
        _stretch(pixels, header.largest, inverted=header.inverted)
    elif header.inverted:
        cv2.bitwise_not(pixels, dst=pixels)
    return pixels


def _check_range(pixels: NDArray[np.float32]) -> None:
    outside = find_outside(pixels)
    if outside is not None:
        rows, what = outside
        raise ImageError(
            f"it holds {what} in rows {rows.start} to {rows.stop - 1}; floating-point pictures are read where black is "
            "0 and white is 1: bring its values there with the program that made it"
        )


def _stretch(pixels: MatLike, largest: int, *, inverted: bool) -> None:
    """Make what was ``largest`` (or, inverted, was 0) the white of the type, in place."""
    steps = np.arange(largest + 1, dtype=np.float64)
    table = np.rint((largest - steps if inverted else steps) * (white(pixels.dtype) / largest)).astype(pixels.dtype)
    for rows in strips(*pixels.shape[:2]):
        found = int(pixels[rows].max())
        if found > largest:
            raise ImageError(f"it is damaged: it holds the value {found}, and says that {largest} is white")
        pixels[rows] = table[pixels[rows]]


_TURNS: Final[dict[int, tuple[int | None, bool]]] = {
    1: (None, False),
    2: (None, True),
    3: (cv2.ROTATE_180, False),
    4: (cv2.ROTATE_180, True),
    5: (cv2.ROTATE_90_CLOCKWISE, True),
    6: (cv2.ROTATE_90_CLOCKWISE, False),
    7: (cv2.ROTATE_90_COUNTERCLOCKWISE, True),
    8: (cv2.ROTATE_90_COUNTERCLOCKWISE, False),
}
"""By Exif orientation: how to rotate, and whether to exchange left and right afterwards."""


def _turn(pixels: MatLike, orientation: int) -> MatLike:
    """The pixels upright."""
    rotation, mirrored = _TURNS[orientation]
    if rotation is not None:
        pixels = cv2.rotate(pixels, rotation)
    return cv2.flip(pixels, 1, dst=pixels) if mirrored else pixels


_GREY_SPACE: Final = b"GRAY"
_RGB_SPACE: Final = b"RGB "


def _fits(icc: bytes, pixels: MatLike) -> bool:
    """Whether a block is an ICC profile that speaks of such pixels, as an RGB one does of grey ones, too.

    One that is cut off fits: whoever goes by it has to learn that it is damaged.
    """
    if icc[36:40] != b"acsp":
        return False
    is_for_grey = icc[16:20] == _GREY_SPACE
    is_cut_off = int.from_bytes(icc[:4], "big") > len(icc)
    return is_cut_off or icc[16:20] == _RGB_SPACE or (is_for_grey and (pixels.ndim == 2 or is_grey(np.asarray(pixels))))
