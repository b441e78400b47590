"""PNG chunks: the blocks around a PNG's pixels, found and put.

Source:
    the PNG specification, third edition, sections 11.3 and 13; Adobe XMP part 3, section 1.1.5; ImageMagick's "Raw
    profile type" texts, the one place where PNG files carry IPTC.
"""

import binascii
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from photochrom.files.iptc import from_resources, in_resource
from photochrom.files.metadata import Metadata
from photochrom.files.resolution import Resolution

Data = bytes | bytearray | memoryview

_SIGNATURE_SIZE: Final = 8
_HEADER_END: Final = 33
"""Where the chunk IHDR ends [bytes from the start]."""
_PER_METRE: Final = 1
_MOST_PER_METRE: Final = (1 << 31) - 1
_XMP_KEYWORD: Final = b"XML:com.adobe.xmp"
_RAW_PROFILE: Final = b"raw profile type "
_EXIF_MARK: Final = b"Exif\0\0"
_XMP_MARK: Final = b"http://ns.adobe.com/xap/1.0/\0"
_MOST_UNPACKED: Final = 1 << 25
"""Bytes that all compressed blocks together may unpack to; more is taken for a trap."""
_LONGEST_KEYWORD: Final = 79


def read_metadata(data: Data) -> Metadata:
    """What the chunks of a whole PNG file say; what is damaged counts as missing."""
    exif, xmp, icc, resolution = b"", b"", b"", None
    raw: dict[bytes, bytes] = {}
    texts: list[tuple[str, str]] = []
    unpacker = _Unpacker()
    for kind, content in _chunks(data):
        if kind == b"eXIf":
            exif = exif or content
        elif kind == b"iCCP":
            icc = icc or unpacker.unpack(content.partition(b"\0")[2][1:])
        elif kind == b"pHYs":
            resolution = resolution or _read_resolution(content)
        else:
            keyword, text = _read_text(kind, content, unpacker)
            if keyword == _XMP_KEYWORD:
                xmp = xmp or text
            elif keyword.lower().startswith(_RAW_PROFILE):
                _sort_in(raw, keyword[len(_RAW_PROFILE) :].lower(), _unhex(text))
            elif keyword and text:
                encoding = "utf-8" if kind == b"iTXt" else "latin-1"
                texts.append((keyword.decode("latin-1"), text.decode(encoding, "replace")))
    return Metadata(
        exif=exif or raw.get(b"exif", b""),
        xmp=xmp or raw.get(b"xmp", b""),
        iptc=raw.get(b"iptc", b""),
        icc=icc or raw.get(b"icc", b""),
        resolution=resolution,
        texts=tuple(texts),
    )


def with_metadata(encoded: Data, metadata: Metadata) -> Data:
    """A PNG file with the metadata behind its header."""
    chunks: list[bytes] = []
    if metadata.icc:
        chunks.append(_chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc)))
    if metadata.resolution is not None:
        per_metre = metadata.resolution.per_metre(_MOST_PER_METRE)
        chunks.append(_chunk(b"pHYs", struct.pack(">IIB", *per_metre, _PER_METRE)))
    if metadata.exif:
        chunks.append(_chunk(b"eXIf", metadata.exif))
    if metadata.xmp:
        chunks.append(_chunk(b"iTXt", _XMP_KEYWORD + bytes(5) + metadata.xmp))
    if metadata.iptc:
        resource = in_resource(metadata.iptc)
        text = b"\niptc\n%8d\n" % len(resource) + binascii.hexlify(resource) + b"\n"
        chunks.append(_chunk(b"zTXt", _RAW_PROFILE.capitalize() + b"iptc\0\0" + zlib.compress(text)))
    chunks += [_text_chunk(keyword, text) for keyword, text in metadata.texts]
    if not chunks:
        return encoded
    view = memoryview(encoded)
    return b"".join([view[:_HEADER_END], *chunks, view[_HEADER_END:]])


def _chunks(data: Data) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of every chunk that may be metadata, as far as they are whole."""
    view = memoryview(data)
    position = _SIGNATURE_SIZE
    while position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        begin, position = position + 8, position + 12 + length
        if position <= len(data) and kind in _KINDS:
            yield kind, bytes(view[begin : begin + length])


_KINDS: Final = frozenset({b"eXIf", b"iCCP", b"pHYs", b"tEXt", b"zTXt", b"iTXt"})


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _text_chunk(keyword: str, text: str) -> bytes:
    """A text, in the older kind of chunk where its letters allow that."""
    name = keyword.encode("latin-1", "replace")[:_LONGEST_KEYWORD]
    try:
        return _chunk(b"tEXt", name + b"\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        return _chunk(b"iTXt", name + bytes(5) + text.encode("utf-8", "replace"))


class _Unpacker:
    """Unpacks the compressed blocks of one file."""

    def __init__(self) -> None:
        self._room = _MOST_UNPACKED

    def unpack(self, content: bytes) -> bytes:
        """What was compressed; empty where it is damaged, or too long with what was before it."""
        if not self._room:
            return b""
        unpacking = zlib.decompressobj()
        try:
            unpacked = unpacking.decompress(content, self._room)
        except zlib.error:
            return b""
        self._room -= len(unpacked)
        return unpacked if unpacking.eof else b""


def _read_resolution(content: bytes) -> Resolution | None:
    if len(content) != struct.calcsize(">IIB"):
        return None
    x, y, unit = struct.unpack(">IIB", content)
    return Resolution.from_metre(x, y) if unit == _PER_METRE else None


def _read_text(kind: bytes, content: bytes, unpacker: _Unpacker) -> tuple[bytes, bytes]:
    """Keyword and text of a text chunk of any kind."""
    keyword, _, rest = content.partition(b"\0")
    if kind == b"tEXt":
        return keyword, rest
    if kind == b"zTXt":
        return keyword, unpacker.unpack(rest[1:])
    # iTXt: whether compressed, how, language, translated keyword.
    text = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return keyword, unpacker.unpack(text) if rest[:1] == b"\1" else text


def _unhex(text: bytes) -> bytes:
    """The bytes of a raw profile: a name, their number, and they themselves in hexadecimal digits, on lines."""
    fields = text.split(maxsplit=2)
    if len(fields) < 3:
        return b""
    try:
        return binascii.unhexlify(b"".join(fields[2].split()))
    except binascii.Error:
        return b""


def _sort_in(raw: dict[bytes, bytes], name: bytes, profile: bytes) -> None:
    """Put a raw profile where it belongs; one called after JPEG's segment is Exif or XMP, as its first bytes say."""
    if name == b"app1":
        name = b"exif" if profile.startswith(_EXIF_MARK) else b"xmp"
        profile = profile.removeprefix(_XMP_MARK)
    raw.setdefault(name, from_resources(profile) if name == b"iptc" else profile)
