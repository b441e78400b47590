"""Image files as containers: every block beside the pixels is found and put here, whatever the format.

OpenCV takes no part in it but for writing AVIF: its own readers and writers of metadata know fewer blocks, fewer
formats, and differ between its versions.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from photochrom.files import avif_items, bmp_resolution, jp2_boxes, jpeg_segments, png_chunks, tiff_blocks, webp_chunks
from photochrom.files.exif import plain_block, read_resolution
from photochrom.files.metadata import Metadata

Data = bytes | bytearray | memoryview


def read_metadata(data: Data, format_name: str) -> Metadata:
    """Everything that a whole file says beside its pixels, as it stands there; damaged blocks count as missing.

    The resolution is the container's own, or else the one in the Exif block. A TIFF's own tags come as an Exif block,
    with the orientation that OpenCV applies by itself when it decodes a TIFF.

    Args:
        data: the file, whose header was found good.
        format_name: `formats.Header.format`; a format that carries nothing gives empty metadata.
    """
    container = _CONTAINERS.get(format_name)
    if container is None:
        return Metadata()
    found = container.read(data)
    exif = plain_block(found.exif)
    return replace(found, exif=exif, resolution=found.resolution or read_resolution(exif))


def with_metadata(encoded: Data, format_name: str, metadata: Metadata) -> Data:
    """A file as OpenCV encodes it, with metadata added; as it is where its format has no place for any.

    A format without a place of its own for the resolution gets it in the Exif block.

    Raises:
        ImageError: a block is longer than the format can hold.
    """
    container = _CONTAINERS.get(format_name)
    return encoded if container is None else container.write(encoded, metadata)


@dataclass(frozen=True, slots=True)
class _Container:
    """How one format carries metadata."""

    read: Callable[[Data], Metadata]
    write: Callable[[Data, Metadata], Data]


def _as_it_is(encoded: Data, _: Metadata) -> Data:
    """OpenCV has put everything in already."""
    return encoded


_CONTAINERS: Final = {
    "AVIF": _Container(avif_items.read_metadata, _as_it_is),
    "BMP": _Container(bmp_resolution.read_metadata, bmp_resolution.with_metadata),
    "JPEG": _Container(jpeg_segments.read_metadata, jpeg_segments.with_metadata),
    "JPEG 2000": _Container(jp2_boxes.read_metadata, jp2_boxes.with_metadata),
    "PNG": _Container(png_chunks.read_metadata, png_chunks.with_metadata),
    "TIFF": _Container(tiff_blocks.read_metadata, tiff_blocks.with_metadata),
    "WebP": _Container(webp_chunks.read_metadata, webp_chunks.with_metadata),
}
"""By the name of the format."""
