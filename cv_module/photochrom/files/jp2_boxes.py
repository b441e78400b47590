"""JPEG 2000 files as containers: the boxes beside the codestream, found and put.

Source:
    ISO/IEC 15444-1, annex I.5.3 (colr, res) and I.7.2 (uuid); Adobe XMP part 3, section 1.1.6; for Exif and IPTC the
    names that ExifTool and Exiv2 write.
"""

import struct
from fractions import Fraction
from typing import Final

from photochrom.errors import ImageError
from photochrom.files.boxes import Box, Data, read_boxes
from photochrom.files.metadata import Metadata
from photochrom.files.resolution import Resolution

_EXIF: Final = b"JpgTiffExif->JP2"
_XMP: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_IPTC: Final = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
_NAME_SIZE: Final = 16
_BY_PROFILE: Final = (b"\2", b"\3")
"""How a colr box begins that holds an ICC profile: one of the kinds that JP2 allows, or any."""
_COLR_HEAD: Final = b"\2\0\0"
_INCH: Final = 254
"""An inch [10^-4 m]."""
_RESOLUTION: Final = ">4H2b"
_MOST: Final = (1 << 16) - 1


def read_metadata(data: Data) -> Metadata:
    """What the boxes of a whole JPEG 2000 file say, a bare codestream nothing; what is damaged counts as missing."""
    named: dict[bytes, bytes] = {}
    icc, resolution = b"", None
    try:
        for box in read_boxes(data):
            if box.kind == b"uuid":
                content = box.content(data)
                named.setdefault(content[:_NAME_SIZE], content[_NAME_SIZE:])
            elif box.kind == b"jp2h":
                header = {inner.kind: inner for inner in read_boxes(data, box.begin, box.end)}
                if b"colr" in header:
                    content = header[b"colr"].content(data)
                    icc = content[len(_COLR_HEAD) :] if content.startswith(_BY_PROFILE) else b""
                if b"res " in header:
                    resolution = _read_resolution(data, header[b"res "])
    except (ImageError, struct.error):
        pass
    return Metadata(
        exif=named.get(_EXIF, b""), xmp=named.get(_XMP, b""), iptc=named.get(_IPTC, b""), icc=icc, resolution=resolution
    )


def with_metadata(encoded: Data, metadata: Metadata) -> Data:
    """A JPEG 2000 file as OpenCV makes it, with the metadata before its codestream."""
    if metadata == Metadata():
        return encoded
    view = memoryview(encoded)
    header = next(box for box in read_boxes(encoded) if box.kind == b"jp2h")
    inner = [(box.kind, box.content(encoded)) for box in read_boxes(encoded, header.begin, header.end)]
    if metadata.icc:
        inner = [(kind, _COLR_HEAD + metadata.icc if kind == b"colr" else content) for kind, content in inner]
    if metadata.resolution is not None:
        inner.append((b"res ", _box(b"resc", _resolution_content(metadata.resolution))))
    boxes = [_box(b"jp2h", b"".join(_box(kind, content) for kind, content in inner))]
    for name, block in ((_EXIF, metadata.exif), (_XMP, metadata.xmp), (_IPTC, metadata.iptc)):
        if block:
            boxes.append(_box(b"uuid", name + block))
    return b"".join([view[: header.begin - _HEAD_SIZE], *boxes, view[header.end :]])


_HEAD_SIZE: Final = 8


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", _HEAD_SIZE + len(content), kind) + content


def _read_resolution(data: Data, box: Box) -> Resolution | None:
    """The resolution of capture, or else the one for display."""
    found = {inner.kind: inner.content(data) for inner in read_boxes(data, box.begin, box.end)}
    content = found.get(b"resc") or found.get(b"resd", b"")
    above_y, below_y, above_x, below_x, power_y, power_x = struct.unpack_from(_RESOLUTION, content)
    if not below_x or not below_y:
        return None
    return Resolution.from_metre(above_x / below_x * 10.0**power_x, above_y / below_y * 10.0**power_y)


def _resolution_content(resolution: Resolution) -> bytes:
    """The resolution per metre, as fractions and powers of ten: y first."""
    unit, power = (1, 2) if resolution.unit == "cm" else (_INCH, 4)
    y, x = (_fraction(Fraction(value) / unit) for value in (resolution.y, resolution.x))
    return struct.pack(_RESOLUTION, *y, *x, power, power)


def _fraction(value: Fraction) -> tuple[int, int]:
    """The nearest numerator and denominator that fit into 16 bits each."""
    near = value.limit_denominator(max(1, min(_MOST, int(_MOST / max(value, Fraction(1))))))
    return min(max(near.numerator, 1), _MOST), near.denominator
