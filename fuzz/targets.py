"""What is fuzzed: each target takes any bytes, and may refuse them with a PhotochromError and in no other way.

A target goes as far with the bytes as the program would: what a reader accepts is then used, so that a reader that
accepts too much is found out by whoever trusted it.
"""

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from photochrom.contract import Contract, parse_contract
from photochrom.errors import PhotochromError
from photochrom.network import load_network

CORPUS: Final = Path(__file__).parent / "corpus"
"""The inputs to begin with, a folder for each target."""

_CONTRACT_OF_SEEDS: Final = CORPUS / "contracts" / "network.json"
"""The contract that the networks in the corpus keep."""


def check_contract(data: bytes) -> None:
    """A contract that is accepted survives being written and read again."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return
    contract = parse_contract(text)
    assert parse_contract(contract.to_json()) == contract
    assert contract.size[0] >= contract.stride >= 1
    assert contract.metadata()


def check_network(data: bytes) -> None:
    """A network whose contract has its hash and size is refused, or runs."""
    if not data:
        return
    contract = replace(_contract_of_seeds(), sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
    folder = Path(_scratch().name)
    (folder / contract.file).write_bytes(data)
    path = (folder / contract.file).with_suffix(".json")
    path.write_text(contract.to_json(), encoding="utf-8")
    load_network(path, device="cpu").warm_up()


@cache
def _contract_of_seeds() -> Contract:
    return parse_contract(_CONTRACT_OF_SEEDS.read_text(encoding="utf-8"))


@cache
def _scratch() -> "tempfile.TemporaryDirectory[str]":
    """A folder that goes when the process ends."""
    return tempfile.TemporaryDirectory(prefix="photochrom-fuzz-")


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "contracts": check_contract,
    "networks": check_network,
}
"""By name."""


def attempt(target: str, data: bytes) -> None:
    """Give bytes to a target; whatever comes out of here is a finding."""
    with suppress(PhotochromError):
        TARGETS[target](data)
