"""JPEG segments: the blocks before a JPEG's first scan, found and put.

Source:
    ITU-T T.81 annex B; JFIF 1.02 (density); CIPA DC-008, section 4.7 (Exif); Adobe XMP part 3, section 1.1.3 (XMP and
    its extension); ICC.1:2022 annex B.4 (profiles in parts); Adobe Photoshop file formats, "Image resource blocks".
"""

import struct
from collections.abc import Iterator
from typing import Final

from photochrom.errors import ImageError
from photochrom.files.iptc import from_resources, in_resource
from photochrom.files.metadata import COMMENT, Metadata
from photochrom.files.resolution import LengthUnit, Resolution
from photochrom.files.xmp import extension_name, joined, split

Data = bytes | bytearray | memoryview

_SCAN: Final = 0xDA
_APP0, _APP1, _APP2, _APP13, _COM = 0xE0, 0xE1, 0xE2, 0xED, 0xFE
_LONGEST_SEGMENT: Final = 65_533
"""Bytes of a segment's content; its length is written in 16 bits and counts itself."""
_JFIF: Final = b"JFIF\0"
_EXIF: Final = b"Exif\0\0"
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP: Final = b"http://ns.adobe.com/xmp/extension/\0"
_ICC: Final = b"ICC_PROFILE\0"
_PHOTOSHOP: Final = b"Photoshop 3.0\0"
_DENSITY_POSITION: Final = 7
"""Where JFIF's segment tells the density: unit, x, y [bytes from the content's start]."""
_DENSITY_UNITS: Final[dict[int, LengthUnit]] = {1: "inch", 2: "cm"}
_MOST_DENSITY: Final = 65_535
_MOST_PARTS: Final = 255


def read_metadata(data: Data) -> Metadata:
    """What the segments of a whole JPEG file say; what is damaged counts as missing."""
    exif, main_xmp, resolution = b"", b"", None
    more_xmp: dict[bytes, list[bytes]] = {}
    icc: dict[int, bytes] = {}
    photoshop: list[bytes] = []
    comments: list[tuple[str, str]] = []
    for marker, content in _segments(data):
        if marker == _APP0 and content.startswith(_JFIF):
            resolution = resolution or _read_density(content)
        elif marker == _APP1 and content.startswith(_EXIF):
            exif = exif or content[len(_EXIF) :]
        elif marker == _APP1 and content.startswith(_XMP):
            main_xmp = main_xmp or content[len(_XMP) :]
        elif marker == _APP1 and content.startswith(_MORE_XMP):
            part = content[len(_MORE_XMP) :]
            more_xmp.setdefault(part[:32].upper(), []).append(part[32:])
        elif marker == _APP2 and content.startswith(_ICC) and len(content) > len(_ICC) + 2:
            icc.setdefault(content[len(_ICC)], content[len(_ICC) + 2 :])
        elif marker == _APP13 and content.startswith(_PHOTOSHOP):
            photoshop.append(content[len(_PHOTOSHOP) :])
        elif marker == _COM and content:
            comments.append((COMMENT, _as_text(content)))
    return Metadata(
        exif=exif,
        xmp=joined(main_xmp, {guid: _assembled(parts) for guid, parts in more_xmp.items()}),
        iptc=from_resources(b"".join(photoshop)),
        icc=b"".join(icc[number] for number in sorted(icc)),
        resolution=resolution,
        texts=tuple(comments),
    )


def with_metadata(encoded: Data, metadata: Metadata) -> Data:
    """A JPEG file as OpenCV makes it (JFIF segment first), with the metadata behind its first segment.

    Raises:
        ImageError: a block is longer than JPEG can hold.
    """
    segments = [_segment(_APP1, _EXIF, metadata.exif, "Exif")] if metadata.exif else []
    if metadata.xmp:
        room = _LONGEST_SEGMENT - len(_XMP)
        main, more = split(metadata.xmp, room)
        segments.append(_segment(_APP1, _XMP, main, "XMP"))
        segments += _more_xmp_segments(more)
    segments += _icc_segments(metadata.icc)
    if metadata.iptc:
        parts = _parts(in_resource(metadata.iptc), _LONGEST_SEGMENT - len(_PHOTOSHOP))
        segments += [_segment(_APP13, _PHOTOSHOP, part, "IPTC") for part in parts]
    for keyword, text in metadata.texts:
        if keyword == COMMENT:
            segments += [_segment(_COM, b"", part, "text") for part in _parts(text.encode(), _LONGEST_SEGMENT)]
    if not segments and metadata.resolution is None:
        return encoded
    (first_length,) = struct.unpack_from(">H", encoded, 4)
    first = bytearray(encoded[: 4 + first_length])
    if metadata.resolution is not None:
        x, y, unit = metadata.resolution.whole(_MOST_DENSITY)
        number = next(number for number, name in _DENSITY_UNITS.items() if name == unit)
        struct.pack_into(">BHH", first, 4 + 2 + _DENSITY_POSITION, number, x, y)
    return b"".join([first, *segments, memoryview(encoded)[len(first) :]])


def _segments(data: Data) -> Iterator[tuple[int, bytes]]:
    """Marker and content of every segment before the first scan, as far as they are whole."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # padding
            position += 1
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        if marker == _SCAN or length < 2 or position + 2 + length > len(data):
            return
        yield marker, bytes(memoryview(data)[position + 4 : position + 2 + length])
        position += 2 + length


def _as_text(content: bytes) -> str:
    """A comment, whose encoding no standard says; some writers end it as C does."""
    content = content.replace(b"\0", b"")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _read_density(content: bytes) -> Resolution | None:
    if len(content) < _DENSITY_POSITION + 5:
        return None
    number, x, y = struct.unpack_from(">BHH", content, _DENSITY_POSITION)
    unit = _DENSITY_UNITS.get(number)
    return Resolution(x=x, y=y, unit=unit) if unit is not None and x and y else None


def _assembled(parts: list[bytes]) -> bytes:
    """The extension of an XMP packet from its parts (total length, position, bytes); empty where one is missing."""
    whole = b""
    for part in sorted(parts, key=lambda part: part[4:8]):
        if len(part) < 8 or struct.unpack_from(">I", part, 4)[0] != len(whole):
            return b""
        whole += part[8:]
    return whole if whole and struct.unpack_from(">I", parts[0])[0] == len(whole) else b""


def _segment(marker: int, name: bytes, content: bytes, kind: str) -> bytes:
    room = _LONGEST_SEGMENT - len(name)
    if len(content) > room:
        raise ImageError(f"JPEG holds {room} bytes of {kind}, and this picture has {len(content)}: write it as PNG")
    return struct.pack(">BBH", 0xFF, marker, 2 + len(name) + len(content)) + name + content


def _parts(content: bytes, room: int) -> list[bytes]:
    return [content[start : start + room] for start in range(0, len(content), room)]


def _more_xmp_segments(more: bytes) -> list[bytes]:
    guid = extension_name(more)
    room = _LONGEST_SEGMENT - len(_MORE_XMP) - len(guid) - 8
    return [
        _segment(_APP1, _MORE_XMP, guid + struct.pack(">II", len(more), number * room) + part, "XMP")
        for number, part in enumerate(_parts(more, room))
    ]


def _icc_segments(icc: bytes) -> list[bytes]:
    parts = _parts(icc, _LONGEST_SEGMENT - len(_ICC) - 2)
    if len(parts) > _MOST_PARTS:
        raise ImageError(f"JPEG holds {_MOST_PARTS} parts of an ICC profile, and this one needs {len(parts)}")
    return [
        _segment(_APP2, _ICC, bytes([number, len(parts)]) + part, "ICC profile")
        for number, part in enumerate(parts, start=1)
    ]
