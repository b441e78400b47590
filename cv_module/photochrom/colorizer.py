"""Colour for black-and-white photographs, in OpenCV's conventions: `colorize` and `Colorizer`."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeGuard, overload

import cv2
import numpy as np
from cv2.typing import MatLike

from photochrom.colour.adjustment import Adjustment
from photochrom.colour.lab import Float32, Pixels
from photochrom.colour.photograph import check_photograph
from photochrom.colour.profile import colour_space
from photochrom.errors import DeviceError, ImageError
from photochrom.networks.contract import Contract
from photochrom.networks.device import OPENCV_TARGETS, Device, Engine, check_choice
from photochrom.networks.model_store import find
from photochrom.networks.network import Network, load_network
from photochrom.painting.painting import Painting
from photochrom.painting.prepare import prepare


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Colorization:
    """A photograph in colour, and what is known of how it came about."""

    image: Pixels
    """(H, W, 3) BGR, or (H, W, 4) BGRA where alpha came; of the photograph's own type."""
    confidence: Float32
    """(H, W) probability in [0, 1] that the true colour is near the network's, whatever adjustments made of that."""
    device: str
    """What the network ran on: cpu, cuda or cuda_fp16."""
    engine: str
    """What ran the network: opencv or onnxruntime."""


class Colorizer:
    """A network that gives black-and-white photographs their colours; safe in several threads.

    One instance runs one photograph at a time through its network; several instances run side by side.
    """

    def __init__(self, model: str | Path = "colorize", *, device: Device = "auto", engine: Engine = "opencv") -> None:
        """Load a network.

        Args:
            model: a shipped network by name, or a user's own by the path of its .onnx file, beside which its contract
                (.json) lies.
            device: ``auto`` takes CUDA where it works, else the CPU; see `device` for which it became.
            engine: ``opencv``, or ``onnxruntime`` where that is installed.

        Raises:
            ModelError: no such network, or it or its contract is damaged.
            DeviceError: the device or the engine is not to be had here.
        """
        self._contract_path = find(model).absolute()
        self._device: Device = device
        self._engine: Engine = engine
        self._network = load_network(self._contract_path, device=device, engine=engine)

    @staticmethod
    def create(model: str | Path = "colorize", *, device: Device = "auto", engine: Engine = "opencv") -> "Colorizer":
        """A colorizer, made as OpenCV's classes are; arguments and errors as of `Colorizer`."""
        return Colorizer(model, device=device, engine=engine)

    @property
    def device(self) -> str:
        """What the network runs on: cpu, cuda or cuda_fp16."""
        return self._network.device

    @property
    def engine(self) -> str:
        """What runs the network: opencv or onnxruntime."""
        return self._network.engine

    @property
    def contract(self) -> Contract:
        """The network's contract."""
        return self._network.contract

    @overload
    def colorize(
        self,
        src: MatLike,
        dst: MatLike | None = None,
        *,
        strength: float = 1.0,
        saturation: float = 1.0,
        fade_uncertain: float = 0.0,
        profile: bytes = b"",
    ) -> MatLike: ...
    @overload
    def colorize(
        self,
        src: cv2.UMat,
        dst: cv2.UMat | None = None,
        *,
        strength: float = 1.0,
        saturation: float = 1.0,
        fade_uncertain: float = 0.0,
        profile: bytes = b"",
    ) -> cv2.UMat: ...
    def colorize(
        self,
        src: MatLike | cv2.UMat,
        dst: MatLike | cv2.UMat | None = None,
        *,
        strength: float = 1.0,
        saturation: float = 1.0,
        fade_uncertain: float = 0.0,
        profile: bytes = b"",
    ) -> MatLike | cv2.UMat:
        """The photograph in colour; its lightness stays as it is, and so does its alpha.

        Args:
            src: grey (H, W) or (H, W, 1), BGR (H, W, 3) or BGRA (H, W, 4); uint8, uint16, or float32 in [0, 1]. Of a
                colour picture the network sees the lightness (L*) alone. It is not changed, unless it is also ``dst``.
            dst: written and returned where its shape and type fit; else a new array is returned.
            strength: share of the new colours, 0 to 1; the rest are those that ``src`` has (none, if it is grey).
            saturation: factor on the strength of the network's colours, 0 (grey) to 10.
            fade_uncertain: how far colours fade to grey where the network guesses, 0 to 1. At 1 a colour whose
                confidence is 0.35 or less is grey; one of 0.7 or more never fades.
            profile: the ICC profile that the pixels of ``src`` are in; empty: they are sRGB. `result_profile` tells
                which one those of the result are in.

        Returns:
            (H, W, 3) BGR, or (H, W, 4) BGRA with the same alpha; of the type of ``src``, a UMat for a UMat.

        Raises:
            ImageError: an argument is not acceptable; the message says what is.
            ModelError: the network does not keep its contract.
        """
        adjustment = Adjustment(strength=strength, saturation=saturation, fade_uncertain=fade_uncertain)
        return self._colorize(src, dst, adjustment, profile)

    def predict(
        self,
        src: MatLike | cv2.UMat,
        *,
        strength: float = 1.0,
        saturation: float = 1.0,
        fade_uncertain: float = 0.0,
        profile: bytes = b"",
    ) -> Colorization:
        """The photograph in colour, with the network's confidence and the device that ran it.

        Args:
            src: as for `colorize`; the result holds arrays for a UMat too.
            strength: as for `colorize`.
            saturation: as for `colorize`.
            fade_uncertain: as for `colorize`.
            profile: as for `colorize`.

        Raises:
            ImageError: as `colorize`.
            ModelError: as `colorize`.
        """
        adjustment = Adjustment(strength=strength, saturation=saturation, fade_uncertain=fade_uncertain)
        pixels = check_photograph(src.get() if isinstance(src, cv2.UMat) else src)
        painting, network, confidence = self._paint(pixels, adjustment, profile)
        size = (pixels.shape[1], pixels.shape[0])
        enlarged = np.asarray(cv2.resize(confidence, size, interpolation=cv2.INTER_LINEAR), np.float32)
        return Colorization(
            image=painting.whole(),
            confidence=np.clip(enlarged, 0, 1, out=enlarged),
            device=network.device,
            engine=network.engine,
        )

    def paint(
        self,
        src: MatLike,
        *,
        strength: float = 1.0,
        saturation: float = 1.0,
        fade_uncertain: float = 0.0,
        profile: bytes = b"",
    ) -> Painting:
        """The photograph in colour for whoever takes it in parts: rows are painted when they are asked for.

        Args:
            src: as for `colorize`, but no UMat; it must stay as it is as long as the result is in use.
            strength: as for `colorize`.
            saturation: as for `colorize`.
            fade_uncertain: as for `colorize`.
            profile: as for `colorize`.

        Raises:
            ImageError: as `colorize`.
            ModelError: as `colorize`.
        """
        adjustment = Adjustment(strength=strength, saturation=saturation, fade_uncertain=fade_uncertain)
        return self._paint(check_photograph(src), adjustment, profile)[0]

    def warm_up(self) -> None:
        """Run the network once: the first run takes several times as long as the next ones.

        Raises:
            ModelError: the network does not keep its contract.
        """
        self._network.warm_up()

    def readModel(self, model: str | Path) -> None:  # noqa: N802 (OpenCV's name)
        """Take another network, on the same device; arguments and errors as of `Colorizer`."""
        path = find(model).absolute()
        self._network = load_network(path, device=self._device, engine=self._engine)
        self._contract_path = path

    def setPreferableBackend(self, backendId: int) -> None:  # noqa: N802, N803 (OpenCV's names)
        """Move to a backend of OpenCV DNN, now: DNN_BACKEND_CUDA to CUDA, DNN_BACKEND_OPENCV and _DEFAULT to the CPU.

        The engine stays: one that is onnxruntime moves to the same device.

        Raises:
            DeviceError: another backend, or one that is not to be had here.
        """
        if backendId == OPENCV_TARGETS["cuda"].backend:
            self._move("cuda")
        elif backendId in (OPENCV_TARGETS["cpu"].backend, cv2.dnn.DNN_BACKEND_DEFAULT):
            self._move("cpu")
        else:
            raise DeviceError(f"backend {backendId!r} is not DNN_BACKEND_OPENCV, _DEFAULT or _CUDA")

    def setPreferableTarget(self, targetId: int) -> None:  # noqa: N802, N803 (OpenCV's names)
        """Move to a target of OpenCV DNN, now: DNN_TARGET_CPU, _CUDA or _CUDA_FP16.

        Raises:
            DeviceError: another target, or one that is not to be had here.
        """
        for device, place in OPENCV_TARGETS.items():
            if targetId == place.target:
                self._move(device)
                return
        raise DeviceError(f"target {targetId!r} is not DNN_TARGET_CPU, _CUDA or _CUDA_FP16")

    def getSize(self) -> tuple[int, int]:  # noqa: N802 (OpenCV's name)
        """(width, height) at which the network sees a photograph [pixels]."""
        return self.contract.size

    def _move(self, device: Device) -> None:
        if device != self.device:
            self._network = load_network(self._contract_path, device=device, engine=self._engine)
        self._device = device

    def _colorize(
        self, src: MatLike | cv2.UMat, dst: MatLike | cv2.UMat | None, adjustment: Adjustment, profile: bytes
    ) -> MatLike | cv2.UMat:
        if isinstance(src, cv2.UMat):
            if not isinstance(dst, cv2.UMat | None):
                raise ImageError(f"src is a UMat, but dst is a {type(dst).__name__}; give two UMats or two arrays")
            # OpenCV's stubs do not know that a UMat is made from an array.
            painted = cv2.UMat(self._colorize_array(src.get(), None, adjustment, profile))  # type: ignore[call-overload]
            # Once is a plain copy, which Python's UMat lacks: into dst where it fits, else into a new one.
            return cv2.repeat(painted, 1, 1, dst)
        if isinstance(dst, cv2.UMat):
            raise ImageError("dst is a UMat, but src is not; give two arrays or two UMats")
        return self._colorize_array(src, dst, adjustment, profile)

    def _colorize_array(self, src: MatLike, dst: MatLike | None, adjustment: Adjustment, profile: bytes) -> Pixels:
        pixels = check_photograph(src)
        if dst is None or not _fits(dst, pixels):
            dst = _blank(pixels)
        out = _blank(pixels) if _overlap(dst, pixels) else dst
        self._paint(pixels, adjustment, profile)[0].whole(out)
        if out is not dst:
            np.copyto(dst, out)
        return dst

    def _paint(self, pixels: Pixels, adjustment: Adjustment, profile: bytes) -> tuple[Painting, Network, Float32]:
        """The photograph in colour, the network that ran, and its (h, w) confidence."""
        space = colour_space(profile, pixels)
        network = self._network
        contract = network.contract
        prepared = prepare(pixels, contract.size, stride=contract.stride, space=space)
        outputs = network.run({"lightness": prepared.lightness})
        confidence = prepared.window.crop(outputs["confidence"], contract.stride)[0]
        chroma = adjustment.apply(prepared.window.crop(outputs["chroma"], contract.stride), confidence)
        guide = prepared.guide(contract.stride)
        painting = Painting(pixels, chroma, guide, space=space, strength=adjustment.strength)
        return painting, network, confidence


@overload
def colorize(
    src: MatLike,
    dst: MatLike | None = None,
    *,
    model: str | Path = "colorize",
    device: Device = "auto",
    engine: Engine = "opencv",
    strength: float = 1.0,
    saturation: float = 1.0,
    fade_uncertain: float = 0.0,
    profile: bytes = b"",
) -> MatLike: ...
@overload
def colorize(
    src: cv2.UMat,
    dst: cv2.UMat | None = None,
    *,
    model: str | Path = "colorize",
    device: Device = "auto",
    engine: Engine = "opencv",
    strength: float = 1.0,
    saturation: float = 1.0,
    fade_uncertain: float = 0.0,
    profile: bytes = b"",
) -> cv2.UMat: ...
def colorize(
    src: MatLike | cv2.UMat,
    dst: MatLike | cv2.UMat | None = None,
    *,
    model: str | Path = "colorize",
    device: Device = "auto",
    engine: Engine = "opencv",
    strength: float = 1.0,
    saturation: float = 1.0,
    fade_uncertain: float = 0.0,
    profile: bytes = b"",
) -> MatLike | cv2.UMat:
    """The photograph in colour; its lightness stays as it is, and so does its alpha.

    The last few networks asked for stay loaded, so calling this for one photograph after another is fine; a network
    file that changes under the same path is not looked at again. Use `Colorizer` to decide for yourself.

    Args:
        src: as for `Colorizer.colorize`.
        dst: as for `Colorizer.colorize`.
        model: as for `Colorizer`.
        device: as for `Colorizer`.
        engine: as for `Colorizer`.
        strength: as for `Colorizer.colorize`.
        saturation: as for `Colorizer.colorize`.
        fade_uncertain: as for `Colorizer.colorize`.
        profile: as for `Colorizer.colorize`.

    Raises:
        ImageError: an argument is not acceptable; the message says what is.
        ModelError: no such network, or it or its contract is damaged.
        DeviceError: the device or the engine is not to be had here.
    """
    adjustment = Adjustment(strength=strength, saturation=saturation, fade_uncertain=fade_uncertain)
    check_choice(device, engine)
    return _colorizer(find(model).absolute(), device, engine)._colorize(src, dst, adjustment, profile)


@lru_cache(maxsize=2)
def _colorizer(contract_path: Path, device: Device, engine: Engine) -> Colorizer:
    return Colorizer(contract_path, device=device, engine=engine)


def _blank(pixels: Pixels) -> Pixels:
    """A new array for the photograph in colour."""
    return np.empty((*pixels.shape[:2], _channels(pixels)), pixels.dtype)


def _channels(pixels: Pixels) -> int:
    return 4 if pixels.ndim == 3 and pixels.shape[2] == 4 else 3


def _fits(dst: object, pixels: Pixels) -> TypeGuard[Pixels]:
    """Whether the photograph in colour can be written into an array.

    Raises:
        ImageError: it is not an array, or must not be written to.
    """
    if not isinstance(dst, np.ndarray):
        raise ImageError(f"dst is a {type(dst).__name__}; give an array to be written, or none")
    if dst.dtype != pixels.dtype or dst.shape != (*pixels.shape[:2], _channels(pixels)):
        return False
    if not dst.flags.writeable:
        raise ImageError("dst is read-only; give an array that may be written, or none")
    return True


def _overlap(out: Pixels, pixels: Pixels) -> bool:
    """Whether writing one array would change pixels of the other that are still to be read."""
    same_place = out.ctypes.data == pixels.ctypes.data and out.strides == pixels.strides
    return np.may_share_memory(out, pixels) and not same_place
