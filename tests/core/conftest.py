"""A tiny network with its contract, made on the spot, for tests without torch and without trained weights."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from photochrom.colour.lab import white
from photochrom.conversion.options import ConvertOptions
from photochrom.files.imageio import write_image
from photochrom.networks.contract import Contract, Tensor

SIDE = 64
STRIDE = 2

ModelMaker = Callable[..., Path]
"""See `make_model`."""


def tiny_network() -> onnx.ModelProto:
    """A valid colorizer: one 3x3 convolution of stride 2 makes chroma of lightness, a sigmoid of it confidence."""
    kernel = np.random.default_rng(7).normal(0, 0.15, (2, 1, 3, 3)).astype(np.float32)
    half = SIDE // STRIDE
    graph = helper.make_graph(
        [
            helper.make_node(
                "Conv", ["lightness", "kernel", "bias"], ["chroma"], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4
            ),
            helper.make_node("Conv", ["chroma", "select"], ["score"], kernel_shape=[1, 1]),
            helper.make_node("Sigmoid", ["score"], ["confidence"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("lightness", TensorProto.FLOAT, [1, 1, SIDE, SIDE])],
        [
            helper.make_tensor_value_info("chroma", TensorProto.FLOAT, [1, 2, half, half]),
            helper.make_tensor_value_info("confidence", TensorProto.FLOAT, [1, 1, half, half]),
        ],
        [
            numpy_helper.from_array(kernel, "kernel"),
            numpy_helper.from_array(np.array([12, 18], np.float32), "bias"),
            numpy_helper.from_array(np.array([[[[0.05]], [[-0.05]]]], np.float32), "select"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def contract_of(network: bytes, file: str) -> Contract:
    """The contract that `tiny_network`, in a file of these bytes, keeps."""
    half = SIDE // STRIDE
    return Contract(
        format=1,
        name=Path(file).stem,
        version="1.0",
        task="colorize",
        file=file,
        sha256=hashlib.sha256(network).hexdigest(),
        size_bytes=len(network),
        opset=17,
        inputs=(Tensor(name="lightness", shape=(1, 1, SIDE, SIDE), unit="L*", range=(0, 100)),),
        outputs=(
            Tensor(name="chroma", shape=(1, 2, half, half), unit="a*b*", range=(-128, 128)),
            Tensor(name="confidence", shape=(1, 1, half, half), unit="probability", range=(0, 1)),
        ),
        conditions=(),
        macs=20_000,
        licence="Apache-2.0",
        data="none: made by a test",
        parity={"onnxruntime": 0.0001},
    )


@pytest.fixture
def make_model(tmp_path: Path) -> ModelMaker:
    """Writes a network beside a contract whose hash and size are right, and returns the network's path.

    Its first argument is a ModelProto or bytes (left out: `tiny_network`); `name` names the file; any other keyword
    replaces that key of the contract.
    """

    def make(network: onnx.ModelProto | bytes | None = None, *, name: str = "tiny", **changes: object) -> Path:
        network = tiny_network() if network is None else network
        data = network if isinstance(network, bytes) else network.SerializeToString()
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(data)
        record = json.loads(contract_of(data, path.name).to_json()) | changes
        path.with_suffix(".json").write_text(json.dumps(record), encoding="utf-8")
        return path

    return make


@pytest.fixture
def network() -> onnx.ModelProto:
    """A tiny colorizer, to be spoilt."""
    return tiny_network()


@pytest.fixture
def model(make_model: ModelMaker) -> Path:
    """The path of a tiny colorizer that keeps its contract."""
    return make_model()


@pytest.fixture
def options(model: Path) -> ConvertOptions:
    """How to convert with a tiny colorizer."""
    return ConvertOptions(model=model)


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A folder with a photograph of each kind: soft blobs of grey, and noise for alpha."""
    folder = tmp_path / "album"
    kinds = (("a.jpg", "uint8", 1), ("1920/b.png", "uint16", 1), ("1920/c.tif", "float32", 3), ("d.png", "uint8", 4))
    for seed, (name, dtype, channels) in enumerate(kinds, start=1):
        rng = np.random.default_rng(seed)
        grey = cv2.resize(rng.random((4, 5), np.float32), (50, 40), interpolation=cv2.INTER_CUBIC).clip(0.1, 0.9)
        planes = [grey] * min(channels, 3) + [rng.random(grey.shape, np.float32)] * (channels == 4)
        write_image(folder / name, (np.dstack(planes) * white(np.dtype(dtype))).astype(dtype))
    return folder
