"""TIFF directories: the tables of tags in TIFF files and in Exif blocks, which have one layout.

Nothing here touches pixels.

Source:
    TIFF Revision 6.0 (Adobe, 1992), section 2; the BigTIFF design (AWare Systems).
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal

from photochrom.errors import ImageError

Data = bytes | bytearray | memoryview


class Tag(IntEnum):
    """The TIFF tags that matter here."""

    SUBFILE_TYPE = 254
    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COLOURS = 262
    STRIP_POSITIONS = 273
    ORIENTATION = 274
    CHANNELS = 277
    STRIP_SIZES = 279
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    PLANES = 284
    RESOLUTION_UNIT = 296
    TILE_POSITIONS = 324
    TILE_SIZES = 325
    EXTRA_CHANNELS = 338
    NUMBER_KIND = 339
    THUMBNAIL = 513
    THUMBNAIL_SIZE = 514
    XMP = 700
    IPTC = 33723
    EXIF = 34665
    ICC = 34675
    GPS = 34853
    PIXEL_WIDTH = 40962
    PIXEL_HEIGHT = 40963
    INTEROPERABILITY = 40965


PREMULTIPLIED: Final = 1
"""What `Tag.EXTRA_CHANNELS` says of an alpha channel that colour is multiplied with."""
STRAIGHT: Final = 2
"""What it says of an alpha channel that colour is not multiplied with."""

BYTE, SHORT, LONG, RATIONAL, UNDEFINED = 1, 3, 4, 5, 7
"""Field types: TIFF's numbers for bytes, 16- and 32-bit numbers, two of the latter as a fraction, and anything else."""
TYPE_SIZES: Final = {
    **dict.fromkeys((1, 2, 6, 7), 1),
    **dict.fromkeys((3, 8), 2),
    **dict.fromkeys((4, 9, 11, 13), 4),
    **dict.fromkeys((5, 10, 12, 16, 17, 18), 8),
}
"""Bytes of one value of each field type."""
_UNSIGNED: Final = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
"""The field types that are unsigned whole numbers, and `struct`'s letter for each."""
_MOST_DIRECTORIES: Final = 100
_MOST_ENTRIES: Final = 4096
"""Tags of one directory; a BigTIFF could claim any number."""
_MOST_NUMBERS: Final = 1 << 22
"""Values of one tag that are read as numbers; more strips or tiles no picture of a readable size needs."""
_CUT_OFF: Final = "it is cut off or damaged: a TIFF table points behind its end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a file writes its tables, as `struct` formats."""

    order: Literal["<", ">"]
    """Byte order."""
    count: str
    """The number of entries of a directory."""
    entry: str
    """The head of an entry: tag, field type, number of values."""
    offset: str
    """A position in the file; values that fit into its room stand there themselves."""
    first: int
    """Where the position of the first directory is written [bytes from the start]."""

    @property
    def room(self) -> int:
        """Bytes of an entry behind its head."""
        return struct.calcsize(f"={self.offset}")

    @property
    def entry_size(self) -> int:
        """Bytes of a whole entry."""
        return struct.calcsize(f"={self.entry}") + self.room

    @property
    def classic(self) -> "Layout":
        """The layout of Exif blocks and of TIFF files up to 4 GiB, in the same byte order."""
        return Layout(order=self.order, count="H", entry="HHI", offset="I", first=4)

    def unpack(self, field: str, data: Data, position: int) -> tuple[int, ...]:
        """What stands there; an ImageError where the data end before it."""
        if position + struct.calcsize(f"={field}") > len(data):
            raise ImageError(_CUT_OFF)
        return struct.unpack_from(self.order + field, data, position)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One tag of a directory."""

    field_type: int
    """TIFF's number for the type of its values."""
    count: int
    """Number of its values."""
    position: int
    """Where its values begin [bytes from the start]."""

    @property
    def size(self) -> int:
        """All its values together [bytes]."""
        return self.count * TYPE_SIZES.get(self.field_type, 1)

    @property
    def end(self) -> int:
        """Where its values end [bytes from the start]."""
        return self.position + self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """One directory, and what is needed to read its values."""

    data: Data
    """The whole file or Exif block."""
    layout: Layout
    """How it is written."""
    link: int
    """Where the position of the next directory is written [bytes from the start]."""
    count: int
    """Its entries, of which several may have one tag."""
    entries: dict[int, Entry]
    """By tag."""

    def numbers(self, tag: int) -> tuple[int, ...]:
        """The values of a tag; none where it is absent.

        Raises:
            ImageError: the values are not unsigned whole numbers, or lie outside the data.
        """
        entry = self.entries.get(tag)
        if entry is None:
            return ()
        if entry.field_type not in _UNSIGNED:
            raise ImageError(
                f"it is damaged: TIFF tag {tag} has values of type {entry.field_type}, where whole numbers belong"
            )
        if entry.count > _MOST_NUMBERS:
            raise ImageError(f"it is damaged: TIFF tag {tag} claims {entry.count} values")
        return self.layout.unpack(f"{entry.count}{_UNSIGNED[entry.field_type]}", self.data, entry.position)

    @property
    def next(self) -> int:
        """Where the next directory of the chain stands [bytes from the start]; 0: it is the last one."""
        return self.layout.unpack(self.layout.offset, self.data, self.link)[0]

    @property
    def is_whole(self) -> bool:
        """Whether the values of all its tags lie inside the data."""
        return all(entry.end <= len(self.data) for entry in self.entries.values())

    @property
    def begin(self) -> int:
        """Where its first entry stands [bytes from the start]."""
        return self.link - self.count * self.layout.entry_size

    def content(self, tag: int) -> bytes:
        """The values of a tag as they stand in the data; empty where it is absent or lies outside."""
        entry = self.entries.get(tag)
        if entry is None or entry.end > len(self.data):
            return b""
        return bytes(memoryview(self.data)[entry.position : entry.end])

    def fraction(self, tag: int) -> float:
        """The first value of a tag that holds fractions; 0 where there is none."""
        entry = self.entries.get(tag)
        if entry is None or entry.field_type != RATIONAL or entry.count < 1 or entry.end > len(self.data):
            return 0.0
        above, below = self.layout.unpack("II", self.data, entry.position)
        return above / below if below else 0.0

    def directory(self, tag: int) -> "Directory | None":
        """The directory that a tag points to; None where it is absent or damaged."""
        try:
            (position,) = self.numbers(tag)
            return _read_directory(self.data, self.layout, position)
        except (ImageError, ValueError):
            return None

    def following(self) -> "Directory | None":
        """The next directory of the chain; None where there is none, or a damaged one."""
        try:
            return _read_directory(self.data, self.layout, self.next) if self.next else None
        except ImageError:
            return None

    def number(self, tag: int, default: int) -> int:
        """The first value of a tag, or ``default`` where it is absent."""
        return (self.numbers(tag) or (default,))[0]

    def replacement(self, tag: int, value: int) -> tuple[int, bytes]:
        """Where the first value of a tag that is there stands [bytes from the start], and the bytes of another one."""
        entry = self.entries[tag]
        return entry.position, struct.pack(self.layout.order + _UNSIGNED[entry.field_type], value)


def read_directory(data: Data) -> Directory:
    """The first directory, whatever may follow it.

    Raises:
        ImageError: the header is not TIFF's, or the directory lies outside the data.
    """
    layout = _LAYOUTS.get(bytes(data[:4]))
    if layout is None:
        raise ImageError("it does not begin with a TIFF header")
    (position,) = layout.unpack(layout.offset, data, layout.first)
    if not position:
        raise ImageError("it is damaged: it holds no TIFF directory")
    return _read_directory(data, layout, position)


def read_directories(data: Data) -> list[Directory]:
    """Every directory of the main chain, in order; at least one.

    Raises:
        ImageError: the header is not TIFF's, a directory lies outside the data, or there are too many.
    """
    directories = [read_directory(data)]
    layout = directories[0].layout
    seen = {layout.unpack(layout.offset, data, layout.first)[0]}
    while position := directories[-1].next:
        if position in seen or len(seen) == _MOST_DIRECTORIES:
            raise ImageError(f"it holds more than {_MOST_DIRECTORIES} TIFF directories, or they form a ring")
        seen.add(position)
        directories.append(_read_directory(data, layout, position))
    return directories


def _layouts(order: Literal["<", ">"], mark: bytes) -> dict[bytes, Layout]:
    classic = Layout(order=order, count="H", entry="HHI", offset="I", first=4)
    big = Layout(order=order, count="Q", entry="HHQ", offset="Q", first=8)
    return {
        mark + struct.pack(f"{order}H", 42): classic,
        mark + struct.pack(f"{order}H", 43): big,
    }


_LAYOUTS: Final = _layouts("<", b"II") | _layouts(">", b"MM")
"""By the first four bytes of the file."""


def _read_directory(data: Data, layout: Layout, position: int) -> Directory:
    (count,) = layout.unpack(layout.count, data, position)
    if count > _MOST_ENTRIES:
        raise ImageError(f"it is damaged: a TIFF directory claims {count} tags")
    first = position + struct.calcsize(f"={layout.count}")
    link = first + count * layout.entry_size
    layout.unpack(layout.offset, data, link)
    entries: dict[int, Entry] = {}
    for start in range(first, link, layout.entry_size):
        tag, field_type, values = layout.unpack(layout.entry, data, start)
        where = start + layout.entry_size - layout.room
        if values * TYPE_SIZES.get(field_type, 1) > layout.room:
            (where,) = layout.unpack(layout.offset, data, where)
        entries.setdefault(tag, Entry(field_type=field_type, count=values, position=where))
    return Directory(data=data, layout=layout, link=link, count=count, entries=entries)
