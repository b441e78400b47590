"""Exif blocks: which way up a photograph is, and a block that is true for its upright, coloured copy.

A block is changed in place, so that its maker's notes, which point to other places of it, stay valid.

Source:
    CIPA DC-008 (Exif 2.32), sections 4.5 and 4.6.
"""

import struct
from collections.abc import Iterator
from fractions import Fraction
from math import isclose
from typing import Final

from photochrom.errors import ImageError
from photochrom.files.resolution import LengthUnit, Resolution
from photochrom.files.tiff import LONG, TYPE_SIZES, Data, Directory, Entry, Layout, Tag, read_directory
from photochrom.files.tiff_table import Table, Value, block_of, rational, read_table, short, with_table

ON_ITS_SIDE: Final = range(5, 9)
"""The orientations that exchange rows and columns."""
DESCRIPTIVE_TAGS: Final = (
    *(269, 270, 271, 272, 285, 297, 305, 306, 315, 316),
    *(18246, 18249, 33432, 37510, 40091, 40092, 40093, 40094, 40095),
    *(33550, 33922, 34264, 34735, 34736, 34737),
)
"""The tags of a first directory that speak of the photograph and not of how its pixels are stored.

DocumentName, ImageDescription, Make, Model, PageName, PageNumber, Software, DateTime, Artist, HostComputer; Rating,
RatingPercent, Copyright, UserComment, XPTitle to XPSubject; GeoTIFF's.
"""

_Extent = tuple[int, int]
"""Begin and end [bytes from a block's start]."""

_MARK: Final = b"Exif\0\0"
"""What JPEG writes before a block; other containers should not, and some of their writers do."""
_UPRIGHT: Final = 1
_ORIENTATIONS: Final = range(1, 9)
_UNITS: Final[dict[int, LengthUnit]] = {2: "inch", 3: "cm"}
_DEFAULT_UNIT: Final = 2
_SAME_RESOLUTION: Final = 1e-3
"""Relative difference of resolutions that are the same in whole pixels per metre and in whole pixels per inch."""
_MOST: Final = (1 << 32) - 1
_IN_COLOUR: Final = {Tag.CHANNELS: {1: 3, 2: 4}, Tag.COLOURS: {0: 2, 1: 2}}
"""What a block tells of grey pixels, and what is true once they have colour: their channels, and that they are RGB."""


def plain_block(block: bytes) -> bytes:
    """A block from its TIFF header on; empty where there is none."""
    plain = block.removeprefix(_MARK)
    return plain if plain.startswith((b"II*\0", b"MM\0*")) else b""


def read_orientation(exif: Data) -> int:
    """Exif's number for how the photograph has to be turned, 1 to 8; 1 where a block, or TIFF file, tells none."""
    try:
        orientation = read_directory(exif).number(Tag.ORIENTATION, _UPRIGHT)
    except ImageError:
        return _UPRIGHT
    return orientation if orientation in _ORIENTATIONS else _UPRIGHT


def read_resolution(exif: Data) -> Resolution | None:
    """The resolution that a block, or a TIFF file, tells."""
    try:
        directory = read_directory(exif)
        unit = _UNITS.get(directory.number(Tag.RESOLUTION_UNIT, _DEFAULT_UNIT))
    except ImageError:
        return None
    x, y = directory.fraction(Tag.X_RESOLUTION), directory.fraction(Tag.Y_RESOLUTION)
    return Resolution(x=x, y=y, unit=unit) if unit is not None and x and y else None


def resolution_values(layout: Layout, resolution: Resolution) -> dict[int, Value]:
    """The tags that tell a resolution."""
    number = next(number for number, unit in _UNITS.items() if unit == resolution.unit)
    return {
        Tag.X_RESOLUTION: rational(layout, *_fraction(resolution.x)),
        Tag.Y_RESOLUTION: rational(layout, *_fraction(resolution.y)),
        Tag.RESOLUTION_UNIT: short(layout, number),
    }


def for_upright_copy(exif: bytes, *, width: int, height: int, resolution: Resolution | None) -> bytes:
    """The block as it is true for the upright, coloured copy; unchanged where unreadable.

    It tells of no turn and of colours where it told of grey, and has no thumbnail, which would still be grey.

    Args:
        exif: from its TIFF header on.
        width: columns of the upright picture [pixels]; replaces what the block tells, where it tells it.
        height: its rows [pixels], likewise.
        resolution: of the upright picture, likewise.
    """
    try:
        first = read_directory(exif)
    except ImageError:
        return exif
    copy = bytearray(exif)
    details = first.directory(Tag.EXIF)
    structure = [(0, first.layout.first + first.layout.room), *map(_extent, _directories(first))]
    _replace_number(copy, first, Tag.ORIENTATION, _UPRIGHT, structure)
    for directory, across, down in (
        (first, Tag.WIDTH, Tag.HEIGHT),
        (details, Tag.PIXEL_WIDTH, Tag.PIXEL_HEIGHT),
    ):
        if directory is not None:
            _replace_number(copy, directory, across, width, structure)
            _replace_number(copy, directory, down, height, structure)
    for tag, numbers in _IN_COLOUR.items():
        told = _number(first, tag)
        if told in numbers:
            _replace_number(copy, first, tag, numbers[told], structure)
    if resolution is not None:
        _replace_resolution(copy, first, resolution, structure)
    return _without_thumbnail(copy, first)


def with_resolution(exif: bytes, resolution: Resolution) -> bytes:
    """The block, or a new one, with a resolution that it tells if it did not before."""
    if not exif:
        exif = block_of(_NEW_BLOCK, Table())
    if read_resolution(exif) is not None:
        return exif
    try:
        layout = read_directory(exif).layout
    except ImageError:
        return exif
    return with_table(exif, Table(resolution_values(layout, resolution)))


def read_details(directory: Directory) -> Table:
    """What a first directory tells of the photograph, with the directories of Exif, GPS and interoperability."""
    table = read_table(directory, DESCRIPTIVE_TAGS)
    for tag in (Tag.EXIF, Tag.GPS):
        below = directory.directory(tag)
        if below is None:
            continue
        table.tables[tag] = read_table(below, [tag for tag in below.entries if tag != Tag.INTEROPERABILITY])
        deepest = below.directory(Tag.INTEROPERABILITY)
        if deepest is not None:
            table.tables[tag].tables[Tag.INTEROPERABILITY] = read_table(deepest, deepest.entries)
    return table


def _fraction(value: float) -> tuple[int, int]:
    """Numerator and denominator, each of 32 bits."""
    fraction = Fraction(min(max(value, 1 / _MOST), _MOST)).limit_denominator(_LARGEST_DENOMINATOR)
    return min(max(fraction.numerator, 1), _MOST), fraction.denominator


_LARGEST_DENOMINATOR: Final = 10_000
_NEW_BLOCK: Final = Layout(order="<", count="H", entry="HHI", offset="I", first=4)


def _replace_number(block: bytearray, directory: Directory, tag: int, number: int, structure: list[_Extent]) -> None:
    """Put a number where a tag has one, but never over the structure of the block."""
    if _number(directory, tag) is None:
        return
    entry = directory.entries[tag]
    if _is_damaged(entry, directory.layout, structure):
        return
    layout = directory.layout
    if number < 1 << 8 * TYPE_SIZES[entry.field_type]:
        position, content = directory.replacement(tag, number)
        block[position : position + len(content)] = content
    elif entry.count == 1:
        head = entry.position - (layout.entry_size - layout.room)
        struct.pack_into(f"{layout.order}HHII", block, head, tag, LONG, 1, number)


def _number(directory: Directory, tag: int) -> int | None:
    """The first number of a tag; None where it is absent or damaged."""
    try:
        return next(iter(directory.numbers(tag)), None)
    except ImageError:
        return None


def _replace_resolution(block: bytearray, first: Directory, resolution: Resolution, structure: list[_Extent]) -> None:
    """Put another resolution where a first directory tells one, in the unit that it uses; as `_replace_number`."""
    told = read_resolution(block)
    if told is None:
        return
    x, y = resolution.per(told.unit)
    if isclose(x, told.x, rel_tol=_SAME_RESOLUTION) and isclose(y, told.y, rel_tol=_SAME_RESOLUTION):
        return
    for tag, value in ((Tag.X_RESOLUTION, x), (Tag.Y_RESOLUTION, y)):
        if not _is_damaged(first.entries[tag], first.layout, structure):
            struct.pack_into(f"{first.layout.order}II", block, first.entries[tag].position, *_fraction(value))


def _is_damaged(entry: Entry, layout: Layout, structure: list[_Extent]) -> bool:
    """Whether the values of a tag, where they do not stand in the directory as they should, lie in the structure."""
    return entry.size > layout.room and any(entry.position < end and start < entry.end for start, end in structure)


def _without_thumbnail(block: bytearray, first: Directory) -> bytes:
    """The block without its second directory; cut where nothing else follows."""
    second = first.following()
    block[first.link : first.link + first.layout.room] = bytes(first.layout.room)
    if second is None:
        return bytes(block)
    kept = [extent for directory in _directories(first) for extent in (_extent(directory), *_values(directory))]
    for start, end in (_extent(second), _thumbnail(second)):
        if end <= len(block) and not any(start < other_end and other < end for other, other_end in kept):
            block[start:end] = bytes(end - start)
    last = max(end for _, end in kept)
    return bytes(block[: max(last, len(block.rstrip(b"\0")))])


def _thumbnail(directory: Directory) -> tuple[int, int]:
    """Begin and end of a thumbnail's own JPEG file [bytes from the start]."""
    try:
        begin, size = directory.number(Tag.THUMBNAIL, 0), directory.number(Tag.THUMBNAIL_SIZE, 0)
    except ImageError:
        return 0, 0
    return begin, begin + size


def _directories(first: Directory) -> list[Directory]:
    """All that tell of the photograph, the first one included."""
    details = first.directory(Tag.EXIF)
    others = (details, first.directory(Tag.GPS), details.directory(Tag.INTEROPERABILITY) if details else None)
    return [first, *(directory for directory in others if directory is not None)]


def _extent(directory: Directory) -> _Extent:
    """Begin and end of the directory itself [bytes from the start]."""
    return directory.begin - struct.calcsize(f"={directory.layout.count}"), directory.link + directory.layout.room


def _values(directory: Directory) -> Iterator[_Extent]:
    """Begin and end of the values of each of its tags [bytes from the start]."""
    return ((entry.position, entry.end) for entry in directory.entries.values())
