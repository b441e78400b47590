"""A small copy of a layer for the preview to work on: its pixels, and how far a filter may change them."""

from dataclasses import dataclass

from gi.repository import GdkPixbuf, Gegl, Gimp, GLib

from photochrom_filter.appearance import seen_pixels
from photochrom_filter.messages import Picture
from photochrom_filter.pixel_format import gegl_format

_CHECK_SIZE = 8
"""Side of the squares that stand for transparency [pixels]."""
_CHECK_COLOURS = (0x999999, 0x666666)
"""GIMP's own, as long as nobody chooses others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A layer as it was when the dialog opened, made small."""

    picture: Picture
    """The shape of the pixels: RGB or RGBA of eight bits."""
    data: bytes
    """The pixels."""
    opacity: bytes | None
    """How much is seen of each pixel by the layer's alpha and mask, 0 to 255; None: it has neither."""
    selection: bytes | None
    """How far each pixel is selected, 0 to 255; None: nothing is, so the whole layer changes."""

    def before(self) -> GdkPixbuf.Pixbuf:
        """The layer as it is, on the checkerboard where it is transparent."""
        return self._shown(self.data)

    def after(self, data: bytes) -> GdkPixbuf.Pixbuf:
        """The layer as it will look.

        Args:
            data: the result's pixels, of the same shape as the copy's own.
        """
        if self.selection is None:
            return self._shown(data)
        image = self.before()
        limited = _with_alpha(self._shown(data), self.selection)
        width, height = self.picture.width, self.picture.height
        limited.composite(image, 0, 0, width, height, 0, 0, 1, 1, GdkPixbuf.InterpType.NEAREST, 255)
        return image

    def _shown(self, data: bytes) -> GdkPixbuf.Pixbuf:
        width, height, channels = self.picture.width, self.picture.height, self.picture.channels
        image = GdkPixbuf.Pixbuf.new_from_bytes(
            GLib.Bytes.new(data), GdkPixbuf.Colorspace.RGB, channels == 4, 8, width, height, self.picture.row_size
        )
        if self.opacity is None:
            return image
        return _with_alpha(image, self.opacity).composite_color_simple(
            width, height, GdkPixbuf.InterpType.NEAREST, 255, _CHECK_SIZE, *_CHECK_COLOURS
        )


def take(layer: Gimp.Layer, longest: int) -> Snapshot:
    """A small copy of a layer or layer group as it looks, and of what limits a filter on it.

    Args:
        layer: of any size; a small one keeps its size.
        longest: the most that the copy's longer side may have [pixels].
    """
    scale = min(1.0, longest / max(layer.get_width(), layer.get_height()))
    width = max(1, round(layer.get_width() * scale))
    height = max(1, round(layer.get_height() * scale))
    area = Gegl.Rectangle.new(0, 0, width, height)
    picture = Picture(width=width, height=height, channels=4 if layer.has_alpha() else 3, depth="u8")
    with seen_pixels(layer) as pixels:
        data = pixels.get(area, scale, gegl_format(picture), Gegl.AbyssPolicy.CLAMP)
    opacity = data[3::4] if layer.has_alpha() else None
    mask = layer.get_mask() if layer.get_apply_mask() else None
    if mask is not None:
        shown = _read_mask(mask, area, scale)
        opacity = shown if opacity is None else bytes(a * b // 255 for a, b in zip(opacity, shown, strict=True))
    image = layer.get_image()
    selection = None
    if not Gimp.Selection.is_empty(image):
        _found, left, top = layer.get_offsets()
        place = Gegl.Rectangle.new(round(left * scale), round(top * scale), width, height)
        selection = _read_mask(image.get_selection(), place, scale)
    return Snapshot(picture=picture, data=data, opacity=opacity, selection=selection)


def _read_mask(mask: Gimp.Channel, area: Gegl.Rectangle, scale: float) -> bytes:
    data: bytes = mask.get_buffer().get(area, scale, "Y u8", Gegl.AbyssPolicy.NONE)
    return data


def _with_alpha(image: GdkPixbuf.Pixbuf, alpha: bytes) -> GdkPixbuf.Pixbuf:
    width, height = image.get_width(), image.get_height()
    # With an alpha channel, a row is four bytes a pixel, without padding.
    data = bytearray(image.add_alpha(False, 0, 0, 0).get_pixels())
    data[3::4] = alpha
    return GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(bytes(data)), GdkPixbuf.Colorspace.RGB, True, 8, width, height, 4 * width
    )
