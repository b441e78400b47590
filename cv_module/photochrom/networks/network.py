"""A loaded network: inputs by name in, outputs by name out, on OpenCV DNN or onnxruntime.

A file is held against its contract before an engine sees it, and every output after. A network that two threads use at
once gives wrong values without an error, so each has one lock.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.colour.lab import Float32
from photochrom.errors import DeviceError, ModelError, shown
from photochrom.networks.contract import Contract, Tensor, read_contract, read_network
from photochrom.networks.device import OPENCV_TARGETS, ActualDevice, Device, Engine, candidates
from photochrom.networks.onnx_file import check_structure

_log = logging.getLogger("photochrom")


class _Runtime(Protocol):
    """A network inside an engine, on a device."""

    def forward(self, inputs: Mapping[str, Float32], outputs: Sequence[str]) -> list[Float32]:
        """The named outputs for the named inputs; not for two threads at once.

        Raises:
            ModelError: the engine fails.
        """


class _OpenCV:
    """A network inside OpenCV DNN."""

    def __init__(self, network: NDArray[np.uint8], device: ActualDevice) -> None:
        self._network = network
        self._device = device
        self._load()

    def _load(self) -> None:
        """Read the network, as OpenCV is set now.

        OpenCV 4 packs weights for the instructions that `cv2.setUseOptimized` allows then, and computes senseless
        values from them under others.
        """
        self._optimized = cv2.useOptimized()
        device = self._device
        try:
            self._net = _read_onnx(self._network, device)
            empty = self._net.empty()
            if device != "cpu":  # the CPU is where a network starts, and OpenCV 5 warns when told so
                self._net.setPreferableBackend(OPENCV_TARGETS[device].backend)
                self._net.setPreferableTarget(OPENCV_TARGETS[device].target)
        except cv2.error as error:
            raise ModelError(f"OpenCV {cv2.__version__} cannot load it: {error.err}") from error
        if empty:
            raise ModelError(f"OpenCV {cv2.__version__} cannot load it: some layer is unknown to it")

    def forward(self, inputs: Mapping[str, Float32], outputs: Sequence[str]) -> list[Float32]:
        if cv2.useOptimized() != self._optimized:
            self._load()
        try:
            for name, value in inputs.items():
                self._net.setInput(value, name)
            return [np.asarray(value, np.float32) for value in self._net.forward(list(outputs))]
        except cv2.error as error:
            raise ModelError(f"OpenCV {cv2.__version__} cannot run it: {error.err}") from error


def _read_onnx(network: NDArray[np.uint8], device: ActualDevice) -> cv2.dnn.Net:
    # OpenCV 5 reaches CUDA through its classic engine alone; OpenCV 4 has no other and no such argument.
    if device != "cpu" and hasattr(cv2.dnn, "ENGINE_CLASSIC"):
        return cv2.dnn.readNetFromONNX(network, cv2.dnn.ENGINE_CLASSIC)  # type: ignore[call-overload, no-any-return]
    return cv2.dnn.readNetFromONNX(network)


class _OnnxRuntime:
    """A network inside onnxruntime."""

    def __init__(self, network: NDArray[np.uint8], device: ActualDevice) -> None:
        import onnxruntime

        provider = "CPUExecutionProvider" if device == "cpu" else "CUDAExecutionProvider"
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors: its warnings go to the terminal past Python's logging
        try:
            self._session = onnxruntime.InferenceSession(network.tobytes(), options, providers=[provider])
        except Exception as error:  # its errors have no other base class
            raise ModelError(f"onnxruntime {onnxruntime.__version__} cannot load it: {error}") from error
        if provider not in self._session.get_providers():
            raise ModelError(f"onnxruntime {onnxruntime.__version__} cannot start CUDA")

    def forward(self, inputs: Mapping[str, Float32], outputs: Sequence[str]) -> list[Float32]:
        try:
            values = self._session.run(list(outputs), dict(inputs))
        except Exception as error:  # its errors have no other base class
            raise ModelError(f"onnxruntime cannot run it: {error}") from error
        return [np.asarray(value, np.float32) for value in values]


_ENGINES: Mapping[Engine, type[_OpenCV] | type[_OnnxRuntime]] = {"opencv": _OpenCV, "onnxruntime": _OnnxRuntime}


class Network:
    """A network that keeps its contract, ready on a device; safe in several threads."""

    def __init__(self, contract: Contract, runtime: _Runtime, *, device: ActualDevice, engine: Engine) -> None:
        self.contract = contract
        self.device = device
        self.engine = engine
        self._runtime = runtime
        self._lock = threading.Lock()

    def run(self, inputs: Mapping[str, Float32]) -> dict[str, Float32]:
        """The network's outputs by name, of the contract's shapes, finite, and in its range or near.

        Args:
            inputs: the contract's inputs by name, float32, of its shapes.

        Raises:
            ModelError: the engine fails, or an output is not what the contract says.
        """
        outputs = self.contract.outputs
        try:
            with self._lock:
                values = self._runtime.forward(inputs, [output.name for output in outputs])
            for output, value in zip(outputs, values, strict=True):
                _check_output(output, value)
        except ModelError as error:
            raise ModelError(f"{self.contract.file} on {self.device}: {error}") from error
        return {output.name: value for output, value in zip(outputs, values, strict=True)}

    def warm_up(self) -> None:
        """Run once on mid-grey: the first run takes several times as long as the next ones.

        Raises:
            ModelError: as `run`.
        """
        inputs = self.contract.inputs
        self.run({tensor.name: np.full(tensor.shape, np.mean(tensor.range), np.float32) for tensor in inputs})


def _check_output(promised: Tensor, value: Float32) -> None:
    """Raise ModelError for another shape, for NaN, and for values far out of range.

    Far is further than the range is wide: OpenCV 5 turns NaN into the largest float32, and a little over is harmless.
    """
    if value.shape != promised.shape:
        raise ModelError(f'its "{promised.name}" came as {value.shape}, but the contract says {promised.shape}')
    least, greatest = promised.range
    width = greatest - least
    low, high = float(value.min()), float(value.max())
    if not (low >= least - width and high <= greatest + width):
        raise ModelError(
            f'its "{promised.name}" came with values from {low:g} to {high:g}, '
            f"but the contract says {least:g} to {greatest:g}"
        )


def load_network(path: Path, *, device: Device = "auto", engine: Engine = "opencv") -> Network:
    """A network, held against its contract, ready on a device.

    Args:
        path: of the contract.
        device: where to run it; CUDA is proven by a first run, and ``auto`` goes on to the CPU where that fails.
        engine: what runs it.

    Raises:
        ModelError: the file or its contract is missing, damaged or unknown, or the engine cannot run it.
        DeviceError: the device or the engine is not to be had here.
    """
    usable = candidates(device, engine)
    contract = read_contract(path)
    file = path.parent / contract.file
    network = read_network(contract, path.parent)
    try:
        check_structure(network.data, contract)
    except ModelError as error:
        raise ModelError(f"{shown(file)}: {error}") from None
    for actual in usable:
        try:
            loaded = Network(contract, _ENGINES[engine](network, actual), device=actual, engine=engine)
            if actual != "cpu":
                loaded.warm_up()
        except ModelError as error:
            if actual == "cpu":
                raise ModelError(f"{shown(file)}: {error}") from error
            if device != "auto":
                raise DeviceError(f"{actual} was asked for and found, but fails: {error}") from error
            _log.warning("device auto: found CUDA, but it fails: %s", error)
        else:
            break
    if device == "auto":
        _log.info("device auto: %s runs on %s in %s", contract.name, loaded.device, engine)
    return loaded
