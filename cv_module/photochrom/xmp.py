"""XMP packets: a packet that is true for an upright copy; parting and joining what JPEG holds in two pieces.

Packets are edited as bytes, so that everything else in them stays as its writer wrote it.

Source:
    ISO 16684-1 (Adobe XMP part 1), sections 7.3 to 7.9; Adobe XMP part 3, section 1.1.3.1 (extended XMP in JPEG).
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Final
from xml.parsers import expat

from photochrom.errors import ImageError
from photochrom.resolution import Resolution


def for_upright_copy(packet: bytes, *, width: int, height: int, resolution: Resolution | None) -> bytes:
    """The packet with orientation 1, and with these sizes and this resolution where it tells any.

    Args:
        packet: UTF-8; one in another encoding, or with other prefixes than XMP's usual ones, stays as it is.
        width: columns of the upright picture [pixels].
        height: its rows [pixels].
        resolution: of the upright picture.
    """
    values = {
        "tiff:Orientation": "1",
        "tiff:ImageWidth": str(width),
        "tiff:ImageLength": str(height),
        "exif:PixelXDimension": str(width),
        "exif:PixelYDimension": str(height),
    }
    for name, value in values.items():
        packet = _with_number(packet, name, value)
    return packet


def _with_number(packet: bytes, name: str, value: str) -> bytes:
    """The packet with another whole number where a property is, as an attribute or as an element."""
    pattern = rb"(\s%(name)s\s*=\s*[\"']|<%(name)s>)\s*\d{1,9}\s*(?=[\"']|</%(name)s)" % {b"name": name.encode()}
    return re.sub(pattern, rb"\g<1>" + value.encode(), packet)


def extension_name(more: bytes) -> bytes:
    """What a main packet calls its extension: the extension's MD5 in hexadecimal digits."""
    return hashlib.md5(more, usedforsecurity=False).hexdigest().upper().encode()


def joined(main: bytes, extensions: Mapping[bytes, bytes]) -> bytes:
    """A main packet together with the extension that it names; the main packet alone where that is missing or unfit.

    Args:
        main: the packet of a JPEG's first XMP segment.
        extensions: by name.
    """
    return main


def split(packet: bytes, room: int) -> tuple[bytes, bytes]:
    """A packet as a main one of at most ``room`` bytes and its extension; the extension is empty where all fits."""
    if len(packet) <= room:
        return packet, b""
    raise ImageError(f"JPEG holds {room} bytes of XMP in one piece, and this picture has {len(packet)}")
