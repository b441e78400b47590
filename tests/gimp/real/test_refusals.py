"""What cannot be done is refused before anything is changed, with a status and a sentence that are right."""

import re

import pytest
from tests.gimp.real.filter_facts import Json, process

GROUP = {"name": "group", "layers": [{"name": "photo"}]}
REFUSED: dict[str, tuple[Json, Json, str]] = {
    "indexed": ({"base": "INDEXED"}, {}, r"indexed .* choose Image ▸ Mode ▸ RGB"),
    "no layer": ({"target": "nothing"}, {}, r"^No layer is selected"),
    "layer mask": (
        {"target": "mask", "layers": [{"name": "photo", "mask": "on"}]},
        {},
        r"layer mask; select the layer",
    ),
    "channel": ({"target": "channel"}, {}, r"“channel” is a channel; select a layer"),
    "floating selection": ({"target": "floating selection"}, {}, r"floating selection; anchor it"),
    "empty group": ({"layers": [{"name": "group", "layers": []}]}, {}, r"“group” is empty"),
    "selection elsewhere": (
        {"layers": [{"name": "photo", "size": [20, 20]}], "selection": [50, 30, 10, 10]},
        {},
        r"selection does not meet the layer “photo”",
    ),
    "replaced group": ({"layers": [GROUP]}, {"output": "replace"}, r"“group” is a layer group"),
    "replaced locked pixels": ({"layers": [{"name": "p", "locked": True}]}, {"output": "replace"}, r"“p” are locked"),
    "no model": ({}, {"model": ""}, r"“colorize” is the one"),
}
FAILED: dict[str, tuple[Json, str]] = {
    "unknown model": ({"model": "nonesuch"}, r"nonesuch"),
    "missing model file": ({"model": "/nowhere/x.onnx"}, r"^/nowhere/x\.json: no such file"),
    "no CUDA": ({"device": "cuda"}, r"CUDA was asked for"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_call_is_a_calling_error_that_says_what_to_do(gimp, case):
    wanted, arguments, sentence = REFUSED[case]
    facts = process(gimp, wanted, **arguments)
    assert facts["status"] == "calling-error"
    assert facts["sentence"] is not None
    assert "\n" not in facts["sentence"]
    assert re.search(sentence, facts["sentence"]), facts["sentence"]
    assert facts["unchanged"]


@pytest.mark.parametrize("case", FAILED)
def test_what_the_worker_cannot_do_is_an_execution_error_with_its_own_sentence(gimp, case):
    arguments, sentence = FAILED[case]
    facts = process(gimp, {"base": "GRAY"}, **arguments)
    assert facts["status"] == "execution-error"
    assert facts["sentence"] is not None
    assert re.search(sentence, facts["sentence"]), facts["sentence"]
    assert facts["unchanged"]


def test_one_refused_layer_among_several_leaves_all_as_they_were(gimp):
    layers = [{"name": "photo"}, {"name": "p", "locked": True}]
    facts = process(gimp, {"layers": layers}, output="replace")
    assert facts["status"] == "calling-error"
    assert facts["unchanged"]
