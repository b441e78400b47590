"""What an ONNX file says of itself, read without running it and without the onnx package.

OpenCV's importer trusts a file: tensors that lie about their size, data kept in other files and strides of 0 crash the
process instead of raising. A network's sha256 keeps strange files out, but whoever makes a network may write a wrong
contract with it; so the file is read here first. This reader knows the few fields of ONNX that it needs.

Source:
    onnx.proto of ONNX 1.17, and the encoding of Protocol Buffers.
"""

import math
import struct
from typing import Final

import numpy as np

from photochrom.errors import ModelError
from photochrom.networks.contract import Contract, Tensor
from photochrom.networks.onnx_operators import Value, check_attribute, check_inputs

_MOST_FIELDS: Final = 1_000_000
"""More make no network that OpenCV could run, only a long wait."""

_FLOAT: Final = 1
_INT64: Final = 7
_FEW: Final = 16
"""Numbers of a constant that are read: as many as a tensor may have sides, and more."""
_ELEMENT_BYTES: Final = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}
"""Bytes of one element of each TensorProto.DataType that has a fixed size."""


class _Message:
    """A protobuf message: its fields by number."""

    def __init__(self, data: memoryview) -> None:
        self._fields: dict[int, list[int | memoryview]] = {}
        position = count = 0
        while position < len(data):
            key, position = _varint(data, position)
            value: int | memoryview
            match key & 7:
                case 0:  # varint
                    value, position = _varint(data, position)
                case 1:  # 64 bits
                    value, position = _bytes(data, position, 8)
                case 2:  # bytes, text or a message
                    length, position = _varint(data, position)
                    value, position = _bytes(data, position, length)
                case 5:  # 32 bits
                    value, position = _bytes(data, position, 4)
                case _:
                    raise _damaged()
            self._fields.setdefault(key >> 3, []).append(value)
            count += 1
            if count > _MOST_FIELDS:
                raise _damaged()

    def bytes(self, number: int) -> list[memoryview]:
        """Values of a field of bytes (or of fixed width)."""
        values = self._fields.get(number, [])
        if any(isinstance(value, int) for value in values):
            raise _damaged()
        return [value for value in values if isinstance(value, memoryview)]

    def messages(self, number: int) -> list["_Message"]:
        """Values of a field of messages."""
        return [_Message(value) for value in self.bytes(number)]

    def text(self, number: int) -> str:
        """Value of a field of text; empty where there is none."""
        return self.texts(number)[-1] if self.bytes(number) else ""

    def texts(self, number: int) -> list[str]:
        """Values of a field of text."""
        try:
            return [str(value, "utf-8") for value in self.bytes(number)]
        except UnicodeDecodeError:
            raise _damaged() from None

    def numbers(self, number: int) -> list[int]:
        """Values of a field of whole numbers, packed or not."""
        numbers = []
        for value in self._fields.get(number, []):
            if isinstance(value, int):
                numbers.append(value)
                continue
            position = 0
            while position < len(value):
                element, position = _varint(value, position)
                numbers.append(element)
                if len(numbers) > _MOST_FIELDS:
                    raise _damaged()
        return [value - (1 << 64) if value >> 63 else value for value in numbers]

    def count(self, number: int) -> int:
        """How many values a field of whole numbers has, packed or not."""
        count = 0
        for value in self._fields.get(number, []):
            count += 1 if isinstance(value, int) else int(np.count_nonzero(np.frombuffer(value, np.uint8) < 0x80))
        return count

    def number(self, number: int) -> int:
        """Value of a field of one whole number; 0 where there is none."""
        values = self.numbers(number)
        return values[-1] if values else 0


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data) and shift < 70:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (1 << 64) - 1, position
        shift += 7
    raise _damaged()


def _bytes(data: memoryview, position: int, length: int) -> tuple[memoryview, int]:
    end = position + length
    if end > len(data):
        raise _damaged()
    return data[position:end], end


def _damaged() -> ModelError:
    return ModelError("it is not an ONNX file, or a damaged one")


def check_structure(network: memoryview, contract: Contract) -> None:
    """Hold the inside of an ONNX file against its contract.

    Args:
        network: the file's bytes.
        contract: what it promises.

    Raises:
        ModelError: not ONNX; other inputs, outputs, shapes or opset than the contract's; or something that would crash
            an engine.
    """
    model = _Message(network)
    graphs = model.messages(7)
    if len(graphs) != 1:
        raise _damaged()
    opset = max((entry.number(2) for entry in model.messages(8) if entry.text(1) in ("", "ai.onnx")), default=0)
    if opset != contract.opset:
        raise ModelError(f"its opset is {opset}, but the contract says {contract.opset}")
    graph = graphs[0]
    values = {"": Value(varies=False)}
    for weight in graph.messages(5):
        values[weight.text(8)] = _check_tensor(weight)
    inputs = [value for value in graph.messages(11) if value.text(1) not in values]
    _check_values("inputs", inputs, contract.inputs)
    _check_values("outputs", graph.messages(12), contract.outputs)
    values |= dict.fromkeys((value.text(1) for value in inputs), Value(varies=True))
    for node in graph.messages(1):
        _check_node(node, values)
    for tensor in contract.outputs:
        if tensor.name not in values:
            raise ModelError(f'nothing makes its output "{tensor.name}"')


def _check_node(node: _Message, values: dict[str, Value]) -> None:
    """Refuse a NodeProto that cannot run, and put what it makes to the values that are known."""
    operator, names = node.text(4), node.texts(1)
    for name in names:
        if name not in values:
            raise ModelError(f'its {operator} reads "{name}", which nothing before it makes')
    read = [values[name] for name in names]
    check_inputs(operator, node.text(7), names, read)
    made = _check_attributes(node) or Value(varies=any(value.varies for value in read))
    values |= dict.fromkeys(node.texts(2), made)


def _check_values(kind: str, values: list[_Message], promised: tuple[Tensor, ...]) -> None:
    found = sorted(_describe(value) for value in values)
    expected = sorted(f"{tensor.name} {list(tensor.shape)}" for tensor in promised)
    if found != expected:
        raise ModelError(f"its {kind} are {', '.join(found) or 'none'}; its contract says {', '.join(expected)}")


def _describe(value: _Message) -> str:
    """Name, shape, and type where it is not float32, of a ValueInfoProto."""
    kinds = value.messages(2)
    tensors = kinds[-1].messages(1) if kinds else []
    if not tensors:
        return f"{value.text(1)} (not a tensor)"
    shapes = tensors[-1].messages(2)
    sides = [side.number(1) or "?" for side in shapes[-1].messages(1)] if shapes else []
    element = tensors[-1].number(1)
    return f"{value.text(1)} [{', '.join(map(str, sides))}]" + ("" if element == _FLOAT else f" of type {element}")


def _check_tensor(tensor: _Message) -> Value:
    """What a TensorProto holds; refuse one whose data is elsewhere or of another size than it says."""
    name = tensor.text(8)
    if tensor.number(14) or tensor.bytes(13):
        raise ModelError(f'its tensor "{name}" keeps its data in another file; export it as one file')
    shape = tensor.numbers(1)
    size = _ELEMENT_BYTES.get(tensor.number(2))
    if size is None or min(shape, default=1) < 0:
        raise ModelError(f'its tensor "{name}" has type {tensor.number(2)} and shape {shape}, which OpenCV cannot read')
    raw = tensor.bytes(9)
    if raw:
        elements = len(raw[-1]) / size
    else:
        elements = sum(len(data) for data in tensor.bytes(4)) / 4 + sum(len(data) for data in tensor.bytes(10)) / 8
        elements += sum(tensor.count(number) for number in (5, 7, 11))
    if elements != math.prod(shape):
        raise ModelError(f'its tensor "{name}" holds {elements:g} elements, but its shape {shape} says otherwise')
    numbers = None
    if tensor.number(2) == _INT64 and elements <= _FEW:
        numbers = struct.unpack(f"<{int(elements)}q", raw[-1]) if raw else tuple(tensor.numbers(7))
    return Value(varies=False, empty=elements == 0, numbers=numbers)


def _check_attributes(node: _Message) -> Value | None:
    """The constant that a NodeProto holds, if any; refuse a senseless attribute, a bad tensor, a graph of its own."""
    operator = node.text(4)
    node.text(3)  # a name that is no text is refused: OpenCV's error message about it crashes Python
    constant = None
    for attribute in node.messages(5):
        attribute.text(4)  # the same
        numbers = [*attribute.numbers(3), *attribute.numbers(8)]
        check_attribute(operator, attribute.text(1), numbers)
        for tensor in attribute.messages(5):
            constant = _check_tensor(tensor)
        if attribute.bytes(6) or attribute.bytes(11):
            raise ModelError(f"its {operator} holds a graph of its own, which OpenCV cannot run")
    return constant if operator == "Constant" else None
