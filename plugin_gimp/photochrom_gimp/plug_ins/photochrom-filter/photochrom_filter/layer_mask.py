"""What limits a new layer: the selection, and the mask of the layer it was made from."""

from gi.repository import Gimp

from photochrom_filter.errors import GimpError
from photochrom_filter.pixels import copy, multiply


def limit(layer: Gimp.Layer, original: Gimp.Layer) -> None:
    """Give a new layer the mask that limits it as a filter on the original would be.

    Where there are both a selection and a mask, the new mask is their product; feathered edges stay as they are.

    Args:
        layer: in the image already, without a mask, of the size and at the place of the original.
        original: its own mask counts if it is switched on.
    """
    own = original.get_mask() if original.get_apply_mask() else None
    selected = not Gimp.Selection.is_empty(layer.get_image())
    if own is None and not selected:
        return
    mask = layer.create_mask(Gimp.AddMaskType.SELECTION if selected else Gimp.AddMaskType.BLACK)
    # Before it is the layer's, in a group whose pixels may be locked.
    if own is not None and selected:
        multiply(own.get_buffer(), mask.get_buffer())
    elif own is not None:
        copy(own.get_buffer(), mask.get_buffer())
    if not layer.add_mask(mask):
        raise GimpError(f"GIMP did not add a mask to the layer {layer.get_name()!r}")
    layer.set_edit_mask(False)
