"""Is everything here that photochrom needs, and does it work? Looked at by doing it, not by version numbers alone."""

import platform
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Final, get_args

import cv2
import numpy as np

import photochrom
from photochrom.colorizer import Colorizer
from photochrom.command import extensions
from photochrom.command.finding import Finding
from photochrom.conversion.system_memory import free_memory
from photochrom.errors import DeviceError, PhotochromError
from photochrom.files.decoder import decode_image
from photochrom.files.encoder import COLOUR_SUFFIXES, encode_image
from photochrom.networks.contract import read_contract, read_network
from photochrom.networks.device import Device, Engine, opencv_has_cuda, usable_devices
from photochrom.networks.model_store import SHIPPED, find

_OPENCV_PACKAGES: Final = (
    "opencv-python",
    "opencv-contrib-python",
    "opencv-python-headless",
    "opencv-contrib-python-headless",
)
_OLDEST_OPENCV: Final = (4, 14)
_TRY_SIZE: Final = 64
"""Side of the pictures that are tried [pixels]."""
_MOST_LOSS: Final = 8
"""How far a format that loses something may be from the picture on average [of 255]."""
_ENOUGH_MEMORY: Final = 2_000_000_000
"""With less free the largest photographs do not fit [bytes]."""


def examine(model: str | None = None) -> list[Finding]:
    """Everything that was looked at.

    Args:
        model: a network by name or path to look at; None: those that come with photochrom.
    """
    names = SHIPPED if model is None else (model,)
    return [
        *_versions(),
        _formats(),
        _profiles(),
        _memory(),
        _ray(),
        *(finding for name in names for finding in _network(name)),
        *extensions.findings(),
    ]


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
    """Write a small picture in each format and read it again."""
    failing = [suffix for suffix in COLOUR_SUFFIXES if not _works(suffix)]
    if failing:
        remedy = "install an OpenCV with these formats, for instance opencv-contrib-python from PyPI"
        return Finding(subject="formats", state="wrong", text=f"not working: {' '.join(failing)}", remedy=remedy)
    return Finding(subject="formats", state="ok", text=f"{' '.join(COLOUR_SUFFIXES)} written and read back")


def _works(suffix: str) -> bool:
    ramp = np.repeat(np.arange(_TRY_SIZE, dtype=np.uint8) * 4, _TRY_SIZE * 3).reshape(_TRY_SIZE, _TRY_SIZE, 3)
    try:
        read = decode_image(bytearray(encode_image(ramp, suffix))).pixels
    except (PhotochromError, cv2.error):
        return False
    return read.shape == ramp.shape and bool(cv2.absdiff(read, ramp).mean() < _MOST_LOSS)


def _profiles() -> Finding:
    """Take a pixel from one colour profile to another and look whether it stays."""
    subject, remedy = "colour profiles", "pip install imagecodecs"
    pixel = np.array([[[200, 100, 50]]], np.uint8)
    try:
        import imagecodecs

        profile = imagecodecs.cms_profile("srgb")
        same = imagecodecs.cms_transform(pixel, profile, profile, colorspace="rgb", outcolorspace="rgb")
        found = imagecodecs.cms_version()
    except Exception as error:  # noqa: BLE001 (a damaged installation fails in its own ways)
        return Finding(subject=subject, state="wrong", text=f"imagecodecs does not work: {error}", remedy=remedy)
    if cv2.absdiff(np.asarray(same, np.uint8), pixel).max() > 1:
        return Finding(subject=subject, state="wrong", text=f"{found} changes colours", remedy=remedy)
    return Finding(subject=subject, state="ok", text=f"{found} in imagecodecs {imagecodecs.__version__}")


def _memory() -> Finding:
    free = free_memory()
    text = f"{free / 1e9:.1f} GB are free, of which photographs take half at most unless --memory says otherwise"
    if free >= _ENOUGH_MEMORY:
        return Finding(subject="memory", state="ok", text=text)
    return Finding(
        subject="memory", state="note", text=text, remedy="close other programs before converting large photographs"
    )


def _ray() -> Finding:
    found = _version("ray")
    if found is None:
        return Finding(
            subject="Ray",
            state="note",
            text="not installed; --ray alone needs it",
            remedy='pip install "photochrom[ray]"',
        )
    return Finding(subject="Ray", state="ok", text=found)


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
