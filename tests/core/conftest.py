"""A tiny network with its contract, made on the spot, for tests without torch and without trained weights."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from photochrom.contract import Contract, Tensor

SIDE = 64
STRIDE = 2


def tiny_network(side: int = SIDE) -> onnx.ModelProto:
    """A valid colorizer: one 3x3 convolution of stride 2 makes chroma of lightness, a sigmoid of it confidence."""
    rng = np.random.default_rng(7)
    kernel = rng.normal(0, 0.15, (2, 1, 3, 3)).astype(np.float32)
    select = np.array([[[[0.05]], [[-0.05]]]], np.float32)
    half = side // STRIDE
    graph = helper.make_graph(
        [
            helper.make_node(
                "Conv", ["lightness", "kernel", "bias"], ["chroma"], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4
            ),
            helper.make_node("Conv", ["chroma", "select"], ["score"], kernel_shape=[1, 1]),
            helper.make_node("Sigmoid", ["score"], ["confidence"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("lightness", TensorProto.FLOAT, [1, 1, side, side])],
        [
            helper.make_tensor_value_info("chroma", TensorProto.FLOAT, [1, 2, half, half]),
            helper.make_tensor_value_info("confidence", TensorProto.FLOAT, [1, 1, half, half]),
        ],
        [
            numpy_helper.from_array(kernel, "kernel"),
            numpy_helper.from_array(np.array([12, 18], np.float32), "bias"),
            numpy_helper.from_array(select, "select"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def contract_for(network: bytes, file: str = "tiny.onnx", side: int = SIDE) -> Contract:
    """The contract that a network file of these bytes keeps."""
    half = side // STRIDE
    return Contract(
        format=1,
        name=Path(file).stem,
        version="1.0",
        task="colorize",
        file=file,
        sha256=hashlib.sha256(network).hexdigest(),
        size_bytes=len(network),
        opset=17,
        inputs=(Tensor(name="lightness", shape=(1, 1, side, side), unit="L*", range=(0, 100)),),
        outputs=(
            Tensor(name="chroma", shape=(1, 2, half, half), unit="a*b*", range=(-128, 128)),
            Tensor(name="confidence", shape=(1, 1, half, half), unit="probability", range=(0, 1)),
        ),
        conditions=(),
        macs=20_000,
        licence="Apache-2.0",
        data="none: made by a test",
        parity={},
    )


def write_model(folder: Path, network: bytes, name: str = "tiny", side: int = SIDE) -> Path:
    """Write network and contract; the network's path."""
    path = folder / f"{name}.onnx"
    path.write_bytes(network)
    path.with_suffix(".json").write_text(contract_for(network, path.name, side).to_json(), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of a tiny colorizer with its contract; not to be changed."""
    return write_model(tmp_path_factory.mktemp("model"), tiny_network().SerializeToString())
