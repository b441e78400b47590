"""Tries every operator that is let through to OpenCV with few and many inputs, constants and senseless attributes.

    python fuzz/every_operator.py

Each network is given to OpenCV in a process of its own, unless `check_structure` refuses it; one that ends by a signal
is printed, and makes the exit code 1. Takes minutes.
"""

import itertools
import os
import resource
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from photochrom.errors import ModelError
from photochrom.networks.onnx_file import check_structure
from photochrom.networks.onnx_operators import OPERATORS
from targets import contract_of_seeds

MEMORY_LIMIT: Final = 6 << 30
"""Address space of a process that tries a network [bytes]."""
TIMEOUT: Final = 20
"""How long one may take [s]."""
_OPSET: Final = 17

_WEIGHTS: Final[Mapping[str, object]] = {
    "stem": np.ones((4, 1, 3, 3), np.float32),
    "point": np.ones((2, 4, 1, 1), np.float32),
    "number": np.array(2, np.float32),
    "ascending": np.array([1], np.int64),
    "zero": np.array([0], np.int64),
    "zeros": np.array([0, 0, 0, 0], np.int64),
    "equal": np.array([1, 1], np.int64),
    "descending": np.array([3, 2, 1, 0], np.int64),
    "pair": np.array([3, 2], np.int64),
    "negative": np.array([-1, -2], np.int64),
    "outside": np.array([-7], np.int64),
    "huge": np.array([1 << 40], np.int64),
    "nothing": np.zeros(0, np.int64),
}
"""Constants that a node may read beside "data", which depends on the network's input."""
_FEW: Final = ("data", "stem", "ascending", "number")
_WHOLE: Final = tuple(name for name in _WEIGHTS if np.asarray(_WEIGHTS[name]).dtype == np.int64)

_NUMBERS: Final = (0, -1, 3, 2**31 - 1, -(2**31), 2**31, 2**63 - 1)
_LISTS: Final[tuple[list[int], ...]] = (
    *([], [0], [1], [-1], [2, 2], [0, 0], [-1, -1], [1, 1, 1], [1, 1, 1, 1], [-1] * 4, [0, 1, 2, 9], [3, 2, 1, 0]),
    *([2**31 - 1] * 2, [2**62] * 4),
)
_KINDS = onnx.defs.OpSchema.AttrType
_VALUES: Final[Mapping[object, Sequence[object]]] = {
    _KINDS.INT: _NUMBERS,
    _KINDS.INTS: _LISTS,
    _KINDS.FLOAT: (0.0, -1.0, float("nan"), float("inf")),
    _KINDS.FLOATS: ([1.0], [0.0] * 4),
    _KINDS.STRING: ("", "x", "VALID", "reflect", "linear"),
}
"""Values of an attribute by its type."""

_Case = tuple[list[str], dict[str, object], int]
"""Inputs, attributes, and the number of outputs."""


def main() -> int:
    """Try them all; the exit code."""
    cv2.setNumThreads(1)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    tried = refused = crashed = 0
    for operator in sorted(OPERATORS):
        for inputs, attributes, outputs in _cases(operator):
            try:
                network = _network(operator, inputs, attributes, outputs)
            except (TypeError, ValueError):
                continue  # ONNX itself cannot say it
            tried += 1
            try:
                check_structure(memoryview(network), contract_of_seeds())
            except ModelError:
                refused += 1
                continue
            if status := _run_apart(np.frombuffer(network, np.uint8)):
                crashed += 1
                print(f"{operator} {inputs} {attributes}: signal {os.WTERMSIG(status)}", flush=True)
    print(f"OpenCV {cv2.__version__}: {tried} networks, of which {refused} are refused, and {crashed} crash")
    return 1 if crashed else 0


def _cases(operator: str) -> Iterator[_Case]:
    for count in range(4):
        yield from ((list(some), {}, 1) for some in itertools.product((*_FEW, ""), repeat=count))
    yield from ((["data", *pair], {}, 1) for pair in itertools.product(_WHOLE, repeat=2))
    for name in _WHOLE:
        leading: tuple[list[str], ...] = ([], ["data"], ["data", "stem"], ["data", "", ""], ["data", *["zero"] * 2])
        for begin in (*leading, ["data", *["zero"] * 3]):
            yield [*begin, name], {}, 1
        yield [name, "data"], {}, 1
    for count in range(1, 7):
        yield ["data"] * count, {}, 3
    schema = onnx.defs.get_schema(operator, max(_OPSET, _since(operator)), "")
    for inputs in (["data"], ["data", "stem"], ["data", "ascending"], ["data", "data"]):
        for name, attribute in schema.attributes.items():
            for value in _VALUES.get(attribute.type, ()):
                yield list(inputs), {name: value}, 1


def _since(operator: str) -> int:
    """The first operator set that has it."""
    schemas = onnx.defs.get_all_schemas_with_history()
    return min(schema.since_version for schema in schemas if (schema.name, schema.domain) == (operator, ""))


def _network(operator: str, inputs: list[str], attributes: Mapping[str, object], outputs: int) -> bytes:
    """A colorizer that has such a node beside those it needs."""
    node = helper.make_node
    tried = node(operator, inputs, [f"out{number}" for number in range(outputs)])
    tried.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
    (lightness,), results = contract_of_seeds().inputs, contract_of_seeds().outputs
    graph = helper.make_graph(
        [
            node("Conv", ["lightness", "stem"], ["data"], kernel_shape=[3, 3], pads=[1] * 4, strides=[2, 2]),
            node("Conv", ["data", "point"], ["chroma"], kernel_shape=[1, 1]),
            node("ReduceMean", ["chroma"], ["mean"], axes=[1], keepdims=1),
            tried,
            node("Sigmoid", ["mean"], ["confidence"]),
        ],
        "one",
        [helper.make_tensor_value_info(lightness.name, TensorProto.FLOAT, lightness.shape)],
        [helper.make_tensor_value_info(result.name, TensorProto.FLOAT, result.shape) for result in results],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in _WEIGHTS.items()],
    )
    opset = helper.make_opsetid("", _OPSET)
    data: bytes = helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()
    return data


def _run_apart(network: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> int:
    """Load and run a network in a process of its own; how that ended, 0 for well."""
    process = os.fork()
    if process:
        return os.waitpid(process, 0)[1]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(TIMEOUT)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    side = contract_of_seeds().size[0]
    for outputs in (["chroma", "confidence"], ["out0"]):
        try:
            net = cv2.dnn.readNetFromONNX(network)
            net.setInput(np.zeros((1, 1, side, side), np.float32), "lightness")
            net.forward(outputs)
        except cv2.error:
            continue
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
