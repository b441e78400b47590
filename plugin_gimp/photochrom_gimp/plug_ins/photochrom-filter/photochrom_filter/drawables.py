"""Which drawables a filter takes; everything that would go wrong later is refused here, before anything is computed."""

from collections.abc import Sequence

from gi.repository import Gimp

from photochrom_filter.errors import RefusalError
from photochrom_filter.procedures import Output
from photochrom_filter.texts import _


def check(image: Gimp.Image, drawables: Sequence[Gimp.Drawable], output: Output) -> None:
    """Let pass what can be processed.

    Args:
        image: that the drawables are in.
        drawables: what was selected.
        output: where the result shall go.

    Raises:
        RefusalError: one of them cannot; the message says why and what to do.
    """
    if not image.is_valid() or not all(drawable.is_valid() for drawable in drawables):
        raise RefusalError(_("The image was changed meanwhile; nothing was colorized. Try again."))
    if not drawables:
        raise RefusalError(_("No layer is selected; select the photograph's layer."))
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise RefusalError(
            _("The image is indexed and cannot hold the colors; choose Image ▸ Mode ▸ RGB first, then try again.")
        )
    if image.get_floating_sel() is not None:
        raise RefusalError(_("The image has a floating selection; anchor it or make it a layer first."))
    for drawable in drawables:
        _check_kind(drawable)
        _check_selection(image, drawable)
        if output == "replace":
            _check_replaceable(drawable)


def _check_kind(drawable: Gimp.Drawable) -> None:
    name = drawable.get_name()
    if drawable.is_layer_mask():
        raise RefusalError(_("“{name}” is a layer mask; select the layer itself.").format(name=name))
    if not drawable.is_layer():
        raise RefusalError(_("“{name}” is a channel; select a layer.").format(name=name))
    if drawable.is_group() and not drawable.get_children():
        raise RefusalError(_("The layer group “{name}” is empty.").format(name=name))


def _check_selection(image: Gimp.Image, drawable: Gimp.Drawable) -> None:
    if Gimp.Selection.is_empty(image):
        return
    meets, *_area = drawable.mask_intersect()
    if not meets:
        raise RefusalError(
            _("The selection does not meet the layer “{name}”; select some of it, or nothing for all of it.").format(
                name=drawable.get_name()
            )
        )


def _check_replaceable(drawable: Gimp.Drawable) -> None:
    name = drawable.get_name()
    if drawable.is_group():
        raise RefusalError(
            _("“{name}” is a layer group, which has no pixels of its own to replace; choose a new layer.").format(
                name=name
            )
        )
    if _is_drawn_from_elsewhere(drawable):
        raise RefusalError(
            _("The pixels of “{name}” are drawn from a file or a path; rasterize it, or choose a new layer.").format(
                name=name
            )
        )
    item = drawable
    while item is not None:
        if item.get_lock_content():
            raise RefusalError(
                _("The pixels of “{name}” are locked; unlock them, or choose a new layer.").format(name=item.get_name())
            )
        item = item.get_parent()


def _is_drawn_from_elsewhere(drawable: Gimp.Drawable) -> bool:
    """Whether it is a link or vector layer, which GIMP has since 3.2."""
    return any(getattr(drawable, question, bool)() for question in ("is_link_layer", "is_vector_layer"))
