"""Pictures from the bytes of image files: OpenCV decodes, with the checks and corrections it lacks."""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from cv2.typing import MatLike

from photochrom.colour import white
from photochrom.container import read_metadata
from photochrom.errors import ImageError
from photochrom.exif import read_orientation
from photochrom.formats import Header, read_header
from photochrom.metadata import Metadata, for_upright_copy


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture from a file."""

    pixels: MatLike
    """(H, W) grey, (H, W, 3) BGR or (H, W, 4) BGRA, upright; uint8, uint16 or float32."""
    metadata: Metadata
    """What to write with the pixels as they are here, and with a coloured copy of them."""


def decode_image(data: bytearray) -> Picture:
    """The picture in the bytes of a file, upright.

    Args:
        data: the whole file; a few bytes of it may be changed.

    Raises:
        ImageError: the bytes are cut off, damaged, no image, claim too many pixels, or are of a kind that OpenCV does
            not decode, or not rightly.
    """
    header = read_header(data)
    if header.correction is not None:
        position, value = header.correction
        data[position : position + len(value)] = value
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise _undecodable(header, f" ({error.err})") from None
    if decoded is None:
        raise _undecodable(header, "")
    found = read_metadata(data, header.format)
    # OpenCV turns a TIFF by itself.
    orientation = 1 if header.format == "TIFF" else read_orientation(found.exif)
    pixels = _turn(_as_photograph(decoded, header), orientation)
    height, width = pixels.shape[:2]
    kept = for_upright_copy(found, width=width, height=height)
    return Picture(
        pixels=pixels, metadata=replace(kept, icc=kept.icc if _is_rgb_profile(kept.icc) and pixels.ndim == 3 else b"")
    )


def _undecodable(header: Header, why: str) -> ImageError:
    return ImageError(
        f"OpenCV {cv2.__version__} cannot decode this {header.format} file{why}: it is damaged or of a rare kind; "
        "save it again as PNG or TIFF with another program"
    )


def _as_photograph(pixels: MatLike, header: Header) -> MatLike:
    """The pixels in one of the types of photographs, 0 for black, colour not multiplied with alpha."""
    if pixels.dtype == np.float64:
        pixels = pixels.astype(np.float32)
    if pixels.dtype not in (np.uint8, np.uint16, np.float32):
        raise ImageError(f"its pixels are {pixels.dtype}; 8 and 16 bits without sign and floating point are read")
    if header.premultiplied and (pixels[:, :, 3] != white(pixels.dtype)).any():
        raise ImageError("its colours are multiplied with alpha (associated alpha): save it with unassociated alpha")
    return cv2.bitwise_not(pixels) if header.inverted else pixels


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
    return cv2.flip(pixels, 1) if mirrored else pixels


def _is_rgb_profile(icc: bytes) -> bool:
    """Whether a block is an ICC profile for RGB; another would be wrong for the result, or refused by PNG's encoder."""
    return icc[16:20] == b"RGB " and icc[36:40] == b"acsp" and int.from_bytes(icc[:4], "big") == len(icc)
