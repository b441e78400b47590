"""Where networks are: the shipped ones by name, a user's own by path."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from photochrom.errors import ModelError
from photochrom.networks.contract import Contract, read_contract

SHIPPED: Final = ("colorize",)
"""Names of the networks that come with photochrom."""

_SUFFIXES: Final = (".onnx", ".json")


def find(model: str | Path) -> Path:
    """The path of a network's contract.

    Args:
        model: the name of a shipped network, or the path of an .onnx file or of the .json contract beside it.

    Raises:
        ModelError: no network of that name, or a path with another suffix.
    """
    if str(model) in SHIPPED:
        return shipped_folder() / f"{model}.json"
    path = Path(str(model))
    if path.suffix in _SUFFIXES:
        return path.with_suffix(".json")
    raise ModelError(
        f"there is no network '{model}'; give one of {', '.join(SHIPPED)}, "
        "or the path of an .onnx file or of the .json contract beside it"
    )


def shipped_folder() -> Path:
    """The folder of the networks that come with photochrom."""
    spec = find_spec("photochrom_models")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError("the package photochrom_models is not installed; install photochrom again")
    return Path(spec.submodule_search_locations[0])


def models() -> list[Contract]:
    """The contracts of the shipped networks."""
    return [read_contract(find(name)) for name in SHIPPED]
