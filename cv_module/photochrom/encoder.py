"""Pictures to the bytes of image files: OpenCV encodes, with the checks and additions it lacks.

Kept from bytes to bytes: 8 and 16 bits and floating point, alpha, and between JPEG, PNG and WebP the Exif block (its
orientation applied, its grey thumbnail taken out) and the ICC profile of an RGB picture. Not kept: XMP, the resolution,
a TIFF's own tags, and profiles of grey or CMYK pictures, which would be wrong for the result.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from cv2.typing import MatLike

from photochrom.errors import ImageError
from photochrom.metadata import Metadata
from photochrom.tiff import STRAIGHT, Tag, read_directory
from photochrom.tiff_table import Table, short, with_table

DEFAULT_QUALITY: Final = 95
"""JPEG's and WebP's scale of 1 to 100."""

_LONGEST_EXIF: Final = 65_527
"""Bytes of Exif that fit into a JPEG file."""
_LONGEST_ICC_PART: Final = 65_519
"""Bytes of an ICC profile that fit into one segment of a JPEG file."""
_ICC_MARK: Final = b"ICC_PROFILE\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Encoder:
    """What a format holds, and how OpenCV is asked for it."""

    name: str
    extension: str
    """OpenCV's name for it."""
    types: tuple[type[np.generic], ...] = (np.uint8,)
    alpha: bool = True
    metadata: bool = False
    """Whether OpenCV writes Exif and ICC into it."""
    longest_side: int = 1_000_000
    """What its side may have at most [pixels]."""


_JPEG: Final = _Encoder(name="JPEG", extension=".jpg", alpha=False, metadata=True, longest_side=65_500)
_PNG: Final = _Encoder(name="PNG", extension=".png", types=(np.uint8, np.uint16), metadata=True)
_TIFF: Final = _Encoder(name="TIFF", extension=".tif", types=(np.uint8, np.uint16, np.float32))
_WEBP: Final = _Encoder(name="WebP", extension=".webp", metadata=True, longest_side=16_383)
_BMP: Final = _Encoder(name="BMP", extension=".bmp")
_PPM: Final = _Encoder(name="PPM", extension=".ppm", types=(np.uint8, np.uint16), alpha=False)

_ENCODERS: Final = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), _JPEG),
    ".png": _PNG,
    **dict.fromkeys((".tif", ".tiff"), _TIFF),
    ".webp": _WEBP,
    **dict.fromkeys((".bmp", ".dib"), _BMP),
    **dict.fromkeys((".ppm", ".pnm"), _PPM),
}
COLOUR_SUFFIXES: Final = tuple(_ENCODERS)
"""The suffixes, in lower case, of files that can be written."""
GREY_SUFFIXES: Final = (".pgm", ".pbm")
"""The suffixes, in lower case, of files that are read but cannot hold colour."""


def encode_image(
    pixels: MatLike, suffix: str, *, metadata: Metadata | None = None, quality: int = DEFAULT_QUALITY
) -> bytes | bytearray | memoryview:
    """The bytes of a file with this picture, in the format that a suffix says.

    JPEG keeps full colour resolution (4:4:4). A format that cannot hold the picture (16 bits or alpha in a JPEG) is
    refused, never filled with less; Exif and ICC are left out where OpenCV writes none (TIFF, BMP, PPM).

    Args:
        pixels: grey, BGR or BGRA; uint8, uint16 or float32 in [0, 1].
        suffix: of the file's name, with its dot, in any case.
        metadata: from `decode_image`.
        quality: of JPEG and WebP, 1 to 100.

    Raises:
        ImageError: there is no such format, or it cannot hold the picture, or the quality does not exist.
    """
    encoder = _find_encoder(suffix)
    if not 1 <= quality <= 100:
        raise ImageError(f"quality is {quality}; it goes from 1 to 100")
    kept = metadata if metadata is not None and encoder.metadata else Metadata()
    _check_fits(encoder, pixels, kept)
    long_profile = encoder is _JPEG and len(kept.icc) > _LONGEST_ICC_PART
    offered = {cv2.IMAGE_METADATA_EXIF: kept.exif, cv2.IMAGE_METADATA_ICCP: b"" if long_profile else kept.icc}
    blocks = {kind: np.frombuffer(block, np.uint8) for kind, block in offered.items() if block}
    # OpenCV knows grey and colour PPM by different names.
    extension = ".pgm" if encoder is _PPM and pixels.ndim == 2 else encoder.extension
    refusal = f"OpenCV {cv2.__version__} cannot write this picture as {encoder.name}"
    try:
        done, encoded = cv2.imencodeWithMetadata(
            extension, pixels, list(blocks), list(blocks.values()), _parameters(encoder, quality)
        )
    except cv2.error as error:
        raise ImageError(f"{refusal}: {error.err}") from error
    if not done:
        raise ImageError(refusal)
    if long_profile:
        return _with_profile(encoded.tobytes(), kept.icc)
    if encoder is _TIFF and _has_alpha(pixels):
        # OpenCV does not say what the fourth channel is, and programs guess differently.
        layout = read_directory(encoded.data).layout
        return with_table(encoded.data, Table({Tag.EXTRA_CHANNELS: short(layout, STRAIGHT)}))
    return encoded.data


def check_suffix(suffix: str) -> None:
    """Raise ImageError where a suffix names no format that can be written in colour."""
    _find_encoder(suffix)


def _find_encoder(suffix: str) -> _Encoder:
    encoder = _ENCODERS.get(suffix.lower())
    if encoder is None:
        what = f"{suffix} is no format that can be written in colour" if suffix else "the name has no suffix"
        raise ImageError(f"{what}; give one of {' '.join(COLOUR_SUFFIXES)}")
    return encoder


def _has_alpha(pixels: MatLike) -> bool:
    return pixels.ndim == 3 and pixels.shape[2] == 4


def _check_fits(encoder: _Encoder, pixels: MatLike, metadata: Metadata) -> None:
    """Raise ImageError where a format cannot hold a picture."""
    height, width = pixels.shape[:2]
    if pixels.dtype not in encoder.types:
        allowed = " and ".join(np.dtype(kind).name for kind in encoder.types)
        better = "TIFF" if pixels.dtype == np.float32 else "PNG or TIFF"
        raise ImageError(f"{encoder.name} holds {allowed}, and this picture is {pixels.dtype}: write it as {better}")
    if _has_alpha(pixels) and not encoder.alpha:
        raise ImageError(f"{encoder.name} holds no alpha, and this picture has it: write it as PNG or TIFF")
    if max(height, width) > encoder.longest_side:
        raise ImageError(
            f"{encoder.name} holds at most {encoder.longest_side} pixels a side, and this picture is "
            f"{width} x {height}: write it as PNG or TIFF"
        )
    if encoder is _JPEG and len(metadata.exif) > _LONGEST_EXIF:
        raise ImageError(
            f"JPEG holds {_LONGEST_EXIF} bytes of Exif, and this picture has {len(metadata.exif)}: write it as PNG"
        )


def _parameters(encoder: _Encoder, quality: int) -> list[int]:
    """OpenCV's settings for a format: pairs of number and value."""
    if encoder is _JPEG:
        full_colour = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
        return [cv2.IMWRITE_JPEG_QUALITY, quality, *full_colour]
    return [cv2.IMWRITE_WEBP_QUALITY, quality] if encoder is _WEBP else []


def _with_profile(jpeg: bytes, icc: bytes) -> bytes:
    """A JPEG file with an ICC profile of any length behind its first segment."""
    parts = [icc[start : start + _LONGEST_ICC_PART] for start in range(0, len(icc), _LONGEST_ICC_PART)]
    contents = [_ICC_MARK + bytes([number, len(parts)]) + part for number, part in enumerate(parts, start=1)]
    segments = [b"\xff\xe2" + (len(content) + 2).to_bytes(2, "big") + content for content in contents]
    position = 4 + int.from_bytes(jpeg[4:6], "big")
    return b"".join([jpeg[:position], *segments, jpeg[position:]])
