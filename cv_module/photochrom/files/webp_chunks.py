"""WebP chunks: the blocks around a WebP's pixels, found and put.

Source:
    the WebP container specification (RFC 9649, sections 2.3 to 2.7).
"""

import struct
from collections.abc import Iterator
from typing import Final

from photochrom.files.metadata import Metadata, with_resolution_in_exif

Data = bytes | bytearray | memoryview

_HEADER_SIZE: Final = 12


def read_metadata(data: Data) -> Metadata:
    """What the chunks of a whole WebP file say; what is damaged counts as missing."""
    found: dict[bytes, bytes] = {}
    for kind, content in _chunks(data):
        if kind in (b"ICCP", b"EXIF", b"XMP "):
            found.setdefault(kind, bytes(content))
    return Metadata(exif=found.get(b"EXIF", b""), xmp=found.get(b"XMP ", b""), icc=found.get(b"ICCP", b""))


def with_metadata(encoded: Data, metadata: Metadata) -> Data:
    """A WebP file of one picture, with the metadata around it; IPTC has no place in it and is left out."""
    metadata = with_resolution_in_exif(metadata)
    if not (metadata.exif or metadata.xmp or metadata.icc):
        return encoded
    pictures = {kind: content for kind, content in _chunks(encoded) if kind in (b"ALPH", b"VP8 ", b"VP8L")}
    if b"VP8L" in pictures:
        (bits,) = struct.unpack_from("<I", pictures[b"VP8L"], 1)
        sides, alpha = (bits & _SIDE_BITS, bits >> 14 & _SIDE_BITS), bool(bits >> 28 & 1)
    else:
        across, down = struct.unpack_from("<HH", pictures[b"VP8 "], 6)
        # A lossy picture writes its sides, a lossless one its sides less one, as the extended header does.
        sides, alpha = ((across & _SIDE_BITS) - 1, (down & _SIDE_BITS) - 1), b"ALPH" in pictures
    blocks: dict[bytes, Data] = {b"ICCP": metadata.icc, **pictures, b"EXIF": metadata.exif, b"XMP ": metadata.xmp}
    flags = sum(flag for kind, flag in _FLAGS.items() if blocks[kind]) | _ALPHA_FLAG * alpha
    extended = struct.pack("<I", flags) + b"".join(side.to_bytes(3, "little") for side in sides)
    parts: list[Data] = [b"RIFF", b"", b"WEBP"]
    for kind, content in ((b"VP8X", extended), *blocks.items()):
        if content:
            parts += [kind + struct.pack("<I", len(content)), content, bytes(len(content) % 2)]
    parts[1] = struct.pack("<I", sum(map(len, parts)) - len(b"RIFF"))
    return b"".join(parts)


_ALPHA_FLAG: Final = 0x10
_FLAGS: Final = {b"ICCP": 0x20, b"EXIF": 0x08, b"XMP ": 0x04}
_SIDE_BITS: Final = 0x3FFF


def _chunks(data: Data) -> Iterator[tuple[bytes, memoryview]]:
    """Kind and content of every chunk, as far as they are whole."""
    view = memoryview(data)
    position = _HEADER_SIZE
    while position + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        begin, position = position + 8, position + 8 + length + length % 2
        if begin + length <= len(data):
            yield kind, view[begin : begin + length]
