"""IPTC records inside Photoshop's image resources, the frame that they have in JPEG and PNG files.

Source:
    Adobe Photoshop file formats specification, "Image resource blocks".
"""

import struct
from typing import Final

_MARK: Final = b"8BIM"
_IPTC: Final = 0x0404


def in_resource(iptc: bytes) -> bytes:
    """IPTC records as one image resource."""
    return _MARK + struct.pack(">HHI", _IPTC, 0, len(iptc)) + iptc + b"\0" * (len(iptc) % 2)


def from_resources(resources: bytes) -> bytes:
    """The IPTC records among image resources; empty where there are none, or damaged ones before them."""
    position = 0
    while resources[position : position + 4] == _MARK and position + 7 <= len(resources):
        kind, name_length = struct.unpack_from(">HB", resources, position + 4)
        size_position = position + 6 + (1 + name_length + 1) // 2 * 2
        if size_position + 4 > len(resources):
            break
        (size,) = struct.unpack_from(">I", resources, size_position)
        begin = size_position + 4
        if kind == _IPTC:
            return resources[begin : begin + size] if begin + size <= len(resources) else b""
        position = begin + (size + 1) // 2 * 2
    return b""
