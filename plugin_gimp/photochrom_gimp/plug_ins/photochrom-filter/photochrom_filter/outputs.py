"""Into the image with a result: as a new layer above the original, or in place of the original's pixels."""

from gi.repository import Gegl, Gimp

from photochrom_filter.errors import GimpError
from photochrom_filter.layer_mask import limit
from photochrom_filter.pixels import copy


def add_layer(original: Gimp.Layer, picture: Gegl.Buffer, name: str, mode: Gimp.LayerMode) -> Gimp.Layer:
    """A new layer directly above its original, where that one is, as opaque as that one, and limited as a filter is.

    Args:
        original: a layer or a layer group.
        picture: of its size.
        name: of the new layer.
        mode: of the new layer.
    """
    kind = Gimp.ImageType.RGBA_IMAGE if original.has_alpha() else Gimp.ImageType.RGB_IMAGE
    layer = _above(original, original, picture, name, kind, mode)
    layer.set_visible(original.get_visible())
    limit(layer, original)
    return layer


def add_confidence(original: Gimp.Layer, above: Gimp.Layer, confidence: Gegl.Buffer, name: str) -> Gimp.Layer:
    """A new hidden layer with the confidence map: white where the network is sure.

    Args:
        original: whose size and place it has.
        above: the layer directly below it.
        confidence: of the original's size.
        name: of the new layer.
    """
    layer = _above(original, above, confidence, name, Gimp.ImageType.RGB_IMAGE, Gimp.LayerMode.NORMAL)
    layer.set_visible(False)
    return layer


def replace(layer: Gimp.Layer, picture: Gegl.Buffer) -> None:
    """Write a picture in place of a layer's own pixels, as far as the selection lets it; alpha stays as it is."""
    locked = layer.get_lock_alpha()
    layer.set_lock_alpha(True)
    try:
        copy(picture, layer.get_shadow_buffer())
        if not layer.merge_shadow(True):
            raise GimpError(f"GIMP did not write the pixels of the layer {layer.get_name()!r}")
        layer.update(0, 0, layer.get_width(), layer.get_height())
    finally:
        layer.set_lock_alpha(locked)


def _above(
    original: Gimp.Layer,
    below: Gimp.Layer,
    picture: Gegl.Buffer,
    name: str,
    kind: Gimp.ImageType,
    mode: Gimp.LayerMode,
) -> Gimp.Layer:
    image = original.get_image()
    size = (original.get_width(), original.get_height())
    layer = Gimp.Layer.new(image, name, *size, kind, original.get_opacity(), mode)
    copy(picture, layer.get_buffer())
    layer.update(0, 0, *size)
    _found, left, top = original.get_offsets()
    layer.set_offsets(left, top)  # before it is in a group whose position may be locked
    if not image.insert_layer(layer, below.get_parent(), image.get_item_position(below)):
        raise GimpError(f"GIMP did not insert the layer {name!r}")
    return layer
