"""What limits a new layer: the selection, and the mask of the layer it was made from."""

from gi.repository import Gimp

from photochrom_filter.errors import GimpError
from photochrom_filter.pixels import copy


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
    kind = Gimp.AddMaskType.SELECTION if own is None else Gimp.AddMaskType.BLACK
    mask = layer.create_mask(kind)
    if not layer.add_mask(mask):
        raise GimpError(f"GIMP did not add a mask to the layer {layer.get_name()!r}")
    if own is not None:
        # Through the shadow buffer: GIMP writes it as far as the selection lets it.
        shadow = mask.get_shadow_buffer()
        copy(own.get_buffer(), shadow)
        mask.merge_shadow(False)
        mask.update(0, 0, mask.get_width(), mask.get_height())
    layer.set_edit_mask(False)
