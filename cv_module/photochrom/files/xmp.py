"""XMP packets: one that is true for an upright copy; parting and joining what JPEG holds in two pieces.

Packets are edited as bytes, so that everything else in them stays as its writer wrote it.

Source:
    ISO 16684-1 (Adobe XMP part 1), sections 7.3 to 7.9; Adobe XMP part 2, sections 3.2 and 3.3 (tiff, exif); Adobe XMP
    part 3, section 1.1.3.1 (extended XMP in JPEG).
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Final
from xml.parsers import expat

from photochrom.errors import ImageError

_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_UPRIGHT: Final = 1
_ANNOUNCEMENT: Final = re.compile(
    rb"\sxmpNote:HasExtendedXMP\s*=\s*[\"']([0-9A-Fa-f]{32})[\"']"
    rb"|<xmpNote:HasExtendedXMP>\s*([0-9A-Fa-f]{32})\s*</xmpNote:HasExtendedXMP>"
)
"""How a main packet names its extension."""
_ANNOUNCE: Final = (
    b'<rdf:Description rdf:about="" xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="%s"/>'
)
_EXTENSION: Final = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="' + _RDF.encode() + b'">%s</rdf:RDF></x:xmpmeta>'
)
_TRAILER: Final = b"<?xpacket end"


_OF_OLD_PIXELS: Final = (
    *(b"photoshop:ColorMode", b"photoshop:ICCProfile"),
    *(b"tiff:PhotometricInterpretation", b"tiff:SamplesPerPixel"),
)
"""What a packet may tell of the colours of the pixels that it came with."""
_THUMBNAILS: Final = b"<xmp:Thumbnails>", b"</xmp:Thumbnails>"


def for_upright_copy(packet: bytes, *, width: int, height: int) -> bytes:
    """The packet with orientation 1 and with this size, where it tells any; without what is true for grey alone.

    That is its thumbnails, and what it tells of colour mode, profile and channels.

    Args:
        packet: in UTF-8; one in another encoding, or with other prefixes than XMP's usual ones, stays as it is.
        width: columns of the upright picture [pixels].
        height: its rows [pixels].
    """
    numbers = {
        b"tiff:Orientation": _UPRIGHT,
        b"tiff:ImageWidth": width,
        b"tiff:ImageLength": height,
        b"exif:PixelXDimension": width,
        b"exif:PixelYDimension": height,
    }
    for name, number in numbers.items():
        # As an attribute or as an element.
        place = rb"(\s%(name)s\s*=\s*[\"']|<%(name)s>\s*)[0-9]+(?=\s*(?:[\"']|</%(name)s))" % {b"name": name}
        packet = re.sub(place, rb"\g<1>%d" % number, packet)
    for name in _OF_OLD_PIXELS:
        told = rb"\s%(name)s\s*=\s*(?:\"[^\"<]*\"|'[^'<]*')|<%(name)s>[^<]*</%(name)s\s*>\s*" % {b"name": name}
        packet = re.sub(told, b"", packet)
    begin, end = (packet.find(mark) for mark in _THUMBNAILS)
    return packet[:begin] + packet[end + len(_THUMBNAILS[1]) :] if 0 <= begin < end else packet


def extension_name(extension: bytes) -> bytes:
    """What a main packet calls its extension: the extension's MD5 in hexadecimal digits."""
    return hashlib.md5(extension, usedforsecurity=False).hexdigest().upper().encode()


def joined(main: bytes, extensions: Mapping[bytes, bytes]) -> bytes:
    """A main packet together with the extension that it names; the main packet alone where that is missing or unfit.

    Args:
        main: the packet of a JPEG's first XMP segment.
        extensions: by name, in capital letters.
    """
    announced = _ANNOUNCEMENT.search(main)
    if announced is None:
        return main
    extension = extensions.get((announced[1] or announced[2]).upper(), b"")
    alone = main[: announced.start()] + main[announced.end() :]
    try:
        _, end = _descriptions(alone)
        descriptions, _ = _descriptions(extension)
        whole = b"".join([alone[:end], *(extension[start:stop] for start, stop in descriptions), alone[end:]])
        _descriptions(whole)
    except (expat.ExpatError, ValueError):
        return alone
    return whole


def split(packet: bytes, room: int) -> tuple[bytes, bytes]:
    """A packet as a main one and its extension, which is empty where all of it fits.

    Args:
        packet: in UTF-8.
        room: of the main packet [bytes].

    Raises:
        ImageError: the packet is too long and cannot be parted.
    """
    if len(packet) > room:
        # The room that a writer leaves for others to edit a packet where it stands.
        content, trailer, rest = packet.rpartition(_TRAILER)
        packet = content.rstrip() + trailer + rest
    if len(packet) <= room:
        return packet, b""
    try:
        descriptions, end = _descriptions(packet)
        excess = len(packet) + len(_ANNOUNCE) + len(extension_name(b"")) - room
        moved: list[tuple[int, int]] = []
        for start, stop in sorted(descriptions, key=lambda extent: extent[0] - extent[1]):
            if excess > 0:
                moved.append((start, stop))
                excess -= stop - start
        extension = _EXTENSION % b"".join(packet[start:stop] for start, stop in sorted(moved))
        kept = bytearray(packet[:end] + _ANNOUNCE % extension_name(extension) + packet[end:])
        for start, stop in sorted(moved, reverse=True):
            del kept[start:stop]
        _descriptions(bytes(kept))
        _descriptions(extension)
    except (expat.ExpatError, ValueError):
        excess = 1
    if excess > 0:
        raise ImageError(f"JPEG holds {room} bytes of XMP that cannot be parted, and this picture has {len(packet)}")
    return bytes(kept), extension


def _descriptions(packet: bytes) -> tuple[list[tuple[int, int]], int]:
    """Begin and end of every description right below rdf:RDF, and where the latter's end tag stands [bytes].

    Raises:
        ExpatError: the packet is not well-formed XML.
        ValueError: it has a document type or no rdf:RDF.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    path: list[str] = []
    begins: list[int] = []
    ends: list[int] = []
    closed: list[int] = []
    just_ended = False

    def note_end() -> None:
        nonlocal just_ended
        if just_ended:
            ends.append(parser.CurrentByteIndex)
            just_ended = False

    def open_element(name: str, _: object) -> None:
        note_end()
        if path[-1:] == [f"{_RDF} RDF"]:
            begins.append(parser.CurrentByteIndex)
        path.append(name)

    def close_element(name: str) -> None:
        nonlocal just_ended
        note_end()
        path.pop()
        if name == f"{_RDF} RDF":
            closed.append(parser.CurrentByteIndex)
        just_ended = path[-1:] == [f"{_RDF} RDF"]

    def refuse(*_: object) -> None:
        raise ValueError("an XMP packet has no document type")

    parser.StartElementHandler = open_element
    parser.EndElementHandler = close_element
    parser.DefaultHandler = lambda _: note_end()
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(packet, True)
    if len(closed) != 1 or len(begins) != len(ends):
        raise ValueError("an XMP packet has one rdf:RDF")
    return list(zip(begins, ends, strict=True)), closed[0]
