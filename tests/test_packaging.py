"""What is shipped fits together: versions, pins, public names, and every network with its contract and model card."""

import hashlib
import json
import re
import tomllib
import typing
from importlib.metadata import version
from pathlib import Path

import onnx
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import photochrom

ROOT = Path(__file__).parent.parent
MODELS = ROOT / "models" / "photochrom_models"
NETWORKS = sorted(path.stem for path in MODELS.glob("*.onnx"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINS = {
    canonicalize_name(requirement.name): requirement
    for requirement in map(
        Requirement,
        (
            line
            for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
            if line and not line.startswith("#")
        ),
    )
}

LARGEST_FILE = 16_000_000
"""Most that a shipped network may take on disk [bytes]."""
LARGEST_COST = 4_000_000_000
"""Most multiply-accumulates of one forward pass."""

PUBLIC_NAMES = [
    "Colorization",
    "Colorizer",
    "Colorizer_create",
    "Contract",
    "ConvertOptions",
    "ConvertReport",
    "Device",
    "DeviceError",
    "Engine",
    "FileResult",
    "ImageError",
    "JobError",
    "ModelError",
    "Painting",
    "PhotochromError",
    "Preview",
    "Progress",
    "Shard",
    "Tensor",
    "colorize",
    "convert",
    "models",
    "result_profile",
]


def contract_of(name: str) -> dict[str, object]:
    contract: dict[str, object] = json.loads((MODELS / f"{name}.json").read_text(encoding="utf-8"))
    return contract


def test_what_is_installed_is_this_version():
    assert version("photochrom") == photochrom.__version__


def test_the_changelog_has_an_entry_for_this_version():
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"Unreleased", photochrom.__version__} & set(headings)


def test_the_public_names_are_those_agreed_on():
    assert sorted(photochrom.__all__) == PUBLIC_NAMES


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_every_public_name_exists_and_says_what_it_is(name: str):
    public = getattr(photochrom, name)
    assert public.__doc__ or typing.get_args(public)  # the choices of a Literal say what it is


@pytest.mark.parametrize("extra", ["", *PROJECT["optional-dependencies"]])
def test_every_dependency_is_pinned_to_a_version_that_it_allows(extra: str):
    for text in PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]:
        requirement = Requirement(text)
        if requirement.name != "photochrom":
            (pin,) = PINS[canonicalize_name(requirement.name)].specifier
            assert pin.operator == "=="
            assert requirement.specifier.contains(pin.version), requirement


def test_the_colorizing_network_is_shipped():
    assert "colorize" in NETWORKS


def test_no_contract_or_model_card_is_left_without_its_network():
    papers = {path.stem for suffix in ("json", "md") for path in MODELS.glob(f"*.{suffix}")}
    assert papers == set(NETWORKS)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_the_file_its_contract_describes(name: str):
    contract = contract_of(name)
    data = (MODELS / f"{name}.onnx").read_bytes()
    assert contract["name"] == name
    assert contract["file"] == f"{name}.onnx"
    assert contract["size_bytes"] == len(data) <= LARGEST_FILE
    assert contract["sha256"] == hashlib.sha256(data).hexdigest()
    assert isinstance(contract["macs"], int)
    assert 0 < contract["macs"] <= LARGEST_COST


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_passes_the_full_check_of_onnx(name: str):
    onnx.checker.check_model(MODELS / f"{name}.onnx", full_check=True)


def _signature(values: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(value["name"], value["shape"]) for value in values]


def _graph_signature(values: list[onnx.ValueInfoProto]) -> list[tuple[str, list[int]]]:
    return [(value.name, [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]) for value in values]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_has_the_inputs_outputs_and_metadata_of_its_contract(name: str):
    contract = contract_of(name)
    model = onnx.load(MODELS / f"{name}.onnx")
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", contract["opset"])]
    for side, graph_values in (("inputs", model.graph.input), ("outputs", model.graph.output)):
        values = contract[side]
        assert isinstance(values, list)
        assert _signature(values) == _graph_signature(list(graph_values))
    (metadata,) = (entry.value for entry in model.metadata_props if entry.key == "photochrom.contract")
    assert json.loads(metadata) == {key: contract[key] for key in contract if key not in {"sha256", "size_bytes"}}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_has_a_model_card_that_names_data_licence_and_limits(name: str):
    card = (MODELS / f"{name}.md").read_text(encoding="utf-8")
    headings = " ".join(re.findall(r"^#+ (.+)$", card, re.MULTILINE)).lower()
    for word in ("data", "licence", "limits"):
        assert word in headings
