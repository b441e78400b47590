"""Image formats: what a file says about itself before a pixel of it is decoded.

A file counts as what its content is, whatever its name says. What would make OpenCV's decoders return half a picture,
the wrong one, or run out of memory is refused here, with the reason.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from photochrom.errors import ImageError
from photochrom.files.container import read_metadata
from photochrom.files.exif import read_orientation
from photochrom.files.header import COPY_AGAIN, Data, Header
from photochrom.files.headers import avif, bmp, gif, jpeg, jpeg2000, png, pnm, tiff, webp


def read_header(data: Data) -> Header:
    """The header of a whole image file, with its metadata.

    Raises:
        ImageError: the content is of no known format, is cut off or damaged as far as can be told without decoding,
            is larger than `header.MAX_PIXELS`, or is of a kind that OpenCV decodes wrongly or only in part.
    """
    for signature, read in _READERS:
        if signature.match(data):
            header = read(data)
            break
    else:
        raise ImageError(_refusal(data))
    metadata = read_metadata(data, header.format)
    if header.format in _TURNED_BY_EXIF:
        return replace(header, metadata=metadata, orientation=read_orientation(metadata.exif))
    return replace(header, metadata=metadata)


_TURNED_BY_EXIF: Final = frozenset({"JPEG", "PNG", "WebP"})
"""Where the Exif block says how to turn the decoded pixels. OpenCV turns a TIFF; an AVIF's own properties count."""


SIGNATURE_BYTES: Final = 64
"""So many from the beginning tell a file's format."""


def foreign_format(data: Data) -> str:
    """Why a file that begins so is not read, where that is known of its format; else nothing."""
    for signature, name, advice in _FOREIGN:
        if signature.match(data):
            return f"it is {name}, which is not read: {advice}"
    return ""


def _refusal(data: Data) -> str:
    known = foreign_format(data)
    if known:
        return known
    return f"its content is none of {FORMAT_NAMES} (whatever its name says); convert it with another program first"


_READERS: Final[tuple[tuple[re.Pattern[bytes], Callable[[Data], Header]], ...]] = (
    (re.compile(rb"\xff\xd8\xff(?!\xf7)"), jpeg.read_header),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), png.read_header),
    (re.compile(rb"II[*+]\0|MM\0[*+]"), tiff.read_header),
    (re.compile(rb"RIFF.{4}WEBPVP8[ XL]", re.DOTALL), webp.read_header),
    (re.compile(rb".{4}ftypavi[fs]|.{4}ftypmi[fa].{1,64}avif", re.DOTALL), avif.read_header),
    (re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"), jpeg2000.read_header),
    (re.compile(rb"GIF8[79]a"), gif.read_header),
    (re.compile(rb"BM"), bmp.read_header),
    (re.compile(rb"P[1-6][\s#]"), pnm.read_header),
)
"""By the bytes that a file begins with."""
FORMAT_NAMES: Final = "JPEG, PNG, TIFF, WebP, AVIF, JPEG 2000, GIF, BMP, PPM, PGM, PBM"

_AS_PNG: Final = "save it as PNG or TIFF with another program"
_LINEAR: Final = "map its tones to PNG or TIFF with another program; it holds light without an upper end"
_FOREIGN: Final[tuple[tuple[re.Pattern[bytes], str, str], ...]] = tuple(
    (re.compile(signature, re.DOTALL), name, advice)
    for signature, name, advice in (
        (rb".{4}ftyp(hei|hev|mif|msf)", "HEIC (a telephone's photograph)", _AS_PNG + ", or as JPEG"),
        (rb"\xff\xd8\xff\xf7", "JPEG-LS", _AS_PNG),
        (rb"\xff\x0a|\0\0\0\x0cJXL ", "JPEG XL", _AS_PNG),
        (rb"\0\0\0\x0cjP", "a file of the JPEG 2000 family with damage at its beginning", COPY_AGAIN),
        (rb"8BPS", "a Photoshop document", _AS_PNG),
        (rb"gimp xcf", "a GIMP document", _AS_PNG),
        (rb"%PDF|%!PS", "a document for print", "save its pictures as PNG or TIFF"),
        (rb"#\?R(ADIANC|GB)E", "Radiance HDR", _LINEAR),
        (rb"v/1\x01", "OpenEXR", _LINEAR),
        (rb"P[fF]\s", "PFM", _LINEAR),
        (rb"P7\n", "PAM", _AS_PNG),
        (rb"\x59\xa6\x6a\x95", "Sun raster", _AS_PNG),
        (rb"FUJIFILM|II(U\0|R[OS])|MMOR|.{6}HEAPCCDR", "a camera's raw file", "develop it into TIFF or JPEG first"),
        (rb"\0\0[\1\2]\0", "an icon", _AS_PNG),
        (rb"(\xef\xbb\xbf)?\s*<", "text (HTML or SVG), not a picture of pixels", "get the photograph itself"),
    )
)
"""What people take for photographs that can be read: signature, name, and what to do."""
