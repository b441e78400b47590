"""The pixels of a buffer as bytes, and bytes as pixels; in strips of rows, so that memory stays bounded."""

from collections.abc import Iterator
from typing import Final

from gi.repository import Gegl

from photochrom_filter.messages import Picture
from photochrom_filter.pixel_format import gegl_format

_STRIP_ROWS: Final = 256
"""A multiple of the height of GIMP's tiles, so that each is fetched once."""
_STRIP_SIZE: Final = 16 << 20
"""Of a strip, at most; a single row may have more [bytes]."""


def read(buffer: Gegl.Buffer, picture: Picture) -> Iterator[bytes]:
    """All pixels of a buffer, from the top row to the bottom row.

    Args:
        buffer: of the picture's size.
        picture: the form that the pixels shall have.
    """
    rows = max(1, min(_STRIP_ROWS, _STRIP_SIZE // picture.row_size))
    for top in range(0, picture.height, rows):
        area = Gegl.Rectangle.new(0, top, picture.width, min(rows, picture.height - top))
        yield buffer.get(area, 1.0, gegl_format(picture), Gegl.AbyssPolicy.NONE)


class PixelSink:
    """A picture that belongs to no image yet, filled from the top by rows as they come."""

    def __init__(self, picture: Picture) -> None:
        """An empty picture.

        Args:
            picture: the form in which the pixels will come.
        """
        self.buffer = Gegl.Buffer.new(gegl_format(picture), 0, 0, picture.width, picture.height)
        self._picture = picture
        self._row = 0

    def write(self, strip: bytes | memoryview) -> None:
        """Take the next rows.

        Raises:
            ValueError: they are no whole rows, or too many; GEGL itself would ignore them without a word.
        """
        rows, rest = divmod(len(strip), self._picture.row_size)
        if rest or self._row + rows > self._picture.height:
            raise ValueError(f"{len(strip)} bytes at row {self._row} do not fit into {self._picture}")
        area = Gegl.Rectangle.new(0, self._row, self._picture.width, rows)
        # Bytes: of anything else PyGObject takes one number after the other, which takes hundreds of times as long.
        self.buffer.set(area, gegl_format(self._picture), bytes(strip))
        self._row += rows


def copy(source: Gegl.Buffer, target: Gegl.Buffer) -> None:
    """Write a whole picture into one of the same size, converted to what that one holds."""
    area = source.get_extent()
    source.copy(area, Gegl.AbyssPolicy.NONE, target, area)
    target.flush()


def multiply(source: Gegl.Buffer, target: Gegl.Buffer) -> None:
    """Multiply a whole picture with another one of the same size."""
    extent = target.get_extent()
    product = Gegl.Buffer.new("Y float", extent.x, extent.y, extent.width, extent.height)
    graph = Gegl.Node()
    factors = []
    for buffer in (target, source):
        factor = graph.create_child("gegl:buffer-source")
        factor.set_property("buffer", buffer)
        factors.append(factor)
    times, written = graph.create_child("gegl:multiply"), graph.create_child("gegl:write-buffer")
    written.set_property("buffer", product)
    factors[0].link(times)
    factors[1].connect_to("output", times, "aux")
    times.link(written)
    written.process()
    copy(product, target)
