"""What a filter has done to pixels, in numbers: a test gets these, the pixels stay in GIMP."""

import numpy as np
from gi.repository import Gimp
from tests.gimp.real.inside.drawable_pixels import colours, raw, read


def changes(before: dict[str, np.ndarray], after: dict[str, np.ndarray], where: np.ndarray) -> dict[str, float]:
    """The largest difference of each, among the pixels where ``where`` is true."""
    return {name: float(np.abs(before[name] - after[name])[where].max(initial=0)) for name in before}


def colouring(before: dict[str, np.ndarray], after: dict[str, np.ndarray], where: np.ndarray) -> float:
    """How far a* and b* moved, on average of the pixels where ``where`` is true."""
    return float(np.hypot(after["a"] - before["a"], after["b"] - before["b"])[where].mean())


def compared(layer: Gimp.Layer, stored: np.ndarray, old: dict[str, np.ndarray], selection: np.ndarray):
    """What happened to an original's own pixels."""
    new = colours(layer)
    same = (stored == raw(layer)).all(axis=2) if stored.shape == raw(layer).shape else equal_to_grey(layer, stored)
    visible = old["alpha"] > 0
    return {
        "identical": bool(same.all()),
        "outside": int((selection == 0).sum()),
        "outside_identical": bool(same[selection == 0].all()),
        "changes": changes(old, new, visible),
        "alpha_identical": bool((old["alpha"] == new["alpha"]).all()),
        "colouring": colouring(old, new, visible & (selection > 0)),
    }


def equal_to_grey(layer: Gimp.Layer, stored: np.ndarray) -> np.ndarray:
    """(height, width) where a coloured layer stores what the grey one stored, in each channel of color."""
    new = raw(layer)
    size = stored.shape[2] // (2 if layer.has_alpha() else 1)
    grey, alpha = stored[:, :, :size], stored[:, :, size:]
    return np.asarray((new == np.concatenate([grey, grey, grey, alpha], axis=2)).all(axis=2))


def seen(before: Gimp.Layer, after: Gimp.Layer, selection: np.ndarray):
    """How what is seen of an image has changed; the image of ``after`` is deleted."""
    old, new = colours(before), colours(after)
    visible = old["alpha"] > 0.05
    after.get_image().delete()
    return {
        "changes": changes(old, new, visible),
        "outside": changes(old, new, visible & (selection == 0)),
        "alpha": float(np.abs(old["alpha"] - new["alpha"]).max()),
        "colouring": colouring(old, new, visible & (selection > 0)),
    }


def image_selection(image: Gimp.Image) -> np.ndarray:
    """(height, width) how far each pixel of an image is selected, 0 to 1; without a selection all of them are."""
    if Gimp.Selection.is_empty(image):
        return np.ones((image.get_height(), image.get_width()), np.float32)
    return read(image.get_selection(), "Y float")[:, :, 0]


def selection_of(layer: Gimp.Layer, selection: np.ndarray) -> np.ndarray:
    """(height, width) of a layer: how far each of its pixels is selected; what is outside the image is not."""
    left, top = layer.get_offsets()[-2:]
    result = np.zeros((layer.get_height(), layer.get_width()), np.float32)
    rows = slice(max(0, top), min(selection.shape[0], top + layer.get_height()))
    columns = slice(max(0, left), min(selection.shape[1], left + layer.get_width()))
    result[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = selection[rows, columns]
    return result


def mask_error(image: Gimp.Image, layer: Gimp.Layer, selection: np.ndarray) -> float | None:
    """How far a layer's mask is from the product of its original's mask and the selection; None: it has none.

    The original is the layer below a new one, and every original's mask, if it has one, is a ramp from top to bottom.
    """
    if layer.get_mask() is None:
        return None
    siblings = layer.get_parent().get_children() if layer.get_parent() else image.get_layers()
    place = [sibling.get_id() for sibling in siblings].index(layer.get_id())
    product = selection_of(layer, selection)
    below = siblings[place + 1] if place + 1 < len(siblings) else None
    if below is not None and below.get_mask() is not None and below.get_apply_mask():
        product = product * read(below.get_mask(), "Y float")[:, :, 0]
    return float(np.abs(read(layer.get_mask(), "Y float")[:, :, 0] - product).max())
