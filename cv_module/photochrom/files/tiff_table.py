"""Tables of TIFF tags made anew: read as values, brought into another byte order, written behind existing data.

Source:
    TIFF Revision 6.0 (Adobe, 1992), section 2.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from photochrom.files.tiff import LONG, RATIONAL, SHORT, TYPE_SIZES, Data, Directory, Layout, read_directory

_MOST_BYTES: Final = 1 << 24
"""Of all values of a table together; a file can let many tags share the same large value."""
_WORD_SIZES: Final = {5: 4, 10: 4} | {kind: TYPE_SIZES[kind] for kind in (1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13)}
"""By field type: bytes of the pieces that the byte order turns; the types that classic TIFF has."""


@dataclass(frozen=True, slots=True)
class Value:
    """All values of one tag."""

    field_type: int
    """TIFF's number for their type."""
    content: bytes
    """As they stand in the data."""

    @property
    def count(self) -> int:
        """Their number."""
        return len(self.content) // TYPE_SIZES[self.field_type]

    def swapped(self) -> "Value":
        """The same in the other byte order."""
        words = np.frombuffer(self.content, f"u{_WORD_SIZES[self.field_type]}")
        return Value(self.field_type, words.byteswap().tobytes())


@dataclass(slots=True)
class Table:
    """The tags of one directory."""

    values: dict[int, Value] = field(default_factory=dict)
    """By tag."""
    tables: dict[int, "Table"] = field(default_factory=dict)
    """Directories below this one, by the tag that points to them."""

    def swapped(self) -> "Table":
        """The same in the other byte order."""
        return Table(
            {tag: value.swapped() for tag, value in self.values.items()},
            {tag: table.swapped() for tag, table in self.tables.items()},
        )

    @property
    def size(self) -> int:
        """All values, here and below [bytes]."""
        here = sum(len(value.content) for value in self.values.values())
        return here + sum(table.size for table in self.tables.values())


def short(layout: Layout, number: int) -> Value:
    """A 16-bit number as a value."""
    return Value(SHORT, struct.pack(f"{layout.order}H", number))


def rational(layout: Layout, above: int, below: int) -> Value:
    """A fraction as a value."""
    return Value(RATIONAL, struct.pack(f"{layout.order}II", above, below))


def read_table(directory: Directory, tags: Iterable[int]) -> Table:
    """The values of these tags, as far as they are there, whole, and of the types of classic TIFF."""
    table = Table()
    room = _MOST_BYTES
    for tag in tags:
        entry = directory.entries.get(tag)
        if entry is None or entry.field_type not in _WORD_SIZES or entry.size > room:
            continue
        content = directory.content(tag)
        if content:
            table.values[tag] = Value(entry.field_type, content)
            room -= len(content)
    return table


def with_table(data: Data, table: Table) -> bytes:
    """A classic TIFF, or an Exif block, with these tags in its first directory, which moves to the end.

    Tags that are there already are replaced; what they and the old directory occupied stays unused.
    """
    directory = read_directory(data)
    layout = directory.layout
    view = memoryview(data)
    entries: dict[int, bytes] = {}
    for start in range(directory.begin, directory.link, layout.entry_size):
        (tag,) = layout.unpack("H", data, start)
        entries.setdefault(tag, bytes(view[start : start + layout.entry_size]))
    gap = len(data) % 2
    position, behind = _laid_out(layout, table, entries, directory.next, len(data) + gap)
    head = view[: layout.first], struct.pack(layout.order + layout.offset, position)
    return b"".join([*head, view[layout.first + layout.room :], bytes(gap), behind])


def block_of(layout: Layout, table: Table) -> bytes:
    """An Exif block, or a TIFF without pixels, of these tags."""
    mark = b"II*\0" if layout.order == "<" else b"MM\0*"
    head_size = layout.first + layout.room
    position, behind = _laid_out(layout, table, {}, 0, head_size)
    return mark + struct.pack(layout.order + layout.offset, position) + behind


def _laid_out(layout: Layout, table: Table, entries: dict[int, bytes], following: int, begin: int) -> tuple[int, bytes]:
    """Where the directory of a table stands, and the bytes to put at ``begin``: values, directories below, itself.

    Args:
        layout: of the whole.
        table: what to write.
        entries: others of the directory, by tag, complete.
        following: position of the next directory of the chain.
        begin: an even number.
    """
    behind = bytearray()
    values = dict(table.values)
    for tag, below in table.tables.items():
        position, content = _laid_out(layout, below, {}, 0, begin + len(behind))
        behind += content
        values[tag] = Value(LONG, struct.pack(f"{layout.order}I", position))
    for tag, value in values.items():
        content = value.content
        if len(content) > layout.room:
            content = struct.pack(layout.order + layout.offset, begin + len(behind))
            behind += value.content + bytes(len(value.content) % 2)
        head = struct.pack(layout.order + layout.entry, tag, value.field_type, value.count)
        entries[tag] = head + content.ljust(layout.room, b"\0")
    position = begin + len(behind)
    behind += struct.pack(layout.order + layout.count, len(entries))
    behind += b"".join(entries[tag] for tag in sorted(entries))
    behind += struct.pack(layout.order + layout.offset, following)
    return position, bytes(behind + bytes(len(behind) % 2))
