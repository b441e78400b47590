"""Images in GIMP, made as a test describes them."""

import numpy as np
from gi.repository import Gegl, Gimp, Gio
from tests.gimp.real.inside.drawable_pixels import all_layers, read, write

PHOTOGRAPH = "/src/samples/astronaut.jpg"
TYPES = {("RGB", False): "RGB_IMAGE", ("RGB", True): "RGBA_IMAGE", ("GRAY", False): "GRAY_IMAGE"}
TYPES |= {("GRAY", True): "GRAYA_IMAGE"}
PROFILES = {
    "adobe": Gimp.ColorProfile.new_rgb_adobe,
    "linear": Gimp.ColorProfile.new_rgb_srgb_linear,
    "gray-lab": Gimp.ColorProfile.new_d50_gray_lab_trc,
    "gray-linear": Gimp.ColorProfile.new_d65_gray_linear,
}


def photograph(width: int, height: int) -> np.ndarray:
    """(height, width, 4) sRGB-coded float pixels of a yellowed photograph; alpha rises from left to right."""
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(PHOTOGRAPH))
    layer = image.get_layers()[0]
    layer.scale(width, height, False)
    pixels = read(layer, "R'G'B'A float")
    image.delete()
    pixels[:, :, :3] *= np.array([1, 0.95, 0.85], np.float32)
    pixels[:, :, 3] = np.clip(np.linspace(-0.3, 1.3, width), 0, 1)
    return pixels


def make_layer(image: Gimp.Image, base: str, wanted, parent: Gimp.Layer | None) -> None:
    """Put a layer, or a group with its layers, into an image, below what is there."""
    place = len(parent.get_children() if parent else image.get_layers())
    if "layers" in wanted:
        layer = Gimp.GroupLayer.new(image, wanted["name"])
        image.insert_layer(layer, parent, place)
        for child in wanted["layers"]:
            make_layer(image, base, child, layer)
    else:
        width, height = wanted.get("size", (image.get_width(), image.get_height()))
        kind = getattr(Gimp.ImageType, TYPES[base, wanted.get("alpha", False)])
        layer = Gimp.Layer.new(image, wanted["name"], width, height, kind, 100, Gimp.LayerMode.NORMAL)
        image.insert_layer(layer, parent, place)
        layer.set_offsets(*wanted.get("offset", (0, 0)))
        pixels = photograph(width, height)
        if not wanted.get("alpha"):
            pixels[:, :, 3] = 1
        write(layer, "R'G'B'A float", pixels * np.float32(wanted.get("factor", 1)))
    layer.set_opacity(wanted.get("opacity", 100))
    layer.set_visible(wanted.get("visible", True))
    layer.set_lock_content(wanted.get("locked", False))
    layer.set_lock_position(wanted.get("fixed", False))
    if "effect" in wanted:
        effect = Gimp.DrawableFilter.new(layer, wanted["effect"], "effect")
        layer.append_filter(effect)
    if "mask" in wanted:
        mask = layer.create_mask(Gimp.AddMaskType.WHITE)
        layer.add_mask(mask)
        ramp = np.linspace(0, 1, mask.get_height(), dtype=np.float32)[:, None]
        write(mask, "Y float", np.repeat(ramp, mask.get_width(), axis=1))
        layer.set_apply_mask(wanted["mask"] == "on")


def make_image(wanted) -> Gimp.Image:
    """An image as described: base, precision, profile, size, layers, selection."""
    indexed = wanted.get("base") == "INDEXED"
    base = "RGB" if indexed else wanted.get("base", "RGB")
    width, height = wanted.get("size", (96, 64))
    precision = getattr(Gimp.Precision, wanted.get("precision", "U8_NON_LINEAR"))
    image = Gimp.Image.new_with_precision(width, height, getattr(Gimp.ImageBaseType, base), precision)
    if "profile" in wanted:
        image.set_color_profile(PROFILES[wanted["profile"]]())
    for layer in wanted.get("layers", [{"name": "photo"}]):
        make_layer(image, base, layer, None)
    if "selection" in wanted:
        image.select_rectangle(Gimp.ChannelOps.REPLACE, *wanted["selection"])
        if wanted.get("feather"):
            Gimp.Selection.feather(image, wanted["feather"])
    names = wanted.get("selected", [layer.get_name() for layer in image.get_layers()])
    image.set_selected_layers([layer for layer in all_layers(image) if layer.get_name() in names])
    if indexed:
        image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 16, False, False, "")
    image.clean_all()
    return image


def target(image: Gimp.Image, what: str) -> list[Gimp.Drawable]:
    """On what of an image the filter is called."""
    layer = image.get_layers()[0]
    if what == "mask":
        return [layer.get_mask()]
    if what == "channel":
        channel = Gimp.Channel.new(image, "channel", 9, 9, 50, Gegl.Color.new("red"))
        image.insert_channel(channel, None, 0)
        return [channel]
    if what == "floating selection":
        Gimp.edit_copy([layer])
        return list(Gimp.edit_paste(layer, False))
    return [] if what == "nothing" else image.get_selected_layers()
