"""Runs inside GIMP, as its batch: is the filter there, and does it colorize a small picture?

Prints one line of JSON after `MARK`. The picture is made up: a soft ramp from black to white.
"""

import json
import sys
import time

from gi.repository import Gimp

MARK = "photochrom-proof "
PROCEDURE = "python-fu-photochrom-colorize"
WIDTH, HEIGHT = 64, 48


def prove() -> dict[str, object]:
    """What came of it: "registered", and if so the "status" and "message" of a call and what it did."""
    procedure = Gimp.get_pdb().lookup_procedure(PROCEDURE)
    if procedure is None:
        return {"registered": False}
    image = Gimp.Image.new(WIDTH, HEIGHT, Gimp.ImageBaseType.RGB)
    try:
        layer = Gimp.Layer.new(image, "ramp", WIDTH, HEIGHT, Gimp.ImageType.RGB_IMAGE, 100, Gimp.LayerMode.NORMAL)
        image.insert_layer(layer, None, 0)
        Gimp.context_set_default_colors()
        layer.edit_gradient_fill(Gimp.GradientType.LINEAR, 0, False, 1, 0, False, 0, 0, WIDTH, HEIGHT)
        config = procedure.create_config()
        config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
        config.set_property("image", image)
        config.set_core_object_array("drawables", [layer])
        config.set_property("output", "new-layer")
        begin = time.monotonic()
        result = procedure.run(config)
        seconds = time.monotonic() - begin
        succeeded = result.index(0) == Gimp.PDBStatusType.SUCCESS
        layers = image.get_layers()
        return {
            "registered": True,
            "succeeded": succeeded,
            "message": "" if succeeded else str(result.index(1)),
            "layers": [added.get_name() for added in layers],
            "coloured": len(layers) > 1 and is_coloured(layers[0]),
            "seconds": seconds,
        }
    finally:
        image.delete()


def is_coloured(layer: Gimp.Layer) -> bool:
    """Whether any of some pixels on the diagonal is not grey."""
    for step in range(1, 8):
        red, green, blue, _ = layer.get_pixel(WIDTH * step // 8, HEIGHT * step // 8).get_rgba()
        if max(red, green, blue) - min(red, green, blue) > 1 / 255:
            return True
    return False


sys.stdout.write(MARK + json.dumps(prove()) + "\n")
sys.stdout.flush()
