"""Image formats: what a file says about itself before a pixel of it is decoded.

A file counts as what its content is, whatever its name says. What would make OpenCV's decoders return half a picture,
the wrong one, or run out of memory is refused here, with the reason.

Source:
    ITU-T T.81 annex B (JPEG); the PNG specification, third edition; TIFF Revision 6.0; the WebP container
    specification; Microsoft's BITMAPFILEHEADER and BITMAPINFOHEADER; ppm(5), pgm(5), pbm(5).
"""

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from photochrom.errors import ImageError
from photochrom.tiff import PREMULTIPLIED, STRAIGHT, Directory, Tag, read_directories

MAX_PIXELS: Final = 1 << 28
"""Pixels of the largest photograph that is read, 268 megapixels: a header that claims more is taken for a trap."""
MAX_SIDE: Final = 1_000_000
"""Its longest side [pixels]; libpng and OpenCV stop there too."""

_COPY_AGAIN: Final = "copy it again from where it came"

Data = bytes | bytearray


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a decoder has to know beforehand."""

    format: str
    """The format's common name."""
    width: int
    """Columns, before any orientation is applied [pixels]."""
    height: int
    """Rows, before any orientation is applied [pixels]."""
    inverted: bool = False
    """Whether the decoder will deliver 0 for white."""
    premultiplied: bool = False
    """Whether colour comes already multiplied with alpha."""
    correction: tuple[int, bytes] | None = None
    """A position, and the bytes to put there before decoding; hinders OpenCV from multiplying colour with alpha."""


def read_header(data: Data) -> Header:
    """The header of a whole image file.

    Raises:
        ImageError: the content is of no known format, is cut off or damaged as far as can be told without decoding,
            is larger than `MAX_PIXELS`, or is of a kind that OpenCV decodes wrongly or only in part.
    """
    for signature, read in _READERS:
        if signature.match(data):
            header = read(data)
            break
    else:
        raise ImageError(
            f"its content is none of {FORMAT_NAMES} (whatever its name says); convert it with another program first"
        )
    if header.width < 1 or header.height < 1:
        raise ImageError(f"it is damaged: its header says {header.width} x {header.height} pixels; {_COPY_AGAIN}")
    if header.width * header.height > MAX_PIXELS or max(header.width, header.height) > MAX_SIDE:
        raise ImageError(
            f"its header says {header.width} x {header.height} pixels; at most {MAX_PIXELS} pixels "
            f"and {MAX_SIDE} a side are read: scale it down, or cut it, with another program"
        )
    return header


def _unpack(layout: str, data: Data, position: int) -> tuple[int, ...]:
    if position + struct.calcsize(layout) > len(data):
        raise ImageError(f"it is cut off in the middle of its header; {_COPY_AGAIN}")
    return struct.unpack_from(layout, data, position)


def _require(data: Data, size: int) -> None:
    if len(data) < size:
        raise ImageError(f"it is cut off after {len(data)} of at least {size} bytes; {_COPY_AGAIN}")


def _read_jpeg(data: Data) -> Header:
    size: tuple[int, ...] = (0, 0)
    position = 2
    while True:
        mark, marker = _unpack(">BB", data, position)
        if mark != 0xFF:
            raise ImageError(f"it is damaged: a JPEG marker is missing at byte {position}; {_COPY_AGAIN}")
        if marker == 0xFF:  # padding
            position += 1
            continue
        (length,) = _unpack(">H", data, position + 2)
        if marker in _JPEG_FRAMES:
            size = _unpack(">HH", data, position + 5)
        position += 2 + length
        if marker == _JPEG_SCAN:
            break
    # Within a scan 0xFF is followed by 0x00 or a restart marker, so these two bytes are the end and nothing else.
    if data.find(b"\xff\xd9", position) < 0:
        raise ImageError(f"it is cut off: the mark that ends a JPEG is missing; {_COPY_AGAIN}")
    if size[0] * size[1] > _JPEG_PIXELS_PER_BYTE * len(data):
        raise ImageError(f"it is damaged: {len(data)} bytes cannot hold {size[1]} x {size[0]} pixels; {_COPY_AGAIN}")
    return Header(format="JPEG", width=size[1], height=size[0])


_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SCAN: Final = 0xDA
_JPEG_PIXELS_PER_BYTE: Final = 512
"""At most: a block of 8 x 8 pixels takes one bit at least."""


def _read_png(data: Data) -> Header:
    _, _, width, height, _, colour_type = _unpack(">I4sIIBB", data, 8)
    position, kind = 8, b""
    while kind != b"IEND":
        (length,) = _unpack(">I", data, position)
        end = position + 12 + length
        _require(data, end)
        kind = bytes(data[position + 4 : position + 8])
        if zlib.crc32(memoryview(data)[position + 4 : end - 4]) != _unpack(">I", data, end - 4)[0]:
            raise ImageError(f"it is damaged: the checksum at byte {end - 4} is wrong; {_COPY_AGAIN}")
        if kind == b"acTL":
            raise ImageError("it is an animated PNG; only single pictures are read: save the one that is meant")
        if kind == b"tRNS" and colour_type == 0:
            raise ImageError(
                "it is a grey PNG with one transparent grey level, which OpenCV drops: save it with an alpha channel"
            )
        position = end
    return Header(format="PNG", width=width, height=height)


def _read_webp(data: Data) -> Header:
    size, _, kind = struct.unpack_from("<I4s4s", data, 4)
    _require(data, 8 + size)
    if kind == b"VP8X":
        flags, *canvas = _unpack("<B3x3H", data, 20)
        if flags & 0x02:
            raise ImageError("it is an animated WebP; only single pictures are read: save the one that is meant")
        width, height = (canvas[0] | (canvas[1] & 0xFF) << 16) + 1, (canvas[1] >> 8 | canvas[2] << 8) + 1
    elif kind == b"VP8L":
        (bits,) = _unpack("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (side & 0x3FFF for side in _unpack("<HH", data, 26))
    return Header(format="WebP", width=width, height=height)


def _read_bmp(data: Data) -> Header:
    begin, info_size = _unpack("<II", data, 10)
    if info_size == _OS2_INFO_SIZE:
        (width, height, _, bits), compression = _unpack("<HHHH", data, 18), 0
    else:
        width, height, _, bits, compression = _unpack("<iiHHI", data, 18)
    if compression in _BMP_UNCOMPRESSED:
        _require(data, begin + (width * bits + 31) // 32 * 4 * abs(height))
    return Header(format="BMP", width=width, height=abs(height))


_OS2_INFO_SIZE: Final = 12
_BMP_UNCOMPRESSED: Final = frozenset({0, 3, 6})


def _read_pnm(data: Data) -> Header:
    match = _PNM_HEADER.match(data)
    if match is None:
        raise ImageError(f"it is damaged: its PPM, PGM or PBM header makes no sense; {_COPY_AGAIN}")
    kind = match["kind"]
    width, height, largest = int(match["width"]), int(match["height"]), int(match["largest"] or 255)
    if largest not in (255, 65535):
        raise ImageError(
            f"its largest possible value is {largest}, and OpenCV reads 255 and 65535 only: convert it to one of them"
        )
    row = {b"4": (width + 7) // 8, b"5": width, b"6": 3 * width}.get(kind)
    if row is not None:
        _require(data, match.end() + row * height * (1 if largest == 255 else 2))
    return Header(format="PPM, PGM or PBM", width=width, height=height)


_PNM_GAP: Final = rb"(?:\s|#[^\n]*\n)+"
_PNM_HEADER: Final = re.compile(
    rb"P(?P<kind>(?P<levels>[2356])|[14])"
    + (_PNM_GAP + rb"(?P<width>\d{1,9})" + _PNM_GAP + rb"(?P<height>\d{1,9})")
    + (rb"(?(levels)" + _PNM_GAP + rb"(?P<largest>\d{1,9}))\s")
)


_REDUCED_OR_MASK: Final = 0b101
_WHITE_IS_ZERO: Final = 0
_RGB: Final = 2
_TIFF_CHANNELS: Final = {_WHITE_IS_ZERO: 1, 1: 1, _RGB: 3, 3: 1, 6: 3}
"""Channels without alpha by kind of colours: negative, grey, RGB, palette, YCbCr."""
_TIFF_FOREIGN_COLOURS: Final = {-1: "unknown", 5: "CMYK", 8: "Lab"}
_ONE_PLANE_PER_CHANNEL: Final = 2
_FLOATING: Final = 3


def _read_tiff(data: Data) -> Header:
    directories = read_directories(data)
    pages = sum(not directory.number(Tag.SUBFILE_TYPE, 0) & _REDUCED_OR_MASK for directory in directories)
    if pages > 1:
        raise ImageError(f"it holds {pages} pages; only single pictures are read: save the one that is meant")
    first = directories[0]
    if not first.is_whole:
        raise ImageError(f"it is cut off: its TIFF tags point behind its end; {_COPY_AGAIN}")
    positions = first.numbers(Tag.STRIP_POSITIONS) or first.numbers(Tag.TILE_POSITIONS)
    sizes = first.numbers(Tag.STRIP_SIZES) or first.numbers(Tag.TILE_SIZES)
    if not positions or len(positions) != len(sizes):
        raise ImageError(f"it is damaged: its table of strips or tiles is missing or has gaps; {_COPY_AGAIN}")
    _require(data, max(map(sum, zip(positions, sizes, strict=True))))
    return _understand_tiff(first)


def _understand_tiff(directory: Directory) -> Header:
    """The header from its directory; an ImageError for the kinds that OpenCV decodes wrongly without saying so."""
    colours = directory.number(Tag.COLOURS, -1)
    channels = directory.number(Tag.CHANNELS, 1)
    bits = max(directory.numbers(Tag.BITS), default=1)
    if colours not in _TIFF_CHANNELS:
        name = _TIFF_FOREIGN_COLOURS.get(colours, f"of TIFF's kind {colours}")
        raise ImageError(f"its colours are {name}: convert it to grey or RGB")
    alpha = (colours, channels) == (_RGB, 4)
    if channels != _TIFF_CHANNELS[colours] and not alpha:
        raise ImageError(f"it has {channels} channels; one (grey), RGB and RGB with alpha are read: convert it")
    if channels > 1 and bits > 8 and directory.number(Tag.PLANES, 1) == _ONE_PLANE_PER_CHANNEL:
        raise ImageError("its channels are stored one after the other in more than 8 bits: save it interleaved")
    if colours == _WHITE_IS_ZERO and directory.number(Tag.NUMBER_KIND, 1) == _FLOATING:
        raise ImageError("it is a floating-point negative, 0 for white: convert it to 0 for black")
    alpha_kind = directory.number(Tag.EXTRA_CHANNELS, 0) if alpha else 0
    return Header(
        format="TIFF",
        width=directory.number(Tag.WIDTH, 0),
        height=directory.number(Tag.HEIGHT, 0),
        inverted=colours == _WHITE_IS_ZERO and bits > 8,
        premultiplied=alpha_kind == PREMULTIPLIED,
        correction=directory.replacement(Tag.EXTRA_CHANNELS, PREMULTIPLIED) if alpha_kind == STRAIGHT else None,
    )


_READERS: Final[tuple[tuple[re.Pattern[bytes], Callable[[Data], Header]], ...]] = (
    (re.compile(rb"\xff\xd8\xff"), _read_jpeg),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), _read_png),
    (re.compile(rb"II[*+]\0|MM\0[*+]"), _read_tiff),
    (re.compile(rb"RIFF.{4}WEBPVP8[ XL]", re.DOTALL), _read_webp),
    (re.compile(rb"BM"), _read_bmp),
    (re.compile(rb"P[1-6][\s#]"), _read_pnm),
)
"""By the bytes that a file begins with."""
FORMAT_NAMES: Final = "JPEG, PNG, TIFF, WebP, BMP, PPM, PGM, PBM"
