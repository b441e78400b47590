"""A loaded network: inputs by name in, outputs by name out, on OpenCV DNN or onnxruntime.

Every file is held against its contract before an engine sees it, and every output after. An engine's network gives wrong
values when two threads use it at once, so each has one lock.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.colour import Float32
from photochrom.contract import Contract, read_contract, read_network
from photochrom.device import (
    OPENCV_TARGETS,
    ActualDevice,
    Device,
    Engine,
    check_names,
    no_opencv_cuda,
    opencv_devices,
)
from photochrom.errors import DeviceError, ModelError

_log = logging.getLogger("photochrom")


class Runtime(Protocol):
    """A network inside one engine, on one device."""

    def forward(self, inputs: Mapping[str, Float32], outputs: Sequence[str]) -> list[Float32]:
        """The named outputs for the named inputs. Not safe in several threads."""


class Network:
    """A network that keeps its contract; safe in several threads."""

    def __init__(self, contract: Contract, runtime: Runtime, engine: Engine, device: ActualDevice) -> None:
        self.contract = contract
        self.engine: Engine = engine
        self.device: ActualDevice = device
        self._runtime = runtime
        self._lock = threading.Lock()

    def run(self, inputs: Mapping[str, Float32]) -> dict[str, Float32]:
        """The network's outputs by name, of the contract's shapes, finite.

        Args:
            inputs: by name, float32, of the contract's shapes.

        Raises:
            ModelError: the engine fails, or an output is not what the contract says.
        """
        names = [output.name for output in self.contract.outputs]
        with self._lock:
            values = self._runtime.forward(inputs, names)
        for output, value in zip(self.contract.outputs, values, strict=True):
            if value.shape != output.shape:
                raise ModelError(
                    f'{self.contract.file}: output "{output.name}" has shape {value.shape}, '
                    f"but the contract says {output.shape}"
                )
            if not np.isfinite(value).all():
                raise ModelError(f'{self.contract.file}: output "{output.name}" holds NaN or infinite values')
        return dict(zip(names, values, strict=True))

    def warm_up(self) -> None:
        """Run once on mid-grey: the first run is several times slower than the next ones."""
        self.run(
            {
                tensor.name: np.full(tensor.shape, sum(tensor.range) / 2, np.float32)
                for tensor in self.contract.inputs
            }
        )


class _OpenCV:
    """A network inside OpenCV DNN."""

    def __init__(self, model: NDArray[np.uint8], device: ActualDevice) -> None:
        target = OPENCV_TARGETS[device]
        self._net = _read_opencv_net(model, device)
        if self._net.empty():
            raise cv2.error("OpenCV made an empty network of it")
        self._net.setPreferableBackend(target.backend)
        self._net.setPreferableTarget(target.target)

    def forward(self, inputs: Mapping[str, Float32], outputs: Sequence[str]) -> list[Float32]:
        for name, value in inputs.items():
            self._net.setInput(value, name)
        return [np.asarray(value, np.float32) for value in self._net.forward(list(outputs))]


def _read_opencv_net(model: NDArray[np.uint8], device: ActualDevice) -> cv2.dnn.Net:
    # OpenCV 5 runs CUDA only in its classic engine; OpenCV 4 has no other engine.
    classic = getattr(cv2.dnn, "ENGINE_CLASSIC", None)
    if device != "cpu" and classic is not None:
        return cv2.dnn.readNetFromONNX(model, engine=classic)  # type: ignore[call-overload]
    return cv2.dnn.readNetFromONNX(model)


class _OnnxRuntime:
    """A network inside onnxruntime."""

    def __init__(self, model: NDArray[np.uint8], device: ActualDevice) -> None:
        import onnxruntime

        provider = "CPUExecutionProvider" if device == "cpu" else "CUDAExecutionProvider"
        self._session = onnxruntime.InferenceSession(model.tobytes(), providers=[provider])

    def forward(self, inputs: Mapping[str, Float32], outputs: Sequence[str]) -> list[Float32]:
        return [np.asarray(value, np.float32) for value in self._session.run(list(outputs), dict(inputs))]


def load_network(contract_path: Path, *, device: Device = "auto", engine: Engine = "opencv") -> Network:
    """The network of a contract, checked against it, ready on a device.

    Raises:
        ModelError: file or contract is missing, damaged or unknown, or the engine cannot run it.
        DeviceError: the device or engine asked for is not to be had here.
    """
    check_names(device, engine)
    contract = read_contract(contract_path)
    model = read_network(contract, contract_path.parent)
    actual = _opencv_device(device)
    try:
        runtime = _OpenCV(model, actual)
    except cv2.error as error:
        raise ModelError(f"{contract.file}: OpenCV {cv2.__version__} cannot load it: {error}") from error
    return Network(contract, runtime, engine, actual)


def _opencv_device(device: Device) -> ActualDevice:
    usable = opencv_devices()
    if device == "auto":
        chosen: ActualDevice = "cuda" if "cuda" in usable else "cpu"
        _log.info("device auto: running on %s", chosen)
        return chosen
    if device not in usable:
        raise no_opencv_cuda()
    return device
