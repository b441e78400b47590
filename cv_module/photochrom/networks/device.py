"""Which processor runs a network: asked for by name, settled when the network is loaded, never changed in silence."""

from typing import Final, Literal, NamedTuple, get_args

import cv2

from photochrom.errors import DeviceError

Device = Literal["auto", "cpu", "cuda", "cuda_fp16"]
"""What can be asked for; auto is CUDA where it works, else the CPU."""
ActualDevice = Literal["cpu", "cuda", "cuda_fp16"]
"""What a network can run on."""
Engine = Literal["opencv", "onnxruntime"]


class OpenCVTarget(NamedTuple):
    """A device in OpenCV DNN's own numbers."""

    backend: int
    """cv2.dnn.DNN_BACKEND_*"""
    target: int
    """cv2.dnn.DNN_TARGET_*"""


OPENCV_TARGETS: Final[dict[ActualDevice, OpenCVTarget]] = {
    "cpu": OpenCVTarget(cv2.dnn.DNN_BACKEND_OPENCV, cv2.dnn.DNN_TARGET_CPU),
    "cuda": OpenCVTarget(cv2.dnn.DNN_BACKEND_CUDA, cv2.dnn.DNN_TARGET_CUDA),
    "cuda_fp16": OpenCVTarget(cv2.dnn.DNN_BACKEND_CUDA, cv2.dnn.DNN_TARGET_CUDA_FP16),
}


def check_choice(device: object, engine: object) -> None:
    """Raise DeviceError for a device or an engine that does not exist."""
    for kind, given, allowed in (("device", device, get_args(Device)), ("engine", engine, get_args(Engine))):
        if not isinstance(given, str) or given not in allowed:
            raise DeviceError(f"there is no {kind} {given!r}; give one of {', '.join(allowed)}")


def opencv_devices() -> list[ActualDevice]:
    """The devices that OpenCV DNN finds here."""
    targets = cv2.dnn.getAvailableTargets(cv2.dnn.DNN_BACKEND_CUDA)
    return [name for name, place in OPENCV_TARGETS.items() if name == "cpu" or place.target in targets]


def opencv_has_cuda() -> bool:
    """Whether this OpenCV was built with CUDA, be it usable here or not."""
    return any("NVIDIA CUDA:" in line and "YES" in line for line in cv2.getBuildInformation().splitlines())


def onnxruntime_devices() -> list[ActualDevice]:
    """The devices that onnxruntime finds here.

    Raises:
        DeviceError: onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise DeviceError(
            f"onnxruntime was asked for, but cannot be imported ({error}); "
            "use the engine opencv, or pip install photochrom[onnxruntime]"
        ) from None
    return ["cpu", "cuda"] if "CUDAExecutionProvider" in onnxruntime.get_available_providers() else ["cpu"]


def usable_devices(engine: Engine) -> list[ActualDevice]:
    """The devices that an engine finds here; finding one is not yet proof that it works."""
    return opencv_devices() if engine == "opencv" else onnxruntime_devices()


def candidates(device: Device, engine: Engine) -> list[ActualDevice]:
    """The devices to try, best first, for what was asked for.

    Raises:
        DeviceError: none; the message says why, and what to do.
    """
    check_choice(device, engine)
    usable = usable_devices(engine)
    if device == "auto":
        return [name for name in ("cuda", "cpu") if name in usable]
    if device in usable:
        return [device]
    if engine == "onnxruntime":
        raise DeviceError(
            f"{device} was asked for, but onnxruntime offers {', '.join(usable)} here; "
            "use the device cpu, or the engine opencv with an OpenCV built with OPENCV_DNN_CUDA"
        )
    if opencv_has_cuda():
        raise DeviceError(
            f"CUDA was asked for, but OpenCV {cv2.__version__}, though built with CUDA, finds no GPU that it can use; "
            "use the device cpu, or see that nvidia-smi lists a GPU of the kind that this OpenCV was built for"
        )
    raise DeviceError(
        f"CUDA was asked for, but OpenCV {cv2.__version__} has no usable CUDA target (wheels from PyPI are CPU-only); "
        "use the device cpu, or install an OpenCV built with OPENCV_DNN_CUDA"
    )
