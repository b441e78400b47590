"""Networks are found by name or by path."""

from pathlib import Path

import pytest

from photochrom.errors import ModelError
from photochrom.networks import model_store
from photochrom.networks.model_store import find, models


@pytest.mark.parametrize("suffix", [".onnx", ".json"])
@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_leads_to_the_contract_beside_it(suffix, kind):
    assert find(kind(f"folder/mine{suffix}")) == Path("folder/mine.json")


def test_the_name_of_a_shipped_network_leads_into_the_package_of_networks():
    path = find("colorize")

    assert find(Path("colorize")) == path
    assert path.name == "colorize.json"
    assert path.parent.name == "photochrom_models"


@pytest.mark.parametrize("model", ["colourize", "", "mine.pt", Path("folder"), 5, None, b"colorize", ["colorize"]])
def test_anything_else_is_an_error_with_the_names_there_are(model):
    with pytest.raises(ModelError, match="colorize"):
        find(model)


def test_a_missing_package_of_networks_is_an_error(monkeypatch):
    monkeypatch.setattr(model_store, "find_spec", lambda _: None)

    with pytest.raises(ModelError, match="photochrom_models"):
        find("colorize")


def test_models_lists_the_contracts_of_the_shipped_networks(make_model, monkeypatch):
    folder = make_model(name="colorize").parent
    monkeypatch.setattr(model_store, "shipped_folder", lambda: folder)

    assert [contract.name for contract in models()] == ["colorize"]
