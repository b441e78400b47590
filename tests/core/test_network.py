"""A network gives what its contract says, in several threads too, or an error that names it."""

import logging
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from photochrom.errors import DeviceError, ModelError
from photochrom.networks import device, network
from photochrom.networks.contract import read_contract
from photochrom.networks.model_store import find
from photochrom.networks.network import Network, load_network

Float32 = NDArray[np.float32]

SHAPES = {"chroma": (1, 2, 32, 32), "confidence": (1, 1, 32, 32)}


def load(model: Path, **choice: str) -> Network:
    """Load a network by the path of its .onnx file."""
    return load_network(model.with_suffix(".json"), **choice)  # type: ignore[arg-type]


def some_lightness(seed: int) -> dict[str, Float32]:
    return {"lightness": np.random.default_rng(seed).uniform(0, 100, (1, 1, 64, 64)).astype(np.float32)}


def test_outputs_come_by_name_in_the_contracts_shapes(model):
    outputs = load(model).run(some_lightness(0))

    assert {name: value.shape for name, value in outputs.items()} == SHAPES
    assert all(value.dtype == np.float32 for value in outputs.values())


def test_both_engines_give_the_same_values(model):
    opencv, onnxruntime = load(model), load(model, engine="onnxruntime")

    ours, reference = opencv.run(some_lightness(1)), onnxruntime.run(some_lightness(1))

    assert (opencv.engine, onnxruntime.engine) == ("opencv", "onnxruntime")
    for name in reference:
        np.testing.assert_allclose(ours[name], reference[name], atol=1e-4)
        assert np.ptp(reference[name]) > 0


@pytest.mark.parametrize("engine", ["opencv", "onnxruntime"])
def test_one_network_in_several_threads_gives_the_values_it_gives_in_one(model, engine):
    shared = load(model, engine=engine)
    inputs = [some_lightness(seed) for seed in range(40)]
    alone = [shared.run(given)["chroma"].copy() for given in inputs]

    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda given: shared.run(given)["chroma"], inputs))

    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


class Busy:
    """An engine that notices a second thread inside it."""

    def __init__(self) -> None:
        self._inside = threading.Lock()

    def forward(self, _: Mapping[str, Float32], outputs: Sequence[str]) -> list[Float32]:
        assert self._inside.acquire(blocking=False), "two threads are inside one network"
        time.sleep(0.002)
        self._inside.release()
        return [np.zeros(SHAPES[name], np.float32) for name in outputs]


def test_only_one_thread_at_a_time_is_inside_a_network(model):
    shared = Network(read_contract(model.with_suffix(".json")), Busy(), device="cpu", engine="opencv")

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(shared.run, [some_lightness(0)] * 20))

    assert len(results) == 20


@pytest.mark.parametrize("first", [True, False])
def test_a_network_runs_rightly_after_opencv_was_told_to_use_other_instructions(first):
    before = cv2.useOptimized()
    inputs = {"lightness": np.random.default_rng(1).uniform(0, 100, (1, 1, 320, 320)).astype(np.float32)}
    try:
        cv2.setUseOptimized(first)
        loaded = load_network(find("colorize"))
        wanted = loaded.run(inputs)
        cv2.setUseOptimized(not first)
        other = loaded.run(inputs)
    finally:
        cv2.setUseOptimized(before)
    for name, atol in (("chroma", 0.1), ("confidence", 0.002)):
        np.testing.assert_allclose(other[name], wanted[name], atol=atol)


def test_several_networks_run_side_by_side(model):
    networks = [load(model) for _ in range(4)]
    expected = networks[0].run(some_lightness(3))["chroma"].copy()

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda one: [one.run(some_lightness(3))["chroma"] for _ in range(10)], networks))

    for result in results:
        for chroma in result:
            np.testing.assert_array_equal(chroma, expected)


def test_an_earlier_result_stays_when_the_network_runs_again(model):
    loaded = load(model)
    first = loaded.run(some_lightness(4))["chroma"]
    kept = first.copy()

    loaded.run(some_lightness(5))

    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize("engine", ["opencv", "onnxruntime"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, 600])
def test_outputs_that_are_not_finite_or_far_out_of_range_are_an_error_on_every_run(make_model, network, engine, value):
    bias = next(tensor for tensor in network.graph.initializer if tensor.name == "bias")
    bias.CopyFrom(numpy_helper.from_array(np.array([0, value], np.float32), "bias"))
    loaded = load(make_model(network), engine=engine)

    with pytest.raises(ModelError, match="chroma"):
        loaded.warm_up()
    with pytest.raises(ModelError, match="chroma"):
        loaded.run(some_lightness(6))


def test_an_output_of_another_shape_than_the_file_itself_says_is_an_error(make_model, network):
    strides = next(entry for entry in network.graph.node[0].attribute if entry.name == "strides")
    strides.ints[:] = [1, 1]
    loaded = load(make_model(network))

    with pytest.raises(ModelError, match=r"\(1, 2, 64, 64\)"):
        loaded.warm_up()


def test_layers_that_do_not_fit_each_other_are_an_error(make_model, network):
    network.graph.node.insert(1, helper.make_node("Concat", ["chroma", "lightness"], ["both"], axis=1))
    network.graph.node[2].input[0] = "both"

    with pytest.raises(ModelError, match=r"tiny\.onnx"):
        load(make_model(network)).warm_up()


def test_a_model_error_has_the_engines_own_words(make_model, network):
    network.graph.node.insert(1, helper.make_node("Concat", ["chroma", "lightness"], ["both"], axis=1))
    network.graph.node[2].input[0] = "both"

    with pytest.raises(ModelError, match=cv2.__version__) as failure:
        load(make_model(network)).warm_up()

    assert isinstance(failure.value.__cause__, ModelError)


def test_an_engine_that_is_not_installed_is_an_error_that_says_what_to_install(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    with pytest.raises(DeviceError, match=r"photochrom\[onnxruntime\]"):
        load(model, engine="onnxruntime")


@pytest.mark.parametrize(
    "choice", [{"device": "gpu"}, {"device": None}, {"device": np.arange(2)}, {"engine": "torch"}, {"engine": ""}]
)
def test_a_device_or_engine_that_does_not_exist_is_an_error_with_those_that_do(model, choice):
    with pytest.raises(DeviceError, match=r"auto, cpu, cuda, cuda_fp16|opencv, onnxruntime"):
        load(model, **choice)


@pytest.mark.skipif("cuda" in device.opencv_devices(), reason="this OpenCV has CUDA")
@pytest.mark.parametrize("name", ["cuda", "cuda_fp16"])
def test_asking_for_cuda_without_having_it_is_an_error_that_says_what_to_do(model, name):
    with pytest.raises(DeviceError, match=rf"OpenCV {cv2.__version__}.*the device cpu"):
        load(model, device=name)


def test_asking_a_cuda_build_without_a_gpu_is_another_error(model, monkeypatch):
    monkeypatch.setattr(device, "opencv_devices", lambda: ["cpu"])
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "  NVIDIA CUDA:                   YES (ver 13.0, CUBLAS)\n")

    with pytest.raises(DeviceError, match="GPU"):
        load(model, device="cuda")


def test_half_precision_is_not_to_be_had_in_onnxruntime(model):
    with pytest.raises(DeviceError, match="onnxruntime"):
        load(model, device="cuda_fp16", engine="onnxruntime")


class BrokenCuda:
    """An engine whose CUDA is found but fails; its CPU gives zeros."""

    def __init__(self, _: NDArray[np.uint8], device: str) -> None:
        self._device = device

    def forward(self, _: Mapping[str, Float32], outputs: Sequence[str]) -> list[Float32]:
        if self._device != "cpu":
            raise ModelError("no kernel image is available")
        return [np.zeros(SHAPES[name], np.float32) for name in outputs]


@pytest.fixture
def broken_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "opencv_devices", lambda: ["cpu", "cuda", "cuda_fp16"])
    monkeypatch.setattr(network, "_ENGINES", {"opencv": BrokenCuda})


@pytest.mark.usefixtures("broken_cuda")
def test_auto_falls_back_to_the_cpu_and_says_so(model, caplog):
    with caplog.at_level(logging.INFO, logger="photochrom"):
        loaded = load(model, device="auto")

    assert loaded.device == "cpu"
    warning, choice = caplog.records
    assert warning.levelno == logging.WARNING
    assert "no kernel image" in warning.getMessage()
    assert "cpu" in choice.getMessage()


@pytest.mark.usefixtures("broken_cuda")
@pytest.mark.parametrize("name", ["cuda", "cuda_fp16"])
def test_cuda_that_was_asked_for_and_fails_is_an_error(model, name):
    with pytest.raises(DeviceError, match="no kernel image"):
        load(model, device=name)
