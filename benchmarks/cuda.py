"""The proof of OpenCV's CUDA backend on a machine with a GPU: values, layers left to the CPU, times, memory.

    python benchmarks/cuda.py
    python benchmarks/cuda.py --torch trainer/configs/colorize.toml

Needs an OpenCV that was built with CUDA (wheels from PyPI are not) and onnx. Fails where OpenCV has no CUDA target,
where a network's values differ from the CPU's by more than `TOLERANCE`, and where a layer falls back to the CPU.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from photochrom import Colorizer, Contract, Device, DeviceError, Engine, PhotochromError, models
from photochrom.bench import machine
from photochrom.bench.bench import size_of
from photochrom.bench.made_up import make_photograph
from photochrom.networks.device import OPENCV_TARGETS, ActualDevice, candidates, opencv_devices
from photochrom.networks.model_store import find
from photochrom.networks.network import load_network
from photochrom.painting.prepare import prepare

Float32 = NDArray[np.float32]

TOLERANCE: dict[ActualDevice, dict[str, float]] = {
    "cuda": {"a*b*": 0.5, "probability": 0.01},
    "cuda_fp16": {"a*b*": 2.0, "probability": 0.03},
}
"""Largest difference from the CPU, by unit; 1 in a*b* is about what an eye can just see in a flat patch. CUDA's float32
convolutions may use TF32, which keeps 10 bits of mantissa, as float16 does."""

MEGAPIXELS = (1, 12, 50)
SAMPLES = sorted((Path(__file__).parent.parent / "samples").glob("*.jpg"))
_FALLBACK = re.compile(r'fallback to the CPU implementation for the layer "(?P<name>.*)" of type (?P<type>\w+)')


def grey(path: Path) -> NDArray[np.uint8]:
    """A sample photograph, 8-bit grey."""
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise SystemExit(f"{path} is not a picture that OpenCV can read")
    return np.asarray(picture, np.uint8)


def median_time(action: Callable[[], object], runs: int) -> float:
    """Median of `runs` timed calls after one that is not timed [s]."""
    action()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def gpu_name() -> str:
    """The first GPU's name and driver as nvidia-smi gives them."""
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "GPU of unknown name (nvidia-smi did not answer)"
    return answer.stdout.splitlines()[0]


def differences(contract: Contract, device: Device) -> dict[str, float]:
    """Largest difference from the CPU over all samples, by output [its unit]."""
    path = find(contract.name)
    cpu, gpu = load_network(path, device="cpu"), load_network(path, device=device)
    largest = {output.name: 0.0 for output in contract.outputs}
    for sample in SAMPLES:
        inputs = {"lightness": prepare(grey(sample), contract.size, stride=contract.stride).lightness}
        expected, given = cpu.run(inputs), gpu.run(inputs)
        for name in largest:
            largest[name] = max(largest[name], float(np.abs(expected[name] - given[name]).max()))
    return largest


def fallback_layers(model: Path, device: ActualDevice) -> list[str]:
    """The layers, as "name (type)", that OpenCV runs on the CPU though the network is on a GPU.

    OpenCV says so in its log alone, when a network is first run: hence a process of its own, whose output is read.
    """
    child = subprocess.run(
        [sys.executable, __file__, "--forward", str(model), device],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OPENCV_LOG_LEVEL": "VERBOSE"},
    )
    if child.returncode:
        raise SystemExit(f"{model} does not run on {device}:\n{child.stdout}{child.stderr}")
    return sorted({f"{found['name']} ({found['type']})" for found in _FALLBACK.finditer(child.stdout + child.stderr)})


def forward_once(model: Path, device: ActualDevice) -> None:
    """Run a network of one input once on zeros, whatever it is."""
    (value,) = onnx.load(model).graph.input
    net = cv2.dnn.readNetFromONNX(str(model))
    target = OPENCV_TARGETS[device]
    net.setPreferableBackend(target.backend)
    net.setPreferableTarget(target.target)
    net.setInput(np.zeros([length.dim_value for length in value.type.tensor_type.shape.dim], np.float32), value.name)
    net.forward(net.getUnconnectedOutLayersNames())


def write_control(path: Path) -> None:
    """A network whose ArgMax OpenCV cannot run on CUDA: shows that `fallback_layers` would see one."""
    nodes = [
        helper.make_node("Conv", ["in", "kernel"], ["features"], name="convolution", kernel_shape=[1, 1]),
        helper.make_node("ArgMax", ["features"], ["index"], name="largest", axis=1, keepdims=1),
        helper.make_node("Cast", ["index"], ["out"], name="cast", to=TensorProto.FLOAT),
    ]
    graph = helper.make_graph(
        nodes,
        "control",
        [helper.make_tensor_value_info("in", TensorProto.FLOAT, [1, 1, 32, 32])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 1, 32, 32])],
        [numpy_helper.from_array(np.array([[[[1]]], [[[-1]]]], np.float32), "kernel")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def network_times(contract: Contract, runs: int, torch_config: Path | None) -> list[tuple[str, float]]:
    """Median time of one forward pass [s] in every engine that can be had, by what ran it."""
    sides: list[tuple[Engine, Device]] = [
        *(("opencv", device) for device in opencv_devices()),
        ("onnxruntime", "cpu"),
        ("onnxruntime", "cuda"),
    ]
    inputs = {"lightness": prepare(grey(SAMPLES[0]), contract.size, stride=contract.stride).lightness}
    times: list[tuple[str, float]] = []
    for engine, device in sides:
        try:
            network = load_network(find(contract.name), engine=engine, device=device)
        except DeviceError as error:
            print(f"not timed: {engine} on {device}: {error}\n")
            continue
        times.append((f"{engine}, {device}", median_time(partial(network.run, inputs), runs)))
    if torch_config is not None:
        times += torch_times(torch_config, inputs["lightness"], runs)
    return times


def torch_times(config_file: Path, lightness: Float32, runs: int) -> list[tuple[str, float]]:
    """The same network in PyTorch on the GPU, from host array to host array; random weights cost what others do."""
    import torch

    from photochrom_train.config import load_config
    from photochrom_train.networks import build_network
    from photochrom_train.palette import Palette

    grid = np.stack(np.meshgrid(np.arange(-70, 80, 10), np.arange(-70, 80, 10)), -1).reshape(-1, 2).astype(np.float32)
    palette = Palette(grid, np.full(len(grid), 1 / len(grid), np.float32))
    config = load_config(config_file)
    stages = tuple(replace(stage, loss=replace(stage.loss, perceptual=0.0)) for stage in config.stages)
    config = replace(config, backbone=None, stages=stages)  # no weights are read, so that no file of them is needed
    network = build_network(config, palette).eval().cuda()
    times = []
    for name, dtype in (("float32", torch.float32), ("float16", torch.float16)):

        def forward(dtype: torch.dtype = dtype) -> None:
            with torch.inference_mode(), torch.autocast("cuda", dtype, enabled=dtype is not torch.float32):
                prediction = network(torch.from_numpy(lightness).cuda())
                prediction.chroma.float().cpu()
                prediction.confidence.float().cpu()

        times.append((f"torch {torch.__version__}, cuda, {name}", median_time(forward, runs)))
    return times


def photograph_times(name: str, devices: Sequence[ActualDevice], runs: int) -> list[tuple[str, list[float]]]:
    """Median time of colorizing each size [s], by device."""
    colorizers = {device: Colorizer(name, device=device) for device in devices}
    rows: list[tuple[str, list[float]]] = []
    for megapixels in MEGAPIXELS:
        width, height = size_of(megapixels)
        photograph = make_photograph(width, height, colour=False, dtype=np.dtype(np.uint8))
        result = np.empty((height, width, 3), np.uint8)
        times = [median_time(partial(colorizers[device].colorize, photograph, result), runs) for device in devices]
        rows.append((f"{megapixels} MP ({width}×{height})", times))
    return rows


def gpu_memory(action: Callable[[], object]) -> int:
    """What is taken of the GPU's memory by an action and still held after it [bytes]."""
    info = cv2.cuda.DeviceInfo()
    before = info.freeMemory()
    kept = action()
    taken = before - info.freeMemory()
    del kept
    return int(taken)


def _warm(name: str, device: Device) -> Colorizer:
    colorizer = Colorizer(name, device=device)
    colorizer.warm_up()
    return colorizer


def control_faults(devices: Sequence[ActualDevice]) -> list[str]:
    """What is wrong with seeing fallbacks at all."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        control = Path(folder) / "control.onnx"
        write_control(control)
        for device in devices:
            seen = fallback_layers(control, device)
            print(f"Control on {device}, which must fall back: {', '.join(seen) or 'nothing seen'}")
            if not seen:
                wrong.append(f"a fallback on {device} would not be seen in OpenCV's log")
    return wrong


def value_faults(contract: Contract, devices: Sequence[ActualDevice]) -> list[str]:
    """The table of differences from the CPU; those above tolerance come back."""
    wrong = []
    print("| device | output | largest difference from the CPU | allowed |\n|---|---|---:|---:|")
    for device in devices:
        found = differences(contract, device)
        for output in contract.outputs:
            allowed = TOLERANCE[device][output.unit]
            print(f"| {device} | {output.name} [{output.unit}] | {found[output.name]:.4f} | {allowed} |")
            if not found[output.name] <= allowed:
                wrong.append(f"{contract.name} on {device}: {output.name} differs by {found[output.name]:.4f}")
    return wrong


def layer_faults(contract: Contract, devices: Sequence[ActualDevice]) -> list[str]:
    """The layers left to the CPU, and the GPU memory of a network; the layers come back."""
    wrong = []
    for device in devices:
        layers = fallback_layers(find(contract.name).with_name(contract.file), device)
        print(f"Layers left to the CPU on {device}: {', '.join(layers) or 'none'}")
        wrong += [f"{contract.name} on {device}: layer {layer} falls back to the CPU" for layer in layers]
        memory = gpu_memory(partial(_warm, contract.name, device))
        print(f"GPU memory held by one warm network on {device}: {memory / 1e6:.0f} MB")
    return wrong


def prove(runs: int, torch_config: Path | None) -> list[str]:
    """Print everything about every shipped network; what is wrong comes back."""
    devices = opencv_devices()
    on_gpu = [device for device in devices if device != "cpu"]
    print(f"{gpu_name()}; {machine.description()}. Medians of {runs} runs.\n")
    print(f"OpenCV's devices: {', '.join(devices)}")
    wrong = control_faults(on_gpu)
    for contract in models():
        print(f"\n## {contract.name} {contract.version}\n")
        wrong += value_faults(contract, on_gpu)
        print()
        wrong += layer_faults(contract, on_gpu)
        print("\n| network alone | [ms] |\n|---|---:|")
        for what, seconds in network_times(contract, runs, torch_config):
            print(f"| {what} | {seconds * 1e3:.2f} |")
        print(f"\n| photograph | {' | '.join(f'{device} [s]' for device in devices)} |\n|---|{'---:|' * len(devices)}")
        for size, times in photograph_times(contract.name, devices, runs):
            print(f"| {size} | {' | '.join(f'{seconds:.3f}' for seconds in times)} |")
    return wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the proof; returns 1 where something is wrong or there is no CUDA to prove."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=20, help="timed runs; the median counts [%(default)s]")
    parser.add_argument("--torch", type=Path, metavar="CONFIG", help="time this config's network in PyTorch too")
    parser.add_argument("--forward", nargs=2, metavar=("MODEL", "DEVICE"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.forward:
        model, device = options.forward
        forward_once(Path(model), device)
        return 0
    try:
        candidates("cuda", "opencv")
    except DeviceError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        wrong = prove(options.runs, options.torch)
    except PhotochromError as error:
        wrong = [str(error)]
    print("\n".join(["", *(f"WRONG: {fault}" for fault in wrong)]) if wrong else "\nAll as it should be.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
