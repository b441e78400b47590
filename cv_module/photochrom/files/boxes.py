"""Boxes: the nested blocks that AVIF and JPEG 2000 files are made of.

Source:
    ISO/IEC 14496-12, section 4.2 (object-structured files); ISO/IEC 15444-1, annex I.4 (boxes of JP2 files).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from photochrom.errors import ImageError

Data = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where a box stands."""

    kind: bytes
    """Its four letters."""
    begin: int
    """Where its content begins, behind length and letters [bytes from the start]."""
    end: int
    """Where it ends [bytes from the start]."""

    def content(self, data: Data) -> bytes:
        """What it holds."""
        return bytes(memoryview(data)[self.begin : self.end])


def read_boxes(data: Data, begin: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes of a file, or of a box whose content begins and ends there, in order.

    Raises:
        ImageError: a box reaches beyond the end.
    """
    end = len(data) if end is None else end
    position = begin
    while position < end:
        if position + 8 > end:
            raise ImageError(_CUT_OFF)
        length, kind = struct.unpack_from(">I4s", data, position)
        head = 8
        if length == _LONG and position + 16 <= end:
            (length,) = struct.unpack_from(">Q", data, position + 8)
            head = 16
        elif length == _TO_THE_END:
            length = end - position
        if not head <= length <= end - position:
            raise ImageError(_CUT_OFF)
        yield Box(kind=kind, begin=position + head, end=position + length)
        position += length


_LONG = 1
"""The length that announces a longer one."""
_TO_THE_END = 0
"""The length of a last box that reaches to the end."""
_CUT_OFF = "it is cut off or damaged: one of its boxes reaches beyond its end; copy it again from where it came"
