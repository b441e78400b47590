"""Which processor runs a network: asked for by name, checked when the network is loaded, never changed in silence."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

import cv2

from photochrom.errors import DeviceError

Device = Literal["auto", "cpu", "cuda", "cuda_fp16"]
Engine = Literal["opencv", "onnxruntime"]
ActualDevice = Literal["cpu", "cuda", "cuda_fp16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCVTarget:
    """A device in OpenCV DNN's own numbers."""

    backend: int
    """cv2.dnn.DNN_BACKEND_*"""
    target: int
    """cv2.dnn.DNN_TARGET_*"""


OPENCV_TARGETS: Final[dict[ActualDevice, OpenCVTarget]] = {
    "cpu": OpenCVTarget(backend=cv2.dnn.DNN_BACKEND_OPENCV, target=cv2.dnn.DNN_TARGET_CPU),
    "cuda": OpenCVTarget(backend=cv2.dnn.DNN_BACKEND_CUDA, target=cv2.dnn.DNN_TARGET_CUDA),
    "cuda_fp16": OpenCVTarget(backend=cv2.dnn.DNN_BACKEND_CUDA, target=cv2.dnn.DNN_TARGET_CUDA_FP16),
}


def check_names(device: str, engine: str) -> None:
    """Raise DeviceError where a device or engine does not exist."""
    if device not in get_args(Device):
        raise DeviceError(f"there is no device {device!r}; give one of {', '.join(get_args(Device))}")
    if engine not in get_args(Engine):
        raise DeviceError(f"there is no engine {engine!r}; give one of {', '.join(get_args(Engine))}")


def opencv_devices() -> list[ActualDevice]:
    """The devices on which OpenCV DNN can run here."""
    usable = set(cv2.dnn.getAvailableTargets(cv2.dnn.DNN_BACKEND_CUDA))
    return ["cpu", *(name for name in ("cuda", "cuda_fp16") if OPENCV_TARGETS[name].target in usable)]


def built_with_cuda() -> bool:
    """Whether this OpenCV was built with CUDA, usable here or not."""
    return any("NVIDIA CUDA" in line and "YES" in line for line in cv2.getBuildInformation().splitlines())


def no_opencv_cuda() -> DeviceError:
    """The error for CUDA asked of an OpenCV that has no usable CUDA target; says why."""
    if built_with_cuda():
        why = "was built with CUDA but finds no usable GPU and driver"
        cure = "use --device cpu, or see that nvidia-smi lists a GPU this OpenCV was built for"
    else:
        why = "has no usable CUDA target (wheels from PyPI are CPU-only)"
        cure = "use --device cpu, or install an OpenCV built with OPENCV_DNN_CUDA"
    return DeviceError(f"CUDA was asked for, but OpenCV {cv2.__version__} {why}; {cure}")
