"""Where the colors go: to their layer's own place, as far as selection and mask let them, and nowhere else."""

import pytest
from tests.gimp.real.filter_facts import MADE_BY, Json, largest, process

MASK_STEP = 1.5 / 255
"""How exactly a mask of 8 bits holds a product."""
OUTPUTS = ["new-layer-color", "new-layer", "replace"]
PLACES: dict[str, Json] = {
    "smaller": {"size": [40, 30], "offset": [20, 10]},
    "larger": {"size": [200, 150], "offset": [-30, -40]},
    "partly outside": {"size": [60, 60], "offset": [-25, 30], "alpha": True},
    "one pixel": {"size": [1, 1], "offset": [95, 63]},
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("output", ["new-layer-color", "replace"])
def test_a_layer_of_any_size_at_any_place_is_processed_there(gimp, place, output):
    layer: Json = {"name": "odd", **PLACES[place]}
    facts = process(gimp, {"layers": [layer, {"name": "below"}], "selected": ["odd"]}, output=output)
    assert facts["status"] == "success", facts["sentence"]
    for made in facts["layers"][:-1]:
        assert (made["size"], made["offset"]) == (layer["size"], layer["offset"])
    assert len(facts["layers"]) == (2 if output == "replace" else 3)
    assert facts["originals"][0]["identical"] == (output != "replace")
    assert facts["seen"]["colouring"] > 0
    assert facts["seen"]["alpha"] == 0


def test_a_layer_wholly_outside_the_image_is_processed_too(gimp):
    layers = [{"name": "outside", "size": [50, 50], "offset": [300, 300]}, {"name": "photo"}]
    facts = process(gimp, {"layers": layers, "selected": ["outside"]}, output="replace")
    assert facts["status"] == "success", facts["sentence"]
    assert not facts["originals"][0]["identical"]
    assert largest(facts["seen"]["changes"]) == 0


def test_every_selected_layer_gets_its_own_colors_directly_above(gimp):
    layers = [
        {"name": "first", "size": [40, 30]},
        {"name": "left alone", "size": [30, 30], "offset": [50, 20]},
        {"name": "second", "opacity": 40, "visible": False, "alpha": True},
    ]
    facts = process(gimp, {"layers": layers, "selected": ["first", "second"]})
    assert facts["status"] == "success", facts["sentence"]
    assert [layer["name"] for layer in facts["layers"]] == [
        f"{MADE_BY} #1",
        "first",
        "left alone",
        MADE_BY,
        "second",
    ]
    new, original = facts["layers"][3:]
    assert (new["opacity"], new["visible"]) == (original["opacity"], original["visible"]) == (40, False)
    assert [layer["name"] for layer in facts["layers"] if layer["selected"]] == ["first", "second"]
    assert all(original["identical"] for original in facts["originals"])


def test_a_layer_in_a_group_gets_its_colors_inside_the_group(gimp):
    group = {"name": "group", "layers": [{"name": "in it", "size": [40, 40], "offset": [7, 9]}]}
    facts = process(gimp, {"layers": [{"name": "above"}, group], "selected": ["in it"]}, output="new-layer")
    assert facts["status"] == "success", facts["sentence"]
    assert [(layer["parent"], layer["offset"]) for layer in facts["layers"]] == [
        (None, [0, 0]),
        (None, [7, 9]),
        ("group", [7, 9]),
        ("group", [7, 9]),
    ]


@pytest.mark.parametrize("mask", ["on", "off"])
def test_a_group_is_colorized_as_a_whole_above_it(gimp, mask):
    inside = [{"name": "x", "alpha": True, "size": [30, 30], "offset": [40, 30]}, {"name": "y", "size": [60, 40]}]
    group = {"name": "group", "layers": inside, "mask": mask}
    facts = process(gimp, {"layers": [group, {"name": "below"}], "selected": ["group"]})
    assert facts["status"] == "success", facts["sentence"]
    new, old = facts["layers"][:2]
    assert (new["size"], new["offset"], new["parent"]) == (old["size"], old["offset"], None)
    assert new["mask"] == (mask == "on")
    assert facts["originals"][0]["identical"]
    assert facts["seen"]["colouring"] > 1
    assert facts["seen"]["changes"]["gimp_lightness"] < 0.5


@pytest.mark.parametrize("feather", [0, 12])
@pytest.mark.parametrize("base", ["RGB", "GRAY"])
@pytest.mark.parametrize("precision", ["U8_NON_LINEAR", "U16_LINEAR", "FLOAT_PERCEPTUAL"])
def test_replaced_pixels_stay_bit_for_bit_where_nothing_is_selected(gimp, feather, base, precision):
    layer = {"name": "photo", "alpha": True, "size": [90, 70], "offset": [5, -3]}
    wanted: Json = {"base": base, "precision": precision, "layers": [layer]}
    wanted |= {"selection": [50, 20, 30, 25], "feather": feather}
    facts = process(gimp, wanted, output="replace")
    assert facts["status"] == "success", facts["sentence"]
    [original] = facts["originals"]
    assert original["outside"] > 2000
    # GIMP itself moves a grey image's coded floating point by 4e-7 when it makes colours of it.
    rounded = (base, precision) == ("GRAY", "FLOAT_PERCEPTUAL")
    assert original["outside_identical"] != rounded
    assert original["alpha_identical"]
    assert original["colouring"] > 1
    assert largest(facts["seen"]["outside"]) < 1e-3


@pytest.mark.parametrize("output", ["new-layer-color", "new-layer"])
@pytest.mark.parametrize("mask", ["on", "off", "none"])
@pytest.mark.parametrize("feather", [0, 12])
def test_a_new_layer_is_limited_by_selection_and_mask(gimp, output, mask, feather):
    layer: Json = {"name": "photo", "size": [90, 70], "offset": [5, -3]} | ({} if mask == "none" else {"mask": mask})
    wanted: Json = {"layers": [layer, {"name": "below"}], "selected": ["photo"]}
    wanted |= {"selection": [50, 20, 30, 25], "feather": feather}
    facts = process(gimp, wanted, output=output, saturation=1.5)
    assert facts["status"] == "success", facts["sentence"]
    error = facts["masks"][0]
    assert error is not None
    assert error < MASK_STEP
    assert facts["originals"][0]["identical"]
    assert not facts["layers"][0]["edit_mask"]
    assert largest(facts["seen"]["outside"]) == 0
    assert facts["seen"]["colouring"] > 1


def test_a_mask_without_selection_is_copied(gimp):
    facts = process(gimp, {"precision": "FLOAT_LINEAR", "layers": [{"name": "photo", "mask": "on"}]})
    assert facts["masks"][0] == 0


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_confidence_is_one_more_hidden_layer_on_top(gimp, output):
    layer = {"name": "photo", "size": [50, 40], "offset": [10, 10]}
    facts = process(gimp, {"layers": [layer]}, output=output, confidence_layer=True, strength=0.5, saturation=1.5)
    assert facts["status"] == "success", facts["sentence"]
    top = facts["layers"][0]
    assert top["name"] == f"Confidence: {MADE_BY} (strength 50 %, saturation 150 %)"
    assert (top["size"], top["offset"], top["visible"], top["mode"]) == ([50, 40], [10, 10], False, "normal")
    assert len(facts["layers"]) == (2 if output == "replace" else 3)


@pytest.mark.parametrize(("output", "mode"), [("new-layer-color", "lch-color"), ("new-layer", "normal")])
def test_a_new_layer_tells_what_made_it_in_its_mode(gimp, output, mode):
    facts = process(gimp, {}, output=output, strength=0.8, fade_uncertain=0.25)
    assert facts["layers"][0]["name"] == f"{MADE_BY} (strength 80 %, fade uncertain 25 %)"
    assert facts["layers"][0]["mode"] == mode


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("lock", ["fixed", "locked"])
def test_a_layer_in_a_locked_group_gets_its_colors_in_their_place_and_within_its_mask(gimp, lock, output):
    layer = {"name": "in it", "size": [40, 40], "offset": [7, 9], "mask": "on"}
    group = {"name": "group", "layers": [layer], lock: True}
    for selection in ({}, {"selection": [10, 12, 20, 20], "feather": 4}):
        wanted: Json = {"layers": [group, {"name": "below"}], "selected": ["in it"], **selection}
        facts = process(gimp, wanted, output=output, confidence_layer=True)
        if (lock, output) == ("locked", "replace"):
            assert "“group” are locked" in str(facts["sentence"])
            continue
        assert facts["status"] == "success", facts["sentence"]
        inside = [layer for layer in facts["layers"] if layer["parent"] == "group"]
        assert [(layer["offset"], layer["size"]) for layer in inside] == [([7, 9], [40, 40])] * len(inside)
        assert (facts["layers"][0]["offset"], facts["layers"][0]["size"]) == ([7, 9], [40, 40])
        if output != "replace":
            assert facts["masks"][2] is not None
            assert facts["masks"][2] < MASK_STEP
            assert facts["seen"]["colouring"] > 0


EFFECTS = ["gegl:invert-gamma", "gegl:gaussian-blur"]


@pytest.mark.parametrize("kind", ["layer", "group"])
@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("output", OUTPUTS)
def test_a_layer_with_effects_is_taken_as_it_looks(gimp, effect, kind, output):
    """With no strength nothing that is seen changes."""
    layer: Json = {"name": "photo", "size": [60, 40], "offset": [7, 9], "effect": effect}
    if kind == "group":
        layer = {"name": "photo", "layers": [{"name": "x", "size": [60, 40], "offset": [7, 9]}], "effect": effect}
    if (kind, output) == ("group", "replace"):
        return
    wanted: Json = {"layers": [layer, {"name": "below"}], "selected": ["photo"], "precision": "FLOAT_NON_LINEAR"}
    facts = process(gimp, wanted, output=output, strength=0.0)
    assert facts["status"] == "success", facts["sentence"]
    assert largest(facts["seen"]["changes"]) < 0.5
    coloured = process(gimp, wanted, output=output)
    assert coloured["seen"]["colouring"] > 1
    assert coloured["seen"]["changes"]["lightness"] < 30
