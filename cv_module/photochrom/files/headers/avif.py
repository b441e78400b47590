"""AVIF headers.

Source:
    ISO/IEC 23008-12 (HEIF), sections 6.5 and 9.3; the AV1 Image File Format, sections 2 and 4; ISO/IEC 14496-12,
    sections 8.11 and 12.1.5; ITU-T H.273 (transfer characteristics).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from photochrom.errors import ImageError
from photochrom.files.boxes import Box, read_boxes
from photochrom.files.header import COPY_AGAIN, Data, Header, unpack

_HDR_CURVES: Final = {16: "PQ", 18: "HLG"}
_ALPHA: Final = b":auxid:1"
_ALPHA_NAME: Final = b":alpha"
_WORKING_SIZES: Final = {(False, False): 17, (False, True): 32, (True, False): 21, (True, True): 42}
"""Bytes that decoding takes for each pixel, beside the result, by more than 8 bits and by alpha (16.0, 30.0 and 19.2
measured)."""
_HIGH_BITS, _TWELVE_BITS, _GREY = 0x40, 0x20, 0x10
"""Flags in the third byte of an AV1 configuration."""
_RANGE, _FULL = 10, 0x80
"""Where an nclx colour says which range its values have, and what it says of the full one."""
_ORIENTATIONS: Final = {
    (0, None): 1,
    (0, 1): 2,
    (2, None): 3,
    (0, 0): 4,
    (1, 0): 5,
    (3, None): 6,
    (3, 0): 7,
    (1, None): 8,
    (1, 1): 7,
    (2, 0): 2,
    (2, 1): 4,
    (3, 1): 5,
}
"""Exif's number by quarter turns against the clock, and by mirroring after that: 0 top to bottom, 1 left to right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Property:
    """What a file says of one or more of its pictures."""

    kind: bytes
    content: bytes


def read_header(data: Data) -> Header:
    """The header of a whole AVIF file."""
    boxes = list(read_boxes(data))
    if any(box.kind == b"moov" for box in boxes):
        raise ImageError("it is an animated AVIF; only single pictures are read: save the one that is meant")
    meta = next((box for box in boxes if box.kind == b"meta"), None)
    if meta is None:
        raise _damaged("it describes no picture")
    parts = {box.kind: box for box in read_boxes(data, meta.begin + 4, meta.end)}
    if not {b"pitm", b"iprp"} <= parts.keys():
        raise _damaged("it names no main picture")
    everything, own = _read_properties(data, parts[b"iprp"], _read_main_item(data, parts[b"pitm"]))
    return _understand(everything, own)


def _damaged(why: str) -> ImageError:
    return ImageError(f"it is damaged: {why}; {COPY_AGAIN}")


def _read_main_item(data: Data, box: Box) -> int:
    (version,) = unpack(">B", data, box.begin)
    return unpack(">I" if version else ">H", data, box.begin + 4)[0]


def _read_properties(data: Data, box: Box, item: int) -> tuple[list[_Property], list[_Property]]:
    """Those of all items, and those of one."""
    everything: list[_Property] = []
    own: list[_Property] = []
    for inner in read_boxes(data, box.begin, box.end):
        if inner.kind == b"ipco":
            everything = [
                _Property(kind=one.kind, content=one.content(data)) for one in read_boxes(data, inner.begin, inner.end)
            ]
        elif inner.kind == b"ipma":
            numbers = list(_associations(data, inner, item))
            if any(not 1 <= number <= len(everything) for number in numbers):
                raise _damaged("a picture has a property that is not there")
            own += [everything[number - 1] for number in numbers]
    return everything, own


def _associations(data: Data, box: Box, item: int) -> Iterator[int]:
    """The numbers, from 1, of an item's properties."""
    version, flags, entries = unpack(">B2xBI", data, box.begin)
    position = box.begin + 8
    name, number = (">IB" if version else ">HB"), (">H" if flags & 1 else ">B")
    mask = (1 << 8 * struct.calcsize(number) - 1) - 1
    for _ in range(entries):
        owner, count = unpack(name, data, position)
        position += struct.calcsize(name)
        for _ in range(count):
            (value,) = unpack(number, data, position)
            position += struct.calcsize(number)
            if owner == item and value & mask:
                yield value & mask


def _understand(everything: list[_Property], own: list[_Property]) -> Header:
    first = {one.kind: one.content for one in reversed(own)}
    # A picture put together of tiles has no codec configuration of its own; the tiles' is the first.
    codec = first.get(b"av1C") or next((one.content for one in everything if one.kind == b"av1C"), b"")
    size = first.get(b"ispe", b"")
    if len(codec) < 3 or len(size) < 12:
        raise _damaged("it does not say how large its picture is")
    if b"clap" in first:
        raise ImageError("it shows a part of its picture only, and OpenCV reads the whole: save the cut picture")
    for one in own:
        if one.kind == b"colr" and one.content[:4] == b"nclx":
            (curve,) = struct.unpack_from(">H", one.content.ljust(8, b"\0"), 6)
            if curve in _HDR_CURVES:
                raise ImageError(f"its brightness is that of HDR screens ({_HDR_CURVES[curve]}): convert it to sRGB")
            limited = len(one.content) > _RANGE and not one.content[_RANGE] & _FULL
            if limited and codec[2] & _GREY:
                raise ImageError("its greys are in the range of video, which OpenCV does not expand: save it as PNG")
    width, height = struct.unpack_from(">II", size, 4)
    bits = 12 if codec[2] & _TWELVE_BITS else 10 if codec[2] & _HIGH_BITS else 8
    alpha = any(one.kind == b"auxC" and (_ALPHA in one.content or _ALPHA_NAME in one.content) for one in everything)
    turns = first.get(b"irot", b"\0")[:1] or b"\0"
    mirror = first.get(b"imir")
    return Header(
        format="AVIF",
        width=width,
        height=height,
        channels=4 if alpha else 1 if codec[2] & _GREY else 3,
        sample_size=1 if bits == 8 else 2,
        largest=None if bits == 8 else (1 << bits) - 1,
        working_size=_WORKING_SIZES[bits > 8, alpha] * width * height,
        orientation=_ORIENTATIONS[turns[0] & 3, mirror[0] & 1 if mirror else None],
    )
