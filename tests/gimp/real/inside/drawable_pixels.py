"""What is stored in drawables and known of images: bytes, colours, and a hash of everything."""

import hashlib
import json
from collections.abc import Iterator

import numpy as np
from gi.repository import Gegl, Gimp


def area(drawable: Gimp.Drawable) -> Gegl.Rectangle:
    return Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())


def read(drawable: Gimp.Drawable, form: str) -> np.ndarray:
    """(height, width, channels) pixels in a GEGL format of floats."""
    data = drawable.get_buffer().get(area(drawable), 1.0, form, Gegl.AbyssPolicy.NONE)
    return np.frombuffer(data, np.float32).reshape(drawable.get_height(), drawable.get_width(), -1).copy()


def raw(drawable: Gimp.Drawable) -> np.ndarray:
    """(height, width, bytes) a drawable's pixels as they are stored."""
    data = drawable.get_buffer().get(area(drawable), 1.0, None, Gegl.AbyssPolicy.NONE)
    return np.frombuffer(data, np.uint8).reshape(drawable.get_height(), drawable.get_width(), -1)


def write(drawable: Gimp.Drawable, form: str, pixels: np.ndarray) -> None:
    buffer = drawable.get_buffer()
    buffer.set(area(drawable), form, np.ascontiguousarray(pixels, np.float32).tobytes())
    buffer.flush()
    drawable.update(0, 0, drawable.get_width(), drawable.get_height())


def colours(drawable: Gimp.Drawable) -> dict[str, np.ndarray]:
    """What pixels look like, each (height, width): lightness as photochrom and as GIMP has it, a*, b*, and alpha.

    GIMP's L* is that of D50, photochrom's that of D65, which is sRGB's own white: for colours the two differ.
    """
    light = read(drawable, "RGB float")
    y = np.clip(light @ np.array([0.212671, 0.715160, 0.072169], np.float32), 0, None)
    lab = read(drawable, "CIE Lab alpha float")
    return {
        "lightness": np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, y * 24389 / 27),
        "gimp_lightness": lab[:, :, 0],
        "a": lab[:, :, 1],
        "b": lab[:, :, 2],
        "alpha": lab[:, :, 3],
    }


def all_layers(image: Gimp.Image) -> list[Gimp.Layer]:
    """Every layer, from the top, groups before what is in them."""

    def walk(layers: list[Gimp.Layer]) -> Iterator[Gimp.Layer]:
        for layer in layers:
            yield layer
            if layer.is_group():
                yield from walk(layer.get_children())

    return list(walk(image.get_layers()))


def described(layer: Gimp.Layer):
    """What can be said of a layer besides its pixels."""
    parent = layer.get_parent()
    return {
        "name": layer.get_name(),
        "parent": parent.get_name() if parent else None,
        "mode": layer.get_mode().value_nick,
        "type": layer.type().value_nick,
        "opacity": round(layer.get_opacity(), 3),
        "visible": layer.get_visible(),
        "size": [layer.get_width(), layer.get_height()],
        "offset": list(layer.get_offsets()[-2:]),
        "mask": layer.get_mask() is not None,
        "edit_mask": layer.get_edit_mask(),
        "lock_alpha": layer.get_lock_alpha(),
        "selected": layer.get_id() in {chosen.get_id() for chosen in layer.get_image().get_selected_layers()},
    }


def state(image: Gimp.Image) -> str:
    """A hash of everything about an image that a filter could change."""
    digest = hashlib.sha256()
    digest.update(f"{image.get_base_type()} {image.get_precision()} {image.get_width()} {image.get_height()}".encode())
    digest.update(raw(image.get_selection()).tobytes())
    for layer in all_layers(image):
        digest.update(json.dumps(described(layer)).encode())
        digest.update(raw(layer).tobytes())
        if layer.get_mask():
            digest.update(raw(layer.get_mask()).tobytes())
    return digest.hexdigest()


def composite(image: Gimp.Image) -> Gimp.Layer:
    """What is seen of an image, as the one layer of an image of its own."""
    seen = image.duplicate()
    seen.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
    layer = next(layer for layer in seen.get_layers() if layer.get_visible())
    layer.resize_to_image_size()
    return layer
