"""The ONNX operators that may stand in a network, and what a node of each must keep to.

OpenCV's importer crashes, instead of raising, on many nodes that are wrong in a small way: an input too few, constants
where it expects data. So only the operators that networks for pictures are made of are let through to it, and of those
only nodes that were found harmless by trying every operator with few and many inputs, constants, and every attribute
with senseless values (see fuzz/). Operators are those of ONNX itself; others' have no rules here.

Source:
    Operators.md of ONNX 1.17: the least and the most inputs over all operator sets up to 21.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from photochrom.errors import ModelError

_ANY: Final = 1 << 31
"""As many inputs as one likes."""
_BY_INPUTS: Final[Mapping[tuple[int, int], str]] = {
    (0, 0): "Constant",
    (1, 1): """Abs AveragePool Cast Ceil Celu ConstantOfShape Cos DepthToSpace Elu Erf Exp Flatten Floor Gelu
        GlobalAveragePool GlobalMaxPool HardSigmoid HardSwish Identity LRN LeakyRelu Log LogSoftmax MaxPool Mish Neg Not
        Reciprocal Relu Round Selu Shape Sigmoid Sign Sin Softmax Softplus Softsign SpaceToDepth Sqrt Tanh
        ThresholdedRelu Transpose""",
    (1, 2): """ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
        ReduceSumSquare Reshape Split Squeeze Unsqueeze""",
    (1, 4): "Pad",
    (1, 5): "Slice",
    (1, _ANY): "Concat",
    (1, 3): "Clip Dropout Max Mean Min Sum",
    (2, 2): """Add And Div Equal Expand Gather Greater GreaterOrEqual Less LessOrEqual MatMul Mul Or PRelu Pow Sub
        Upsample""",
    (2, 4): "Resize",
    (2, 3): "Conv ConvTranspose Gemm LayerNormalization Tile",
    (3, 3): "InstanceNormalization Where",
}
"""Operators by how many inputs they have, at least and at most. ONNX lets Max, Mean, Min and Sum have more than three,
and Resize and Upsample one alone; OpenCV crashes on such. BatchNormalization is not among them: given fewer parameters
than channels, OpenCV 4 reads beyond them. Exporters fold it into the convolution before it."""
OPERATORS: Final[Mapping[str, tuple[int, int]]] = {
    name: bounds for bounds, names in _BY_INPUTS.items() for name in names.split()
}
"""How many inputs each operator has, at least and at most."""

_NAMED: Final = {"Clip": 1, "Dropout": 1, "Pad": 2, "Resize": 1, "Slice": 3}
"""How many inputs come before those that may be left out; one that is not here needs all that it lists."""
_NEEDS_DATA: Final = re.compile(r"Reduce\w+|Conv(Transpose)?|\w+Normalization|LRN|\w*Pool|PRelu|Gemm|Resize|Upsample")
"""Operators whose first input has to be data: OpenCV crashes on many of them where it is a constant."""
_TAKES_EMPTY: Final = frozenset({"ConstantOfShape", "Expand", "Reshape", "Resize"})
"""Operators that may read a tensor without elements: the shape of a single number, or a region that is not used."""
_SIZES: Final = frozenset({"strides", "dilations", "kernel_shape", "group", "blocksize"})
"""Attributes whose numbers are all 1 or more."""
_LENGTHS: Final = _SIZES | {"pads", "output_padding", "output_shape"}
"""Attributes whose numbers count pixels or channels."""
_LONGEST: Final = 1 << 16
"""More pixels or channels than any network has, and few enough to multiply four of them."""
_GROWTH: Final[Mapping[str, tuple[int, int]]] = {
    "ConstantOfShape": (0, 1 << 26),
    "Expand": (1, 1 << 26),
    "Pad": (1, 1 << 12),
    "Tile": (1, 1 << 12),
}
"""Operators that make much of little: which of their inputs says how much, and what its numbers may come to when they
are multiplied: elements, or times as many. Of Pad the largest number counts [pixels]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What is known of something that nodes read, before the network runs."""

    varies: bool
    """Whether it depends on the network's input."""
    empty: bool = False
    """Whether it is a constant without elements."""
    numbers: tuple[int, ...] | None = None
    """The whole numbers of a constant that has few; None for everything else."""


def check_inputs(operator: str, domain: str, names: Sequence[str], values: Sequence[Value]) -> None:
    """Raise ModelError for a node that is unknown or has other inputs than its operator.

    Args:
        operator: its name.
        domain: whose operator it is.
        names: of the inputs; empty where one is left out.
        values: the inputs.
    """
    if domain not in ("", "ai.onnx") or operator not in OPERATORS:
        named = f"{operator or 'without a name'}{f' of {domain}' if domain else ''}"
        raise ModelError(
            f"its operator {named} is not known to run safely in OpenCV; export it with operators that are "
            "(photochrom.networks.onnx_operators.OPERATORS)"
        )
    least, most = OPERATORS[operator]
    if not least <= len(names) <= most or "" in names[: _NAMED.get(operator)]:
        count = f"{least}" if least == most else f"{least} to {most}" if most < _ANY else f"{least} or more"
        raise ModelError(
            f"its {operator} has inputs {list(names)}; it takes {count}, each by name but those it may leave out"
        )
    varies = [value.varies for value in values]
    if (_NEEDS_DATA.fullmatch(operator) and not varies[0]) or (operator == "MatMul" and not any(varies)):
        raise ModelError(f"its {operator} computes with constants alone: export it with constants folded")
    if operator not in _TAKES_EMPTY and any(value.empty for value in values):
        raise ModelError(f"its {operator} reads a tensor without elements")
    if operator in _GROWTH:
        _check_growth(operator, values)
    if operator.startswith("Reduce") and len(values) > 1:
        axes = values[1].numbers
        if axes is None:
            raise ModelError(f"its {operator} has axes that are no constant: export it with constants folded")
        check_attribute(operator, "axes", axes)


def _check_growth(operator: str, values: Sequence[Value]) -> None:
    at, most = _GROWTH[operator]
    numbers = (values[at].numbers or ()) if at < len(values) else ()
    grown = max(map(abs, numbers), default=0) if operator == "Pad" else math.prod(map(abs, numbers))
    if grown > most:
        raise ModelError(f"its {operator} has {list(numbers)}, which comes to {grown}; {most} is the most")


def check_attribute(operator: str, name: str, numbers: Sequence[int]) -> None:
    """Raise ModelError for an attribute that divides by zero, counts beyond all measure, or is known to crash.

    Args:
        operator: of the node.
        name: of the attribute.
        numbers: its whole numbers.
    """
    if name in _SIZES and min(numbers, default=1) < 1:
        raise ModelError(f"its {operator} has {name} {list(numbers)}; 1 is the least")
    if name == "axes" and list(numbers) != sorted(numbers):
        raise ModelError(f"its {operator} has axes {list(numbers)}; they have to ascend")
    if name in _LENGTHS and max(map(abs, numbers), default=0) > _LONGEST:
        raise ModelError(f"its {operator} has {name} {list(numbers)}; {_LONGEST} is the most")
