"""Pictures to the bytes of image files: OpenCV encodes the pixels, `container` puts everything else.

What a file loses where, from file to file:

==========  ==========================  ===========================================================
format      of the pixels               besides them
==========  ==========================  ===========================================================
TIFF        nothing                     texts
PNG         floating point              nothing; IPTC is put as ImageMagick and ExifTool put it
JPEG        16 bits, alpha, some        texts but comments; too long Exif and profiles are refused
WebP        16 bits, some               IPTC and texts; the resolution goes into the Exif block
AVIF        16 bits, some               IPTC and texts; the resolution goes into the Exif block
JPEG 2000   floating point, a trace     texts
BMP         16 bits                     all but the resolution
PPM         alpha                       all
==========  ==========================  ===========================================================
"""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from cv2.typing import MatLike

from photochrom.errors import ImageError
from photochrom.files.container import with_metadata
from photochrom.files.jpeg_bands import encode_bands
from photochrom.files.metadata import Metadata, with_resolution_in_exif
from photochrom.painting.painting import Painting

DEFAULT_QUALITY: Final = 95
"""JPEG's, WebP's and AVIF's scale of 1 to 100."""

_MOST_TIFF_BYTES: Final = (1 << 31) - 1
"""Bytes of pixels that a TIFF is written with; OpenCV reads no longer file."""
_PROFILE_SPACE: Final = slice(16, 20)
"""Where an ICC profile says what its pixels are [bytes]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Encoder:
    """What a format holds, and how OpenCV is asked for it."""

    name: str
    extension: str
    """OpenCV's name for it."""
    types: tuple[type[np.generic], ...] = (np.uint8,)
    alpha: bool = True
    grey: bool = True
    """Whether it holds grey pictures as such, and not as colours without chroma."""
    sides: tuple[int, int] = (1, 1_000_000)
    """What its sides may have at least and at most [pixels]."""


_JPEG: Final = _Encoder(name="JPEG", extension=".jpg", alpha=False, sides=(1, 65_500))
_PNG: Final = _Encoder(name="PNG", extension=".png", types=(np.uint8, np.uint16))
_TIFF: Final = _Encoder(name="TIFF", extension=".tif", types=(np.uint8, np.uint16, np.float32))
_WEBP: Final = _Encoder(name="WebP", extension=".webp", grey=False, sides=(1, 16_383))
_AVIF: Final = _Encoder(name="AVIF", extension=".avif", sides=(1, 32_768))
_JPEG_2000: Final = _Encoder(name="JPEG 2000", extension=".jp2", types=(np.uint8, np.uint16), sides=(32, 1_000_000))
_BMP: Final = _Encoder(name="BMP", extension=".bmp")
_PPM: Final = _Encoder(name="PPM", extension=".ppm", types=(np.uint8, np.uint16), alpha=False)

_ENCODERS: Final = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), _JPEG),
    ".png": _PNG,
    **dict.fromkeys((".tif", ".tiff"), _TIFF),
    ".webp": _WEBP,
    ".avif": _AVIF,
    ".jp2": _JPEG_2000,
    **dict.fromkeys((".bmp", ".dib"), _BMP),
    **dict.fromkeys((".ppm", ".pnm"), _PPM),
}
COLOUR_SUFFIXES: Final[tuple[str, ...]] = tuple(_ENCODERS)
"""The suffixes, in lower case, of files that can be written."""
GREY_SUFFIXES: Final[tuple[str, ...]] = (".pgm", ".pbm")
"""The suffixes, in lower case, of files that are read but cannot hold colour."""


def encode_image(
    pixels: MatLike | Painting, suffix: str, *, metadata: Metadata | None = None, quality: int = DEFAULT_QUALITY
) -> bytes | bytearray | memoryview:
    """The bytes of a file with this picture, in the format that a suffix says.

    A format that cannot hold the picture (16 bits or alpha in a JPEG) is refused, never filled with less; blocks of
    metadata that a format has no place for are left out. JPEG keeps full colour resolution (4:4:4), AVIF half of it
    (4:2:0) below quality 100; TIFF is compressed without loss (LZW).

    Args:
        pixels: grey, BGR or BGRA; uint8, uint16 or float32 in [0, 1]. A painting for JPEG is never there as a whole.
        suffix: of the file's name, with its dot, in any case.
        metadata: from `decode_image`; its ICC profile is for such pixels, of grey or of colour.
        quality: of JPEG, WebP and AVIF, 1 to 100.

    Raises:
        ImageError: there is no such format, or it cannot hold the picture or its metadata, or the profile is for other
            pixels, or the quality does not exist.
    """
    encoder = _find_encoder(suffix)
    if not 1 <= quality <= 100:
        raise ImageError(f"quality is {quality}; it goes from 1 to 100")
    kept = metadata or Metadata()
    _check_fits(encoder, pixels)
    _check_profile(kept.icc, "GRAY" if len(pixels.shape) == 2 and encoder.grey else "RGB")
    return with_metadata(_encode(encoder, pixels, kept, quality), encoder.name, kept)


def check_suffix(suffix: str) -> None:
    """Raise ImageError where a suffix names no format that can be written in colour."""
    _find_encoder(suffix)


def encodes_in_parts(suffix: str) -> bool:
    """Whether a painting becomes a file without being there as a whole; an ImageError as `check_suffix`."""
    return _find_encoder(suffix) is _JPEG


def format_name(suffix: str) -> str:
    """The name of the format that a suffix says; an ImageError where it can not be written in colour."""
    return _find_encoder(suffix).name


def _find_encoder(suffix: str) -> _Encoder:
    encoder = _ENCODERS.get(suffix.lower())
    if encoder is None:
        what = f"{suffix} is no format that can be written in colour" if suffix else "the name has no suffix"
        raise ImageError(f"{what}; give one of {' '.join(COLOUR_SUFFIXES)}")
    return encoder


def _check_fits(encoder: _Encoder, pixels: MatLike | Painting) -> None:
    """Raise ImageError where a format cannot hold a picture."""
    height, width = pixels.shape[:2]
    if pixels.dtype not in encoder.types:
        allowed = " and ".join(np.dtype(kind).name for kind in encoder.types)
        better = "TIFF" if pixels.dtype == np.float32 else "PNG or TIFF"
        fewer = 16 if np.uint16 in encoder.types else 8
        raise ImageError(
            f"{encoder.name} holds {allowed}, and this picture is {pixels.dtype}: write it as {better}, "
            f"or with fewer bits (--depth {fewer}, depth={fewer})"
        )
    if pixels.shape[2:] == (4,) and not encoder.alpha:
        raise ImageError(f"{encoder.name} holds no alpha, and this picture has it: write it as PNG or TIFF")
    least, most = encoder.sides
    if min(height, width) < least or max(height, width) > most:
        limit = f"at most {most}" if max(height, width) > most else f"at least {least}"
        raise ImageError(
            f"{encoder.name} holds {limit} pixels a side, and this picture is {width} x {height}: write it as PNG "
            "or TIFF"
        )
    size = math.prod(pixels.shape) * pixels.dtype.itemsize
    if encoder is _TIFF and size > _MOST_TIFF_BYTES:
        raise ImageError(
            f"this picture has {size} bytes, and TIFF is written with at most {_MOST_TIFF_BYTES}: "
            "write it with fewer bits, or scale it down"
        )


def _check_profile(icc: bytes, wanted: str) -> None:
    """Raise ImageError where a profile is not for such pixels; programs would show them in wrong colours."""
    space = icc[_PROFILE_SPACE].decode("latin-1").rstrip(" ")
    if icc and space != wanted:
        raise ImageError(
            f"the ICC profile is for {space or 'no'} pixels, and this file holds {wanted} ones: "
            "give the profile of its own pixels, or none"
        )


def _encode(encoder: _Encoder, pixels: MatLike | Painting, metadata: Metadata, quality: int) -> memoryview | bytes:
    """What OpenCV makes of a picture; with metadata in the one format where it puts them itself."""
    blocks = {}
    if encoder is _AVIF:
        kept = with_resolution_in_exif(metadata)
        offered = {
            cv2.IMAGE_METADATA_EXIF: kept.exif,
            cv2.IMAGE_METADATA_XMP: kept.xmp,
            cv2.IMAGE_METADATA_ICCP: kept.icc,
        }
        blocks = {kind: np.frombuffer(block, np.uint8) for kind, block in offered.items() if block}
    # OpenCV knows grey and colour PPM by different names.
    extension = ".pgm" if encoder is _PPM and len(pixels.shape) == 2 else encoder.extension
    refusal = f"OpenCV {cv2.__version__} cannot write this picture as {encoder.name}"

    def encode(part: MatLike) -> memoryview:
        done, encoded = cv2.imencodeWithMetadata(
            extension, part, list(blocks), list(blocks.values()), _parameters(encoder, quality)
        )
        if not done:
            raise ImageError(refusal)
        return encoded.data.cast("B")

    try:
        if encoder is _JPEG:
            return encode_bands(pixels, encode)
        return encode(pixels.whole() if isinstance(pixels, Painting) else pixels)
    except cv2.error as error:
        raise ImageError(f"{refusal}: {error.err}") from error


def _parameters(encoder: _Encoder, quality: int) -> list[int]:
    """OpenCV's settings for a format: pairs of number and value."""
    full_colour = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    settings = {
        _JPEG: [cv2.IMWRITE_JPEG_QUALITY, quality, *full_colour],
        _WEBP: [cv2.IMWRITE_WEBP_QUALITY, quality],
        _AVIF: [cv2.IMWRITE_AVIF_QUALITY, quality],
    }
    return settings.get(encoder, [])
