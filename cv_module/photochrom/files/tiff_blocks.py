"""TIFF files as containers: the tags that speak of the photograph, found and put.

Source:
    TIFF Revision 6.0 (Adobe, 1992), sections 8 and 12; CIPA DC-008 (Exif 2.32), section 4.6.3; Adobe XMP part 3,
    section 1.1.4; ICC.1:2022, annex B.2; TIFF/EP (ISO 12234-2), annex A, for IPTC.
"""

from typing import Final

from photochrom.errors import ImageError
from photochrom.files.exif import read_details, read_orientation, read_resolution, resolution_values
from photochrom.files.metadata import Metadata
from photochrom.files.tiff import BYTE, STRAIGHT, UNDEFINED, Data, Tag, read_directory
from photochrom.files.tiff_table import Table, Value, block_of, short, with_table

_UPRIGHT: Final = 1
_RGB_AND_ALPHA: Final = 4
_BLOCKS: Final = ((Tag.XMP, BYTE), (Tag.IPTC, UNDEFINED), (Tag.ICC, UNDEFINED))
"""Tags whose values are whole blocks, and their field types."""


def read_metadata(data: Data) -> Metadata:
    """What the first directory of a whole TIFF file says; what is damaged counts as missing."""
    first = read_directory(data)
    layout = first.layout.classic
    table = read_details(first)
    orientation = read_orientation(data)
    if orientation != _UPRIGHT:
        table.values[Tag.ORIENTATION] = short(layout, orientation)
    return Metadata(
        exif=block_of(layout, table) if table.size else b"",
        xmp=first.content(Tag.XMP),
        iptc=first.content(Tag.IPTC),
        icc=first.content(Tag.ICC),
        resolution=read_resolution(data),
    )


def with_metadata(encoded: Data, metadata: Metadata) -> Data:
    """A TIFF file with the metadata among the tags of its first directory, which moves to the end.

    OpenCV does not say what the fourth channel is, and programs guess differently: it is told to be straight alpha.
    """
    first = read_directory(encoded)
    layout = first.layout
    table = _details(metadata.exif, layout.order)
    blocks = {Tag.XMP: metadata.xmp, Tag.IPTC: metadata.iptc, Tag.ICC: metadata.icc}
    table.values |= {tag: Value(kind, blocks[tag]) for tag, kind in _BLOCKS if blocks[tag]}
    if metadata.resolution is not None:
        table.values |= resolution_values(layout, metadata.resolution)
    if first.number(Tag.CHANNELS, 1) == _RGB_AND_ALPHA and Tag.EXTRA_CHANNELS not in first.entries:
        table.values[Tag.EXTRA_CHANNELS] = short(layout, STRAIGHT)
    return with_table(encoded, table) if table.size else encoded


def _details(exif: bytes, order: str) -> Table:
    """What an Exif block tells, in a byte order; nothing where it is unreadable."""
    try:
        first = read_directory(exif)
    except ImageError:
        return Table()
    table = read_details(first)
    return table if first.layout.order == order else table.swapped()
