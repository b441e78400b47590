"""TIFF headers: which of TIFF's many kinds OpenCV decodes rightly, and what it needs for that.

Source:
    TIFF Revision 6.0 (Adobe, 1992); TIFF Technical Notes 1 and 2; the DNG specification (for camera's raw files).
"""

from typing import Final

from photochrom.errors import ImageError
from photochrom.files.header import COPY_AGAIN, Data, Header, check_size, require
from photochrom.files.tiff import PREMULTIPLIED, STRAIGHT, Directory, Tag, read_directories

_COMPRESSION, _ROWS_PER_STRIP, _PREDICTOR, _TILE_WIDTH, _TILE_HEIGHT = 259, 278, 317, 322, 323
_SUB_DIRECTORIES, _DNG_VERSION = 330, 50706
_RAW_MARK: Final = b"CR"
"""What Canon's raw files have behind the TIFF header."""
_REDUCED: Final = 0b001
_REDUCED_OR_MASK: Final = 0b101

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_CHANNELS: Final = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _YCBCR: 3}
"""Channels without alpha, as stored, by kind of colours."""
_FOREIGN_COLOURS: Final = {-1: "unknown", 4: "a mask", 5: "CMYK", 8: "Lab", 9: "Lab", 10: "Lab", 32803: "raw"}
_FLOATING: Final = 3
_KINDS: Final = {1: "whole", 2: "signed whole", _FLOATING: "floating-point", 4: "untyped", 5: "complex", 6: "complex"}
_READ_BITS: Final = {
    (_WHITE_IS_ZERO, 1): (1, 8, 10, 12, 14, 16),
    (_BLACK_IS_ZERO, 1): (1, 8, 10, 12, 14, 16),
    (_RGB, 1): (8, 10, 12, 14, 16),
    (_PALETTE, 1): (4, 8),
    (_YCBCR, 1): (8,),
    (_BLACK_IS_ZERO, _FLOATING): (32, 64),
    (_RGB, _FLOATING): (32, 64),
}
"""By kind of colours and of numbers."""
_ONE_PLANE_PER_CHANNEL: Final = 2

_ORIENTATIONS: Final = range(1, 9)

_UNPACKED, _LZW, _DEFLATE = 1, 5, (8, 32946)
_READ_COMPRESSIONS: Final = frozenset({_UNPACKED, 2, 3, 4, _LZW, 7, *_DEFLATE, 32773})
_FOREIGN_COMPRESSIONS: Final = {
    6: "old-style JPEG",
    34712: "JPEG 2000",
    34887: "LERC",
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
}


def read_header(data: Data) -> Header:
    """The header of a whole TIFF file; an ImageError for kinds that OpenCV decodes wrongly, often without a word."""
    directories = read_directories(data)
    first = directories[0]
    _check_pages(data, directories)
    if not first.is_whole:
        raise ImageError(f"it is cut off: its TIFF tags point behind its end; {COPY_AGAIN}")
    check_size(first.number(Tag.WIDTH, 0), first.number(Tag.HEIGHT, 0))
    colours, numbers = first.number(Tag.COLOURS, -1), first.number(Tag.NUMBER_KIND, 1)
    bits = _read_bits(first, colours, numbers)
    alpha = _has_alpha(first, colours)
    planes = first.number(Tag.PLANES, 1) == _ONE_PLANE_PER_CHANNEL
    if planes and _CHANNELS[colours] > 1 and bits > 8:
        raise ImageError("its channels are stored one after the other in more than 8 bits: save it interleaved")
    compression = _read_compression(first)
    parts = _read_parts(data, first, planes=planes, bits=bits)
    channels = 4 if alpha else 1 if colours in (_WHITE_IS_ZERO, _BLACK_IS_ZERO) else 3
    alpha_kind = first.number(Tag.EXTRA_CHANNELS, 0) if alpha else 0
    orientation = _left_orientation(first, bits)
    corrections = []
    if alpha_kind == STRAIGHT:
        corrections.append(first.replacement(Tag.EXTRA_CHANNELS, PREMULTIPLIED))
    if orientation != 1:
        corrections.append(first.replacement(Tag.ORIENTATION, 1))
    return Header(
        format="TIFF",
        width=first.number(Tag.WIDTH, 0),
        height=first.number(Tag.HEIGHT, 0),
        channels=channels,
        sample_size=1 if bits <= 8 else max(2, bits // 8),
        # OpenCV shifts the values up to 16 bits.
        largest=((1 << bits) - 1) << (16 - bits) if 8 < bits < 16 else None,
        inverted=colours == _WHITE_IS_ZERO and bits > 8,
        premultiplied=alpha_kind == PREMULTIPLIED,
        working_size=_working_size(first, channels=channels) if bits == 8 else 0,
        orientation=orientation,
        corrections=tuple(corrections),
        checksummed=parts if compression in _DEFLATE else (),
    )


def _check_pages(data: Data, directories: list[Directory]) -> None:
    first = directories[0]
    if first.entries.keys() & {_DNG_VERSION} or bytes(data[8:10]) == _RAW_MARK:
        raise ImageError("it is a camera's raw file: develop it into TIFF or JPEG with another program first")
    reduced = first.number(Tag.SUBFILE_TYPE, 0) & _REDUCED
    if reduced and (len(directories) > 1 or _SUB_DIRECTORIES in first.entries):
        raise ImageError(
            "its first picture is a thumbnail (a camera's raw file has that): save the picture itself as TIFF or JPEG"
        )
    pages = sum(not directory.number(Tag.SUBFILE_TYPE, 0) & _REDUCED_OR_MASK for directory in directories)
    if pages > 1:
        raise ImageError(f"it holds {pages} pages; only single pictures are read: save the one that is meant")


def _has_alpha(directory: Directory, colours: int) -> bool:
    channels = directory.number(Tag.CHANNELS, 1)
    if channels != _CHANNELS[colours] and (colours, channels) != (_RGB, 4):
        raise ImageError(f"it has {channels} channels; one (grey), RGB and RGB with alpha are read: convert it")
    return channels == 4


def _read_bits(directory: Directory, colours: int, numbers: int) -> int:
    """Bits of every channel."""
    if colours not in _CHANNELS:
        name = _FOREIGN_COLOURS.get(colours, f"of TIFF's kind {colours}")
        raise ImageError(f"its colours are {name}: convert it to grey or RGB")
    found = set(directory.numbers(Tag.BITS)) or {1}
    allowed = _READ_BITS.get((colours, numbers), ())
    if len(found) > 1 or not found <= set(allowed):
        listed = " and ".join(map(str, sorted(found)))
        if numbers == _FLOATING and colours == _WHITE_IS_ZERO:
            raise ImageError("it is a floating-point negative, 0 for white: convert it to 0 for black")
        raise ImageError(
            f"its values are {_KINDS.get(numbers, 'unknown')} numbers of {listed} bits, which OpenCV does not read "
            "for such pictures: convert it to 8 or 16 bits, or to floating point of 32"
        )
    return found.pop()


def _read_compression(directory: Directory) -> int:
    compression = directory.number(_COMPRESSION, _UNPACKED)
    if compression not in _READ_COMPRESSIONS:
        name = _FOREIGN_COMPRESSIONS.get(compression, f"TIFF's kind {compression}")
        raise ImageError(f"it is compressed with {name}, which OpenCV does not read in a TIFF: save it with Deflate")
    predictor = directory.number(_PREDICTOR, 1)
    if predictor != 1 and compression not in (_LZW, *_DEFLATE):
        raise ImageError("it has a predictor with a compression that knows none: save it with Deflate")
    return compression


def _left_orientation(directory: Directory, bits: int) -> int:
    """The orientation that is left to us, 1 for none: OpenCV turns a TIFF, but every 8-bit tile for itself as well."""
    orientation = directory.number(Tag.ORIENTATION, 1)
    if Tag.TILE_POSITIONS not in directory.entries or bits > 8 or orientation not in _ORIENTATIONS:
        return 1
    return orientation


def _read_parts(data: Data, directory: Directory, *, planes: bool, bits: int) -> tuple[tuple[int, int, int], ...]:
    """Position, length and unpacked length of every strip or tile [bytes]."""
    width, height = directory.number(Tag.WIDTH, 0), directory.number(Tag.HEIGHT, 0)
    channels = 1 if planes else directory.number(Tag.CHANNELS, 1)
    copies = directory.number(Tag.CHANNELS, 1) if planes else 1
    if Tag.TILE_POSITIONS in directory.entries:
        positions, sizes = directory.numbers(Tag.TILE_POSITIONS), directory.numbers(Tag.TILE_SIZES)
        columns, rows = directory.number(_TILE_WIDTH, 0), directory.number(_TILE_HEIGHT, 0)
        count, last = -(-height // max(rows, 1)) * -(-width // max(columns, 1)), rows
    else:
        positions, sizes = directory.numbers(Tag.STRIP_POSITIONS), directory.numbers(Tag.STRIP_SIZES)
        columns, rows = width, min(directory.number(_ROWS_PER_STRIP, height), height)
        count = -(-height // max(rows, 1))
        last = height - (count - 1) * rows
    if not 0 < count * copies == len(positions) == len(sizes) or 0 in sizes:
        raise ImageError(f"it is damaged: its table of strips or tiles is missing or has gaps; {COPY_AGAIN}")
    require(data, max(map(sum, zip(positions, sizes, strict=True))))
    row = 0 if directory.number(Tag.COLOURS, -1) == _YCBCR else -(-columns * channels * bits // 8)
    return tuple(
        (position, size, row * (rows if number % count < count - 1 else last))
        for number, (position, size) in enumerate(zip(positions, sizes, strict=True))
    )


def _working_size(directory: Directory, *, channels: int) -> int:
    """What decoding 8 bits takes beside the pixels: a strip as stored, and as RGBA [bytes]."""
    if Tag.TILE_POSITIONS in directory.entries:
        return 0
    width, height = directory.number(Tag.WIDTH, 0), directory.number(Tag.HEIGHT, 0)
    return min(directory.number(_ROWS_PER_STRIP, height), height) * width * (4 + channels)
