"""The pixels of a layer as they look: with the effects that GIMP 3 keeps on it."""

from collections.abc import Iterator
from contextlib import contextmanager

from gi.repository import Gegl, Gimp

from photochrom_filter.errors import GimpError


@contextmanager
def seen_pixels(layer: Gimp.Layer) -> Iterator[Gegl.Buffer]:
    """A layer's or layer group's pixels with its effects, as long as the block runs; of its size, beginning at (0, 0).

    Args:
        layer: it stays as it is; its effects are merged in a copy of it, in an image of its own.

    Raises:
        GimpError: GIMP did not merge them.
    """
    if not any(effect.get_visible() for effect in layer.get_filters()):
        yield layer.get_buffer()
        return
    image = layer.get_image()
    width, height = layer.get_width(), layer.get_height()
    aside = Gimp.Image.new_with_precision(width, height, image.get_base_type(), image.get_precision())
    try:
        profile = image.get_color_profile()
        if profile is not None:
            aside.set_color_profile(profile)
        merged = _merged(Gimp.Layer.new_from_drawable(layer, aside), aside)
        _found, left, top = layer.get_offsets()
        _found, merged_left, merged_top = merged.get_offsets()
        area = Gegl.Rectangle.new(left - merged_left, top - merged_top, width, height)
        source = merged.get_buffer()
        pixels = Gegl.Buffer.new("RGBA float", 0, 0, width, height)
        source.copy(area, Gegl.AbyssPolicy.NONE, pixels, Gegl.Rectangle.new(0, 0, width, height))
        yield pixels
    finally:
        aside.delete()


def _merged(copy: Gimp.Layer, image: Gimp.Image) -> Gimp.Layer:
    """A copy of a layer with its effects in its pixels, and nothing else of what the layer does to them."""
    image.insert_layer(copy, None, 0)
    if copy.get_mask() is not None:
        copy.remove_mask(Gimp.MaskApplyMode.DISCARD)
    copy.set_opacity(100)
    copy.set_visible(True)
    if copy.is_group():
        copy.set_mode(Gimp.LayerMode.NORMAL)
        merged: Gimp.Layer | None = copy.merge()
    else:
        merged = copy if copy.merge_filters() else None
    if merged is None:
        raise GimpError(f"GIMP did not merge the effects of the layer {copy.get_name()!r}")
    return merged
