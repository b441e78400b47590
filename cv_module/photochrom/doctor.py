"""Is everything here that photochrom needs, and does it work? Looked at by doing it, not by version numbers alone."""

import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Literal, get_args

import cv2
import numpy as np

import photochrom
from photochrom.colorizer import Colorizer
from photochrom.contract import read_contract, read_network
from photochrom.decoder import decode_image
from photochrom.device import Device, Engine, opencv_has_cuda, usable_devices
from photochrom.encoder import COLOUR_SUFFIXES, encode_image
from photochrom.errors import DeviceError, PhotochromError
from photochrom.model_store import SHIPPED, find

_OPENCV_PACKAGES: Final = (
    "opencv-python",
    "opencv-contrib-python",
    "opencv-python-headless",
    "opencv-contrib-python-headless",
)
_OLDEST_OPENCV: Final = (4, 14)
_TRY_SIZE: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at."""

    subject: str
    """What was looked at."""
    state: Literal["ok", "note", "wrong"]
    """Whether it is as it should be; a note is worth knowing and hinders nothing."""
    text: str
    """What was found."""
    remedy: str = ""
    """What to do."""


def examine(model: str | None = None) -> list[Finding]:
    """Everything that was looked at.

    Args:
        model: a network by name or path to look at; None: those that come with photochrom.
    """
    names = SHIPPED if model is None else (model,)
    return [*_versions(), _formats(), *(finding for name in names for finding in _network(name))]


def _versions() -> Iterator[Finding]:
    yield Finding(subject="photochrom", state="ok", text=photochrom.__version__)
    yield Finding(subject="Python", state="ok", text=f"{platform.python_version()} on {platform.platform()}")
    yield Finding(subject="NumPy", state="ok", text=np.__version__)
    recent = tuple(map(int, cv2.__version__.split(".")[:2])) >= _OLDEST_OPENCV
    yield Finding(
        subject="OpenCV",
        state="ok" if recent else "wrong",
        text=f"{cv2.__version__}, {cv2.getNumThreads()} threads",
        remedy="" if recent else 'pip install "opencv-contrib-python>=4.14"',
    )
    installed = [name for name in _OPENCV_PACKAGES if _version(name)]
    if len(installed) > 1:
        yield Finding(
            subject="OpenCV packages",
            state="wrong",
            text=f"{' and '.join(installed)} are installed over each other",
            remedy=f"pip uninstall {' '.join(installed)}, then pip install opencv-contrib-python",
        )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _formats() -> Finding:
    """Write and read one pixel in each format."""
    pixel = np.full((1, 1, 3), 128, np.uint8)
    failing = []
    for suffix in COLOUR_SUFFIXES:
        try:
            decode_image(bytearray(encode_image(pixel, suffix)))
        except PhotochromError:
            failing.append(suffix)
    if failing:
        remedy = "install an OpenCV with these formats, for instance opencv-contrib-python from PyPI"
        return Finding(subject="formats", state="wrong", text=f"not working: {' '.join(failing)}", remedy=remedy)
    return Finding(subject="formats", state="ok", text=f"{' '.join(COLOUR_SUFFIXES)} read and written")


def _network(name: str) -> Iterator[Finding]:
    """The files of one network, and a run of it on every engine and device."""
    subject = f"network {name}"
    try:
        path = find(name)
        contract = read_contract(path)
        read_network(contract, path.parent)
    except PhotochromError as error:
        yield Finding(subject=subject, state="wrong", text=str(error), remedy=_remedy(name))
        return
    yield Finding(
        subject=subject,
        state="ok",
        text=f"version {contract.version}, {contract.size_bytes} bytes, sha256 {contract.sha256[:12]}... as promised",
    )
    for engine in get_args(Engine):
        try:
            devices = usable_devices(engine)
        except DeviceError as error:
            yield Finding(subject=engine, state="note", text=str(error))
            continue
        for device in devices:
            yield _run(name, device, engine)
        if engine == "opencv" and "cuda" not in devices:
            why = "finds no GPU that it can use" if opencv_has_cuda() else "was built without it"
            yield Finding(subject="opencv on cuda", state="note", text=f"not to be had: this OpenCV {why}")


def _run(name: str, device: Device, engine: Engine) -> Finding:
    """Colorize a grey ramp."""
    subject = f"{engine} on {device}"
    ramp = np.tile(np.arange(_TRY_SIZE, dtype=np.uint8) * 4, (_TRY_SIZE, 1))
    try:
        colorizer = Colorizer(name, device=device, engine=engine)
        colorizer.warm_up()
        begin = time.perf_counter()
        colorizer.colorize(ramp)
        milliseconds = (time.perf_counter() - begin) * 1000
    except (PhotochromError, cv2.error) as error:
        return Finding(subject=subject, state="wrong", text=str(error), remedy=_remedy(name))
    return Finding(subject=subject, state="ok", text=f"network {name} ran, {milliseconds:.0f} ms")


def _remedy(name: str) -> str:
    return "install photochrom again" if name in SHIPPED else "export the network again, or ask where it came from"
