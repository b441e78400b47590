"""Colorizing a photograph: `colorize` and `Colorizer`, in OpenCV's conventions."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import overload

import cv2
import numpy as np
from cv2.typing import MatLike

from photochrom.colour import Float32, Pixels
from photochrom.contract import Contract
from photochrom.device import Device, Engine
from photochrom.finish import finish
from photochrom.model_store import find
from photochrom.network import load_network
from photochrom.photograph import check_photograph, from_umat
from photochrom.prepare import prepare


@dataclass(frozen=True, slots=True, kw_only=True)
class Colorization:
    """A photograph in colour, and what is known of how it came about."""

    image: MatLike
    """(H, W, 3) BGR, or (H, W, 4) BGRA where alpha came; the photograph's own type."""
    confidence: Float32
    """(H, W) probability in [0, 1] that the true colour is near."""
    device: str
    """What the network ran on: cpu, cuda or cuda_fp16."""
    engine: str
    """What ran the network: opencv or onnxruntime."""


class Colorizer:
    """A network that gives black-and-white photographs their colours."""

    def __init__(self, model: str | Path = "colorize", *, device: Device = "auto", engine: Engine = "opencv") -> None:
        self._device: Device = device
        self._engine: Engine = engine
        self.readModel(model)

    @staticmethod
    def create(model: str | Path = "colorize", *, device: Device = "auto", engine: Engine = "opencv") -> "Colorizer":
        """A colorizer, as `cv2` classes are made."""
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

    def readModel(self, model: str | Path) -> None:
        """Take another network: a shipped one by name, or a user's own by path."""
        self._network = load_network(find(model), device=self._device, engine=self._engine)
        self._model = model

    def getSize(self) -> tuple[int, int]:
        """(width, height) at which the network sees photographs [pixels]."""
        return self.contract.size

    def warm_up(self) -> None:
        """Run the network once, so that the first photograph is as fast as the next ones."""
        self._network.warm_up()

    @overload
    def colorize(self, src: MatLike, dst: MatLike | None = None, *, saturation: float = 1.0) -> MatLike: ...
    @overload
    def colorize(self, src: cv2.UMat, dst: cv2.UMat | None = None, *, saturation: float = 1.0) -> cv2.UMat: ...
    def colorize(
        self, src: MatLike | cv2.UMat, dst: MatLike | cv2.UMat | None = None, *, saturation: float = 1.0
    ) -> MatLike | cv2.UMat:
        """The photograph in colour."""
        pixels = check_photograph(from_umat(src))
        out = np.empty((*pixels.shape[:2], 4 if pixels.ndim == 3 and pixels.shape[2] == 4 else 3), pixels.dtype)
        self._paint(pixels, out, saturation)
        return out

    def predict(self, src: MatLike | cv2.UMat, *, saturation: float = 1.0) -> Colorization:
        """The photograph in colour, with the network's confidence and the device that ran."""
        pixels = check_photograph(from_umat(src))
        out = np.empty((*pixels.shape[:2], 4 if pixels.ndim == 3 and pixels.shape[2] == 4 else 3), pixels.dtype)
        confidence = self._paint(pixels, out, saturation)
        height, width = pixels.shape[:2]
        return Colorization(
            image=out,
            confidence=np.clip(cv2.resize(confidence, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1),
            device=self.device,
            engine=self.engine,
        )

    def _paint(self, pixels: Pixels, out: Pixels, saturation: float) -> Float32:
        network = self._network
        contract = network.contract
        prepared = prepare(pixels, contract.size, stride=contract.stride)
        outputs = network.run({"lightness": prepared.lightness})
        chroma = prepared.window.crop(outputs["chroma"], contract.stride) * np.float32(saturation)
        finish(pixels, chroma, out=out)
        return prepared.window.crop(outputs["confidence"], contract.stride)[0]


@lru_cache(maxsize=4)
def _cached_colorizer(model: str | Path, device: Device, engine: Engine) -> Colorizer:
    return Colorizer(model, device=device, engine=engine)


def colorize(
    src: MatLike,
    dst: MatLike | None = None,
    *,
    model: str | Path = "colorize",
    device: Device = "auto",
    engine: Engine = "opencv",
    saturation: float = 1.0,
) -> MatLike:
    """The photograph in colour."""
    return _cached_colorizer(model, device, engine).colorize(src, dst, saturation=saturation)
