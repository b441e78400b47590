"""AVIF files as containers: the items and properties beside the picture, found; OpenCV puts them.

Source:
    ISO/IEC 14496-12, sections 8.11.3 (iloc) and 8.11.6 (iinf), 12.1.5 (colr); ISO/IEC 23008-12 (HEIF), annex A.
"""

import struct
from collections.abc import Container, Iterator
from typing import Final

from photochrom.errors import ImageError
from photochrom.files.boxes import Box, Data, read_boxes
from photochrom.files.metadata import Metadata

_XMP_TYPE: Final = b"application/rdf+xml"
_PROFILES: Final = (b"prof", b"rICC")
_IN_FILE, _IN_OWN_DATA = 0, 1
"""Where an item's offsets count from: the beginning of the file, or of the box for small items."""
_MOST_BYTES: Final = 1 << 24
"""Of one block; pieces of an item may overlap, and repeat the file many times."""


def read_metadata(data: Data) -> Metadata:
    """What a whole AVIF file says beside its picture; what is damaged counts as missing."""
    exif, xmp, icc = b"", b"", b""
    try:
        meta = next((box for box in read_boxes(data) if box.kind == b"meta"), None)
        parts = {} if meta is None else {box.kind: box for box in read_boxes(data, meta.begin + 4, meta.end)}
        icc = _read_profile(data, parts[b"iprp"]) if b"iprp" in parts else b""
        if {b"iinf", b"iloc"} <= parts.keys():
            kinds = _read_kinds(data, parts[b"iinf"])
            for item, content in _read_items(data, parts[b"iloc"], parts.get(b"idat"), frozenset(kinds)):
                if kinds[item] == b"Exif":
                    # Four bytes say how much stands before the TIFF header.
                    exif = exif or content[4 + int.from_bytes(content[:4], "big") :]
                else:
                    xmp = xmp or content
    except (ImageError, struct.error, IndexError):
        pass
    return Metadata(exif=exif, xmp=xmp, icc=icc)


def _read_profile(data: Data, box: Box) -> bytes:
    """The first ICC profile among the properties."""
    for inner in read_boxes(data, box.begin, box.end):
        if inner.kind == b"ipco":
            for one in read_boxes(data, inner.begin, inner.end):
                content = one.content(data) if one.kind == b"colr" else b""
                if content.startswith(_PROFILES):
                    return content[4:]
    return b""


def _read_kinds(data: Data, box: Box) -> dict[int, bytes]:
    """Those items that are Exif or XMP, by number: ``Exif`` or ``mime``."""
    kinds: dict[int, bytes] = {}
    for inner in read_boxes(data, box.begin + (8 if data[box.begin] else 6), box.end):
        content = inner.content(data)
        layout = ">H2x4s" if content[0] == 2 else ">I2x4s"
        item, kind = struct.unpack_from(layout, content, 4)
        if kind == b"Exif" or (kind == b"mime" and _XMP_TYPE in content):
            kinds[item] = kind
    return kinds


def _read_items(data: Data, box: Box, own_data: Box | None, wanted: Container[int]) -> Iterator[tuple[int, bytes]]:
    """Number and content of the wanted items, as far as they are whole."""
    rooms = {_IN_FILE: (0, len(data))} | ({} if own_data is None else {_IN_OWN_DATA: (own_data.begin, own_data.end)})
    fields = _Fields(data, box.begin, box.end)
    version = fields.take(1)
    fields.take(3)
    sizes = fields.take(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    number_size = 4 if version == 2 else 2
    for _ in range(fields.take(number_size)):
        item = fields.take(number_size)
        where = fields.take(2) & 15 if version else _IN_FILE
        fields.take(2)
        base = fields.take(base_size)
        content = b""
        for _ in range(fields.take(2)):
            fields.take(index_size)
            begin, length = base + fields.take(offset_size), fields.take(length_size)
            if item not in wanted or where not in rooms:
                continue
            first, last = rooms[where]
            if begin + length > last - first or len(content) + length > _MOST_BYTES:
                raise ImageError("an item reaches beyond its end")
            content += memoryview(data)[first + begin : first + begin + length]
        if content:
            yield item, content


class _Fields:
    """Reads whole numbers, one behind the other."""

    def __init__(self, data: Data, begin: int, end: int) -> None:
        self._data, self._position, self._end = memoryview(data), begin, end

    def take(self, size: int) -> int:
        """The next number, of so many bytes.

        Raises:
            ImageError: the numbers end before it.
        """
        begin, self._position = self._position, self._position + size
        if self._position > self._end:
            raise ImageError("a table of items is cut off")
        return int.from_bytes(self._data[begin : self._position], "big")
