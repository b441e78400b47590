"""What is fuzzed: each target takes any bytes, and may refuse them with a PhotochromError and in no other way.

A target goes as far with the bytes as the program would: what a reader accepts is then used, so that a reader that
accepts too much is found out by whoever trusted it.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from photochrom.colorizer import Colorizer
from photochrom.colour.profile import result_profile
from photochrom.conversion.converter import Converter
from photochrom.conversion.options import ConvertOptions
from photochrom.errors import PhotochromError
from photochrom.files.decoder import Picture, decode_image
from photochrom.files.encoder import encode_image
from photochrom.files.formats import read_header
from photochrom.files.metadata import Metadata, for_upright_copy
from photochrom.networks.contract import Contract, parse_contract
from photochrom.networks.network import load_network

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
    contract = replace(contract_of_seeds(), sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
    folder = Path(_scratch().name)
    (folder / contract.file).write_bytes(data)
    path = (folder / contract.file).with_suffix(".json")
    path.write_text(contract.to_json(), encoding="utf-8")
    load_network(path, device="cpu").warm_up()


def check_image(data: bytes) -> None:
    """What is read is converted, and what is written then can be read, in its own format and in others."""
    header = read_header(bytearray(data))
    if header.width * header.height > _MOST_PIXELS:
        return  # slow, and what follows does the same with fewer
    suffix = _SUFFIXES[len(data) % len(_SUFFIXES)]
    written = _converter(suffix).convert_bytes(bytearray(data))
    picture = _read_own(written)
    assert sorted(picture.pixels.shape[:2]) == sorted((header.height, header.width))


def check_metadata(data: bytes) -> None:
    """A block of Exif, XMP or IPTC that a file took in comes out of it, and out of a second one the same.

    The first byte says which of the three the rest is.
    """
    if not data:
        return
    block = bytes(data[1:])
    kinds = (Metadata(exif=block), Metadata(xmp=block), Metadata(iptc=block))
    metadata = for_upright_copy(kinds[data[0] % len(kinds)], width=_SIDE, height=_SIDE)
    suffix = _SUFFIXES_WITH_METADATA[len(data) % len(_SUFFIXES_WITH_METADATA)]
    if suffix == ".avif" and metadata.exif and not metadata.exif.startswith((b"MM\0*", b"II*\0")):
        return  # libavif looks for the header further on, and drops what is before it
    encoded = encode_image(_PIXELS, suffix, metadata=metadata)
    once = _read_own(encoded).metadata
    assert _read_own(encode_image(_PIXELS, suffix, metadata=once)).metadata == once


def check_profile(data: bytes) -> None:
    """A colour profile that is accepted colours photographs, and the profile of the result is accepted too."""
    colorizer = _colorizer()
    for photograph in (_PIXELS[:, :, 0], _PIXELS, _PIXELS.astype(np.uint16) * 257, _PIXELS.astype(np.float32) / 255):
        try:
            colour = np.asarray(colorizer.colorize(photograph, profile=data))
        except PhotochromError:
            continue
        assert np.isfinite(colour).all()
        profile = result_profile(data)
        written = encode_image(colour, ".tif", metadata=Metadata(icc=profile))
        assert _read_own(written).metadata.icc == profile
        colorizer.colorize(colour, profile=profile)


_MOST_PIXELS: Final = 1 << 20
"""Larger pictures are read no further than their header."""
_SUFFIXES: Final = (None, None, ".png", ".tif", ".jpg", ".webp")
"""Formats to write, one for each length of the input; None: the input's own."""
_SUFFIXES_WITH_METADATA: Final = (".jpg", ".png", ".webp", ".tif", ".jpg", ".png", ".webp", ".tif", ".avif", ".jp2")
"""The same; the fast ones more often."""
_SIDE: Final = 32
_PIXELS: Final = np.arange(_SIDE * _SIDE * 3).astype(np.uint8).reshape(_SIDE, _SIDE, 3)


def _read_own(written: bytes | bytearray | memoryview) -> Picture:
    """The picture in a file that photochrom wrote, which it must not refuse."""
    try:
        return decode_image(bytearray(written))
    except PhotochromError as error:
        raise AssertionError("photochrom does not read what it wrote") from error


@cache
def _converter(suffix: str | None) -> Converter:
    return Converter(ConvertOptions(model=_network(), device="cpu", suffix=suffix, memory=2 << 30))


@cache
def _colorizer() -> Colorizer:
    return Colorizer(_network(), device="cpu")


@cache
def _network() -> Path:
    """A network that takes no time."""
    folder = Path(_scratch().name) / "network"
    folder.mkdir()
    shutil.copy(_CONTRACT_OF_SEEDS, folder / "network.json")
    return Path(shutil.copy(CORPUS / "networks" / "slim.onnx", folder / "network.onnx"))


@cache
def contract_of_seeds() -> Contract:
    """The contract that the networks in the corpus keep."""
    return parse_contract(_CONTRACT_OF_SEEDS.read_text(encoding="utf-8"))


@cache
def _scratch() -> "tempfile.TemporaryDirectory[str]":
    """A folder that goes when the process ends."""
    return tempfile.TemporaryDirectory(prefix="photochrom-fuzz-")


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "contracts": check_contract,
    "images": check_image,
    "metadata": check_metadata,
    "networks": check_network,
    "profiles": check_profile,
}
"""By name."""


def attempt(target: str, data: bytes) -> None:
    """Give bytes to a target; whatever comes out of here is a finding."""
    with suppress(PhotochromError):
        TARGETS[target](data)
