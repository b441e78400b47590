"""A contract that is exactly right is read; anything else is refused by the name of its key."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from photochrom.errors import ModelError
from photochrom.networks.contract import (
    MAX_CONTRACT_BYTES,
    MAX_NETWORK_BYTES,
    parse_contract,
    read_contract,
    read_network,
)


@pytest.fixture
def contract_path(model: Path) -> Path:
    return model.with_suffix(".json")


def test_a_contract_says_what_its_file_says(contract_path):
    contract = read_contract(contract_path)

    assert contract.name == "tiny"
    assert contract.task == "colorize"
    assert contract.size == (64, 64)
    assert contract.stride == 2
    assert contract.parity == {"onnxruntime": 0.0001}


def test_a_contract_written_is_the_contract_read(contract_path):
    contract = read_contract(contract_path)

    assert parse_contract(contract.to_json()) == contract


def test_metadata_is_the_contract_without_what_the_file_cannot_know_of_itself(contract_path):
    contract = read_contract(contract_path)

    metadata = json.loads(contract.metadata())

    assert metadata | {"sha256": contract.sha256, "size_bytes": contract.size_bytes} == json.loads(contract.to_json())
    assert "sha256" not in metadata
    assert "size_bytes" not in metadata


def test_sides_need_not_be_equal(contract_path):
    record = json.loads(contract_path.read_text())
    record["inputs"][0]["shape"] = [1, 1, 96, 160]
    for output in record["outputs"]:
        output["shape"][2:] = [24, 40]

    contract = parse_contract(json.dumps(record))

    assert contract.size == (160, 96)
    assert contract.stride == 4


LIGHTNESS = {"name": "lightness", "shape": [1, 1, 64, 64], "unit": "L*", "range": [0, 100]}
CHROMA = {"name": "chroma", "shape": [1, 2, 32, 32], "unit": "a*b*", "range": [-128, 128]}
CONFIDENCE = {"name": "confidence", "shape": [1, 1, 32, 32], "unit": "probability", "range": [0, 1]}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 2),
        ("format", "1"),
        ("format", True),
        ("name", ""),
        ("name", 7),
        ("name", "tiny\x1b[31m"),
        ("version", "1\n2"),
        ("version", None),
        ("task", "restore"),
        ("task", ["colorize"]),
        ("file", "../tiny.onnx"),
        ("file", "/etc/passwd"),
        ("file", "folder/tiny.onnx"),
        ("file", "folder\\tiny.onnx"),
        ("file", "tiny.txt"),
        ("file", ".onnx/"),
        ("sha256", "abc"),
        ("sha256", "G" * 64),
        ("size_bytes", 0),
        ("size_bytes", -5),
        ("size_bytes", 12.5),
        ("size_bytes", MAX_NETWORK_BYTES + 1),
        ("opset", 0),
        ("opset", "17"),
        ("inputs", []),
        ("inputs", {}),
        ("inputs", [LIGHTNESS, LIGHTNESS]),
        ("inputs", [LIGHTNESS | {"name": "luma"}]),
        ("inputs", [LIGHTNESS, LIGHTNESS | {"name": "hints"}]),
        ("inputs", [LIGHTNESS | {"unit": "Y"}]),
        ("inputs", [LIGHTNESS | {"range": [0, 1]}]),
        ("inputs", [LIGHTNESS | {"range": [0]}]),
        ("inputs", [LIGHTNESS | {"range": [0, "100"]}]),
        ("inputs", [LIGHTNESS | {"shape": [1, 1, 64]}]),
        ("inputs", [LIGHTNESS | {"shape": [1, 3, 64, 64]}]),
        ("inputs", [LIGHTNESS | {"shape": [2, 1, 64, 64]}]),
        ("inputs", [LIGHTNESS | {"shape": [1, 1, 65, 64]}]),
        ("inputs", [LIGHTNESS | {"shape": [1, 1, 0, 64]}]),
        ("inputs", [LIGHTNESS | {"shape": [1, 1, -64, -64]}]),
        ("inputs", [LIGHTNESS | {"shape": [1, 1, 2**40, 2**40]}]),
        ("inputs", [LIGHTNESS | {"shape": [1, 1, 64.0, 64]}]),
        ("inputs", [LIGHTNESS | {"dtype": "float32"}]),
        ("inputs", ["lightness"]),
        ("outputs", [CHROMA]),
        ("outputs", [CHROMA, CONFIDENCE | {"shape": [1, 1, 16, 16]}]),
        ("outputs", [CHROMA | {"shape": [1, 2, 30, 30]}, CONFIDENCE | {"shape": [1, 1, 30, 30]}]),
        ("outputs", [CHROMA | {"shape": [1, 2, 32, 16]}, CONFIDENCE | {"shape": [1, 1, 32, 16]}]),
        ("outputs", [CHROMA | {"shape": [1, 2, 128, 128]}, CONFIDENCE | {"shape": [1, 1, 128, 128]}]),
        ("conditions", ["points"]),
        ("conditions", None),
        ("macs", -1),
        ("macs", "many"),
        ("licence", " "),
        ("data", 3),
        ("parity", []),
        ("parity", {"torch": "good"}),
        ("parity", {"torch": -1}),
        ("parity", {"torch": 10**400}),
        ("inputs", [LIGHTNESS | {"range": [0, 10**400]}]),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_by_the_name_of_its_key(contract_path, key, value):
    record = json.loads(contract_path.read_text()) | {key: value}

    with pytest.raises(ModelError, match=key):
        parse_contract(json.dumps(record))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[("version", 2), ("opset", "17"), ("sha256", None), ("size_bytes", 1.5), ("name", " ")],
        *[("conditions", None), ("conditions", ["points"]), ("parity", None), ("inputs", None), ("outputs", 3)],
        *[("parity", {"torch": value}) for value in ("good", None, True, -1.0, float("nan"), float("inf"))],
    ],
)
def test_a_contract_that_is_made_in_python_is_held_to_the_same(contract_path, key, value):
    with pytest.raises(ModelError, match=key):
        replace(read_contract(contract_path), **{key: value})


def test_a_contract_that_is_made_in_python_may_have_lists(contract_path):
    contract = read_contract(contract_path)
    sides: Any = list(contract.inputs[0].shape)
    lightness: Any = [replace(contract.inputs[0], shape=sides, range=cast(Any, [0, 100]))]
    outputs: Any = list(contract.outputs)
    made = replace(contract, inputs=lightness, outputs=outputs, conditions=cast(Any, []))
    assert made == contract
    assert parse_contract(made.to_json()) == contract


@pytest.mark.parametrize(("key", "value"), [("shape", None), ("shape", (1, 1, 64.0, 64)), ("range", 3)])
def test_a_tensor_that_is_made_in_python_is_held_to_the_same(contract_path, key, value):
    with pytest.raises(ModelError, match=key):
        replace(read_contract(contract_path).inputs[0], **{key: value})


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_refused(contract_path, number):
    text = contract_path.read_text().replace('"onnxruntime": 0.0001', f'"onnxruntime": {number}')

    with pytest.raises(ModelError):
        parse_contract(text)


def test_a_missing_key_is_named(contract_path):
    record = json.loads(contract_path.read_text())
    for key in record:
        with pytest.raises(ModelError, match=f'"{key}" is missing'):
            parse_contract(json.dumps({other: record[other] for other in record if other != key}))


def test_an_unknown_key_is_named(contract_path):
    record = json.loads(contract_path.read_text()) | {"licens": "MIT"}

    with pytest.raises(ModelError, match="licens"):
        parse_contract(json.dumps(record))


def test_a_key_given_twice_is_named(contract_path):
    text = contract_path.read_text().replace('"format": 1', '"format": 1, "format": 1')

    with pytest.raises(ModelError, match="format"):
        parse_contract(text)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"text"', "{}", "[" * 100_000, '{"format": ' + "1" * 10_000 + "}", "\x00\x01"]
)
def test_text_that_is_no_contract_is_refused(text):
    with pytest.raises(ModelError, match="contract"):
        parse_contract(text)


def test_a_truncated_contract_is_refused_wherever_it_ends(contract_path):
    text = contract_path.read_text().rstrip()
    for end in range(0, len(text), 7):
        with pytest.raises(ModelError):
            parse_contract(text[:end])


def test_errors_name_the_contracts_file(contract_path):
    contract_path.write_text("{}")

    with pytest.raises(ModelError, match=str(contract_path)):
        read_contract(contract_path)


def test_a_contract_that_is_not_text_is_refused(contract_path):
    contract_path.write_bytes(b"\xff\xfe\x00" * 20)

    with pytest.raises(ModelError, match=str(contract_path)):
        read_contract(contract_path)


def test_a_contract_is_that_of_the_network_of_its_own_name_alone(contract_path):
    other = contract_path.with_name("other.json")
    contract_path.rename(other)

    with pytest.raises(ModelError, match=r'other\.json: "file" is tiny\.onnx; .* is that of other\.onnx'):
        read_contract(other)


def test_an_oversized_contract_is_refused_unread(contract_path):
    os.truncate(contract_path, MAX_CONTRACT_BYTES + 1)

    with pytest.raises(ModelError, match=str(MAX_CONTRACT_BYTES)):
        read_contract(contract_path)


def test_a_missing_contract_is_refused_with_where_it_belongs(tmp_path):
    with pytest.raises(ModelError, match="beside"):
        read_contract(tmp_path / "nothing.json")


def test_a_folder_in_place_of_a_file_is_refused(contract_path, model):
    contract = read_contract(contract_path)
    model.unlink()
    model.mkdir()

    with pytest.raises(ModelError, match=str(model)):
        read_network(contract, model.parent)


def test_a_network_is_read_when_size_and_hash_are_right(contract_path, model):
    network = read_network(read_contract(contract_path), model.parent)

    assert network.dtype == np.uint8
    assert network.tobytes() == model.read_bytes()


@pytest.mark.parametrize("position", [0, 100, -1])
def test_one_flipped_bit_is_noticed(contract_path, model, position):
    data = bytearray(model.read_bytes())
    data[position] ^= 1
    model.write_bytes(data)

    with pytest.raises(ModelError, match="sha256"):
        read_network(read_contract(contract_path), model.parent)


def test_a_truncated_network_is_noticed(contract_path, model):
    model.write_bytes(model.read_bytes()[:-1])

    with pytest.raises(ModelError, match="bytes"):
        read_network(read_contract(contract_path), model.parent)


def test_an_oversized_network_is_refused_unread(contract_path, model):
    os.truncate(model, 1 << 40)

    with pytest.raises(ModelError, match=str(1 << 40)):
        read_network(read_contract(contract_path), model.parent)


def test_a_missing_network_is_named(contract_path, model):
    contract = read_contract(contract_path)
    model.unlink()

    with pytest.raises(ModelError, match=str(model)):
        read_network(contract, model.parent)


def test_the_hash_is_of_the_whole_file(contract_path, model):
    assert read_contract(contract_path).sha256 == hashlib.sha256(model.read_bytes()).hexdigest()
