"""Every kind of image that GIMP has, with and without alpha: colours come, lightness, alpha and precision stay."""

import pytest
from tests.gimp.real.filter_facts import Json, largest, process

ROUNDING = {
    "u8-non-linear": 0.3,
    "u8-linear": 1.8,
    "u16-perceptual": 0.003,
    "u16-linear": 0.015,
    "u32-perceptual": 0.001,
    "u32-linear": 0.001,
    "half-perceptual": 0.08,
    "half-linear": 0.08,
    "float-perceptual": 0.001,
    "float-linear": 0.001,
}
"""How far L* may move when colours are stored in a precision: about half a step of each channel, and float32's own."""
CONVERTED = 0.1
"""How far L* may move in an image of another profile: GIMP's own way to sRGB and back moves it by up to 0.075."""
CLIPPED = 0.08
"""How far GIMP's L* may move in mode LCh Color, where GIMP cuts off what is not in the image's gamut."""
TWO_LAYERS = [{"name": "with alpha", "alpha": True}, {"name": "opaque"}]
COLOURING = {"RGB": 1.0, "GRAY": 5.0}
"""How far a* and b* move at least, on average; a coloured photograph's own are near the network's."""
PRECISIONS = [name.upper().replace("-", "_") for name in ROUNDING]


@pytest.mark.parametrize("base", ["RGB", "GRAY"])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_replaced_pixels_keep_lightness_alpha_and_precision(gimp, base, precision):
    facts = process(gimp, {"base": base, "precision": precision, "layers": TWO_LAYERS}, output="replace")
    assert facts["status"] == "success", facts["sentence"]
    assert (facts["base"], facts["precision"]) == ("rgb", precision.lower().replace("_", "-"))
    assert [layer["type"] for layer in facts["layers"]] == ["rgba-image", "rgb-image"]
    for original in facts["originals"]:
        assert original["colouring"] > COLOURING[base]
        assert original["alpha_identical"]
        assert original["changes"]["lightness"] < ROUNDING[facts["precision"]]


@pytest.mark.parametrize("base", ["RGB", "GRAY"])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_new_layer_colors_what_is_seen_and_nothing_else(gimp, base, precision):
    wanted: Json = {"base": base, "precision": precision, "layers": TWO_LAYERS, "selected": ["with alpha"]}
    facts = process(gimp, wanted)
    assert facts["status"] == "success", facts["sentence"]
    assert (facts["base"], facts["precision"]) == ("rgb", precision.lower().replace("_", "-"))
    [original] = facts["originals"]
    assert original["alpha_identical"]
    assert original["changes"]["lightness"] < ROUNDING[facts["precision"]]
    assert base == "GRAY" or original["identical"]
    assert facts["seen"]["colouring"] > COLOURING[base] / 2
    assert facts["seen"]["alpha"] == 0
    assert facts["seen"]["changes"]["gimp_lightness"] < max(CLIPPED, ROUNDING[facts["precision"]])


@pytest.mark.parametrize(
    ("base", "profile"), [("RGB", "adobe"), ("RGB", "linear"), ("GRAY", "gray-lab"), ("GRAY", "gray-linear")]
)
@pytest.mark.parametrize("output", ["new-layer-color", "new-layer", "replace"])
def test_an_images_own_profile_is_respected(gimp, base, profile, output):
    wanted: Json = {"base": base, "profile": profile, "precision": "U16_NON_LINEAR"}
    facts = process(gimp, wanted, output=output)
    assert facts["status"] == "success", facts["sentence"]
    changes = facts["seen"]["changes"]
    if output == "new-layer-color":
        assert changes["gimp_lightness"] < CLIPPED
    else:
        assert changes["lightness"] < CONVERTED
    assert facts["seen"]["colouring"] > COLOURING[base]


def test_eight_bits_of_another_profile_lose_no_more_than_their_rounding(gimp):
    facts = process(gimp, {"profile": "adobe"}, output="replace")
    assert facts["seen"]["changes"]["lightness"] < ROUNDING["u8-non-linear"]


def test_without_strength_the_photographs_own_colours_stay(gimp):
    facts = process(gimp, {"precision": "FLOAT_LINEAR"}, output="replace", strength=0.0)
    assert facts["status"] == "success"
    assert largest(facts["originals"][0]["changes"]) < 0.05


def test_values_beyond_white_are_coloured_as_white_and_stay_in_the_original(gimp):
    facts = process(gimp, {"precision": "HALF_LINEAR", "layers": [{"name": "bright", "factor": 3}]})
    assert facts["status"] == "success"
    assert facts["originals"][0]["identical"]
    assert facts["seen"]["changes"]["gimp_lightness"] < 0.15
