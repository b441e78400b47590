"""The filter, called inside GIMP on images that are made for it, and what is then known of them."""

from gi.repository import Gimp
from tests.gimp.real.inside.comparison import compared, image_selection, mask_error, seen, selection_of
from tests.gimp.real.inside.drawable_pixels import all_layers, colours, composite, described, raw, state
from tests.gimp.real.inside.made_image import make_image, target

PROCEDURE = "python-fu-photochrom-colorize"


def call(
    image: Gimp.Image,
    arguments,
    drawables: list[Gimp.Drawable],
    mode: Gimp.RunMode = Gimp.RunMode.NONINTERACTIVE,
):
    """Status and sentence of the filter."""
    procedure = Gimp.get_pdb().lookup_procedure(PROCEDURE)
    config = procedure.create_config()
    config.set_property("run-mode", mode)
    config.set_property("image", image)
    config.set_core_object_array("drawables", drawables)
    for name, value in arguments.items():
        config.set_property(name, value)
    result = procedure.run(config)
    sentence = result.index(1) if result.length() > 1 else None
    return {"status": Gimp.PDBStatusType(result.index(0)).value_nick, "sentence": sentence}


def process(wanted, arguments):
    """Make an image, call the filter on it, and tell what came of it; no image stays behind."""
    image = make_image(wanted)
    drawables = target(image, wanted.get("target", "layers"))
    image.clean_all()
    before = state(image)
    seen_before = composite(image)
    originals = [(layer, raw(layer), colours(layer)) for layer in image.get_selected_layers()]
    selection = image_selection(image)
    facts = call(image, arguments, drawables)
    facts["unchanged"] = state(image) == before and not image.is_dirty()
    facts["base"] = image.get_base_type().value_nick
    facts["precision"] = image.get_precision().value_nick
    facts["layers"] = [described(layer) for layer in all_layers(image)]
    facts["originals"] = [
        compared(layer, stored, old, selection_of(layer, selection)) for layer, stored, old in originals
    ]
    facts["seen"] = seen(seen_before, composite(image), selection)
    facts["masks"] = [mask_error(image, layer, selection) for layer in all_layers(image)]
    for each in (seen_before.get_image(), image):
        each.delete()
    return facts


def call_again():
    """Call the filter on a new image with the last values, and tell the names of its layers."""
    image = make_image({})
    facts = call(image, {}, image.get_selected_layers(), Gimp.RunMode.WITH_LAST_VALS)
    facts["layers"] = [layer.get_name() for layer in image.get_layers()]
    image.delete()
    return facts


def show(wanted) -> None:
    """Make an image and open it in a window."""
    Gimp.Display.new(make_image(wanted))


def shown():
    """What there is to know of the only image, in so far as an undo has to give it back."""
    (image,) = Gimp.get_images()
    return {
        "state": state(image),
        "dirty": image.is_dirty(),
        "layers": [layer["name"] for layer in map(described, all_layers(image))],
    }


def call_shown(arguments):
    """Status and sentence of the filter, called on the selected layers of the only image."""
    (image,) = Gimp.get_images()
    return call(image, arguments, image.get_selected_layers())


def close() -> None:
    """Close the only image, whatever is changed in it."""
    (image,) = Gimp.get_images()
    image.clean_all()
    for display in list_displays():
        display.delete()


def list_displays() -> list[Gimp.Display]:
    """The windows; GIMP numbers them from 1."""
    return [display for number in range(1, 200) if (display := Gimp.Display.get_by_id(number)) is not None]
