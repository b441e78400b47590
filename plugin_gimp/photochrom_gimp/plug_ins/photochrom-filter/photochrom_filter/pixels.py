"""The pixels of a drawable as bytes, and bytes as pixels; in strips of rows, so that memory stays bounded."""

from collections.abc import Iterator

from gi.repository import Gegl, Gimp

from photochrom_filter.pixel_format import PixelFormat

_STRIP_ROWS = 256
"""A multiple of the height of GIMP's tiles, so that each is fetched once."""
_STRIP_BYTES = 16 << 20
"""Of a strip, at most; a single row may have more."""


def read(drawable: Gimp.Drawable, form: PixelFormat) -> Iterator[bytes]:
    """All pixels of a drawable, from the top row to the bottom row."""
    width, height = drawable.get_width(), drawable.get_height()
    buffer = drawable.get_buffer()
    rows = _strip_rows(width * form.pixel_bytes)
    for top in range(0, height, rows):
        area = Gegl.Rectangle.new(0, top, width, min(rows, height - top))
        yield buffer.get(area, 1.0, form.name, Gegl.AbyssPolicy.NONE)


def read_small(drawable: Gimp.Drawable, longest: int) -> tuple[int, int, PixelFormat, bytes]:
    """A smaller copy of a drawable, of eight bits, for looking at.

    Args:
        drawable: of any size; a small one keeps its size.
        longest: the most that the copy's longer side may have [pixels].

    Returns:
        width and height of the copy [pixels], the form of its pixels, and the pixels.
    """
    scale = min(1.0, longest / max(drawable.get_width(), drawable.get_height()))
    width = max(1, round(drawable.get_width() * scale))
    height = max(1, round(drawable.get_height() * scale))
    form = PixelFormat(4 if drawable.has_alpha() else 3, "u8")
    area = Gegl.Rectangle.new(0, 0, width, height)
    return width, height, form, drawable.get_buffer().get(area, scale, form.name, Gegl.AbyssPolicy.CLAMP)


class PixelSink:
    """A picture that is filled by bytes as they come, in pieces of any length; it belongs to no image."""

    def __init__(self, width: int, height: int, form: PixelFormat) -> None:
        """An empty picture.

        Args:
            width: [pixels].
            height: [pixels].
            form: of the pixels that will come.
        """
        self.buffer = Gegl.Buffer.new(form.name, 0, 0, width, height)
        self._width = width
        self._height = height
        self._name = form.name
        self._row_bytes = width * form.pixel_bytes
        self._rest = bytearray()
        self._row = 0

    def write(self, data: bytes) -> None:
        """Take the next bytes of the picture.

        Raises:
            ValueError: they are more than the picture has; GEGL itself would ignore what does not fit.
        """
        self._rest += data
        rows = len(self._rest) // self._row_bytes
        if self._row + rows > self._height:
            raise ValueError(f"more bytes came than {self._width} x {self._height} pixels have")
        if rows:
            used = rows * self._row_bytes
            area = Gegl.Rectangle.new(0, self._row, self._width, rows)
            self.buffer.set(area, self._name, bytes(memoryview(self._rest)[:used]))
            del self._rest[:used]
            self._row += rows

    @property
    def is_full(self) -> bool:
        """Whether every pixel came, and nothing more."""
        return self._row == self._height and not self._rest


def copy(source: Gegl.Buffer, target: Gegl.Buffer) -> None:
    """Write a whole picture into one of the same size, converted to what that one holds."""
    area = Gegl.Rectangle.new(0, 0, source.props.width, source.props.height)
    source.copy(area, Gegl.AbyssPolicy.NONE, target, area)
    target.flush()


def _strip_rows(row_bytes: int) -> int:
    return max(1, min(_STRIP_ROWS, _STRIP_BYTES // row_bytes))
