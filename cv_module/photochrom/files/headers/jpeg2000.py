"""JPEG 2000 headers: of files with boxes (.jp2) and of bare codestreams (.j2k).

Source:
    ISO/IEC 15444-1, annexes A (codestream) and I (JP2 files).
"""

import struct
from dataclasses import replace
from typing import Final

from photochrom.errors import ImageError
from photochrom.files.boxes import Box, read_boxes
from photochrom.files.header import COPY_AGAIN, Data, Header, check_size, require, unpack

_CODESTREAM: Final = b"\xff\x4f\xff\x51"
_TILE_PART, _END = 0xFF90, b"\xff\xd9"
_SRGB, _GREY = 16, 17
_COLOURS: Final = {12: "CMYK, for print", 14: "Lab", 18: "YCbCr"}
_BY_PROFILE: Final = (b"\2", b"\3")
"""How a colr box begins that holds an ICC profile: one of the kinds that JP2 allows, or any."""
_PROFILE_SPACE: Final = slice(19, 23)
"""Where in it the profile says what its pixels are."""
_HEAD_SIZE, _NAMED_SIZE = 8, 15
"""Bytes of the head of a box, and of a whole colr box that names a colour space."""
_SIGNED: Final = 0x80
_WORKING_SIZE: Final = 5
"""Bytes that decoding takes for each sample, beside the result (4.4 measured)."""
_ALPHA_KINDS: Final = {0: "colour", 1: "alpha", 2: "alpha that colour is multiplied with"}


def read_header(data: Data) -> Header:
    """The header of a whole JPEG 2000 file."""
    if data.startswith(_CODESTREAM):
        return _read_codestream(data, 0, len(data))
    header: Header | None = None
    profile: Box | None = None
    for box in read_boxes(data):
        if box.kind == b"jp2h":
            for inner in read_boxes(data, box.begin, box.end):
                content = inner.content(data)
                _check_colours(inner.kind, content)
                if inner.kind == b"colr" and content[:1] in _BY_PROFILE:
                    profile = inner
        elif box.kind == b"jp2c" and header is None:
            header = _read_codestream(data, box.begin, box.end)
    if header is None:
        raise ImageError(f"it is cut off or damaged: it holds no picture; {COPY_AGAIN}")
    return header if profile is None else replace(header, corrections=(_without_profile(profile, header.channels),))


def _without_profile(box: Box, channels: int) -> tuple[int, bytes]:
    """Where to write what, so that OpenCV finds a known colour space, of which it need not warn, in place of a profile.

    The rest of the box becomes one of its own, which every reader skips.
    """
    named = struct.pack(">I4s3BI", _NAMED_SIZE, b"colr", 1, 0, 0, _GREY if channels == 1 else _SRGB)
    return box.begin - _HEAD_SIZE, named + struct.pack(">I4s", box.end - box.begin + _HEAD_SIZE - _NAMED_SIZE, b"free")


def _check_colours(kind: bytes, content: bytes) -> None:
    """Raise ImageError where OpenCV would read the colours wrongly."""
    if kind == b"pclr":
        raise ImageError("it is a JPEG 2000 with a palette: convert it to grey or RGB")
    if kind == b"colr" and content[:1] == b"\1":
        (space,) = unpack(">I", bytearray(content), 3)
        if space not in (_SRGB, _GREY):
            raise ImageError(f"its colours are {_COLOURS.get(space, f'of kind {space}')}: convert it to grey or RGB")
    if kind == b"colr" and content[:1] in _BY_PROFILE and content[_PROFILE_SPACE] not in (b"RGB ", b"GRAY"):
        name = content[_PROFILE_SPACE].decode("ascii", "replace").strip()
        raise ImageError(f"its ICC profile is for {name} pixels: convert it to grey or RGB")
    if kind == b"cdef":
        (count,) = unpack(">H", bytearray(content), 0)
        for number in range(count):
            channel, meaning, colour = unpack(">3H", bytearray(content), 2 + 6 * number)
            if meaning == 0 and colour != channel + 1:
                raise ImageError("its channels are not in the order red, green, blue, alpha: save it as PNG")
            if meaning not in (0, 1):
                name = _ALPHA_KINDS.get(meaning, "of unknown meaning")
                raise ImageError(f"its channel {channel + 1} is {name}: save it with plain alpha, or without")


def _read_codestream(data: Data, begin: int, end: int) -> Header:
    right, bottom, left, top = unpack(">4I", data, begin + 8)
    check_size(right - left, bottom - top)
    (channels,) = unpack(">H", data, begin + 40)
    kinds = {unpack(">3B", data, begin + 42 + 3 * channel) for channel in range(channels)}
    if channels not in (1, 3, 4):
        raise ImageError(f"it has {channels} channels; one (grey), RGB and RGB with alpha are read: convert it")
    if len(kinds) > 1 or kinds.pop()[1:] != (1, 1):
        raise ImageError("its channels differ in size or bits: save it as PNG")
    depth = data[begin + 42]
    bits = (depth & ~_SIGNED) + 1
    if depth & _SIGNED or not 8 <= bits <= 16:
        sign = "with" if depth & _SIGNED else "without"
        raise ImageError(f"its values have {bits} bits {sign} sign, and OpenCV reads 8 to 16 without: save it as PNG")
    _check_tiles(data, begin, end)
    return Header(
        format="JPEG 2000",
        width=right - left,
        height=bottom - top,
        channels=channels,
        sample_size=1 if bits == 8 else 2,
        largest=None if bits in (8, 16) else (1 << bits) - 1,
        working_size=_WORKING_SIZE * channels * (right - left) * (bottom - top),
    )


def _check_tiles(data: Data, begin: int, end: int) -> None:
    """Raise ImageError where the codestream does not end as its tiles say."""
    position = begin + 2
    (marker,) = unpack(">H", data, position)
    while marker != _TILE_PART:
        (length,) = unpack(">H", data, position + 2)
        position += 2 + length
        (marker,) = unpack(">H", data, position)
    while marker == _TILE_PART:
        (length,) = unpack(">I", data, position + 6)
        if length == 0:  # the last one, up to the end
            position = end - len(_END)
            break
        if length < 14:
            raise ImageError(f"it is damaged: the tile at byte {position} has no length; {COPY_AGAIN}")
        position += length
        require(data, position + 2)
        (marker,) = unpack(">H", data, position)
    if position + 2 > end or bytes(data[position : position + 2]) != _END:
        raise ImageError(f"it is cut off or damaged: the mark that ends a JPEG 2000 picture is missing; {COPY_AGAIN}")
