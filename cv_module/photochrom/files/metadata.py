"""What image files say about their pictures, apart from the pixels."""

from dataclasses import dataclass, replace
from typing import Final

from photochrom.files import exif as exif_block
from photochrom.files import xmp as xmp_packet
from photochrom.files.resolution import Resolution

COMMENT: Final = "Comment"
"""The keyword of a text that speaks of the picture in general."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a file says about its picture; each block as it stands in the file, without the container's own framing."""

    exif: bytes = b""
    """The Exif block, from its TIFF header on; of a TIFF, one made of its own tags; empty: none."""
    xmp: bytes = b""
    """The XMP packet; one that a JPEG holds in several parts, put together; empty: none."""
    iptc: bytes = b""
    """The IPTC-IIM records; empty: none."""
    icc: bytes = b""
    """The ICC profile, for whatever colours; empty: none."""
    resolution: Resolution | None = None
    """Pixels per length, of columns and rows as the pixels lie; None: unknown."""
    texts: tuple[tuple[str, str], ...] = ()
    """Keywords and texts of a PNG; a JPEG's comments, with the keyword `COMMENT`."""


def for_upright_copy(metadata: Metadata, *, width: int, height: int) -> Metadata:
    """The metadata of a file, made true for its picture after that was turned upright.

    The orientation becomes 1, sizes that are written down become right, the grey thumbnail goes, and the resolution
    turns with the picture. Everything else stays, byte for byte.

    Args:
        metadata: from `container.read_metadata`.
        width: columns of the upright picture [pixels].
        height: its rows [pixels].
    """
    resolution = metadata.resolution
    if resolution is not None and exif_block.read_orientation(metadata.exif) in exif_block.ON_ITS_SIDE:
        resolution = Resolution(x=resolution.y, y=resolution.x, unit=resolution.unit)
    return replace(
        metadata,
        exif=exif_block.for_upright_copy(metadata.exif, width=width, height=height, resolution=resolution),
        xmp=xmp_packet.for_upright_copy(metadata.xmp, width=width, height=height),
        resolution=resolution,
    )


def with_resolution_in_exif(metadata: Metadata) -> Metadata:
    """The same for a format that has no other place for the resolution than the Exif block."""
    if metadata.resolution is None:
        return metadata
    return replace(metadata, exif=exif_block.with_resolution(metadata.exif, metadata.resolution))
