"""A network's contract: what its file promises, read from NAME.json beside NAME.onnx and held against the file.

The exporter writes contracts with `Contract.to_json`, the core reads them with `read_contract`; nothing else knows the
format. A contract that is not exactly right is refused: unknown and missing keys, wrong types, other units.
"""

import hashlib
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePath
from typing import Final, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import ModelError, shown

FORMAT: Final = 1
"""The version of the contract's own format."""

_Item = TypeVar("_Item")

MAX_CONTRACT_BYTES: Final = 64 * 1024
MAX_NETWORK_BYTES: Final = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One input or output of a network."""

    name: str
    shape: tuple[int, ...]
    """(N, C, H, W), fixed."""
    unit: str
    """What the numbers mean: L*, a*b*, probability."""
    range: tuple[float, float]
    """Least and greatest value [unit]."""

    def __post_init__(self) -> None:
        _make_tuples(self, "shape", "range")
        for side in self.shape:
            _whole("shape", side)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTensor:
    """What a task demands of one input or output, whatever the network's size."""

    channels: int
    unit: str
    range: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The inputs and outputs, by name, that a network for this task has."""

    inputs: Mapping[str, TaskTensor]
    outputs: Mapping[str, TaskTensor]


TASKS: Final[Mapping[str, Task]] = {
    "colorize": Task(
        inputs={"lightness": TaskTensor(channels=1, unit="L*", range=(0, 100))},
        outputs={
            "chroma": TaskTensor(channels=2, unit="a*b*", range=(-128, 128)),
            "confidence": TaskTensor(channels=1, unit="probability", range=(0, 1)),
        },
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Everything a program must know of a network file before it runs it."""

    format: int
    """Version of this format."""
    name: str
    version: str
    task: str
    """One of `TASKS`."""
    file: str
    """Name of the ONNX file, which lies in the contract's own folder."""
    sha256: str
    size_bytes: int
    opset: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    conditions: tuple[str, ...]
    """Optional inputs; none is known yet."""
    macs: int
    """Multiply-accumulates of one run."""
    licence: str
    data: str
    """What it was trained on."""
    parity: Mapping[str, float]
    """Largest difference from the trained network, by engine [output units]."""

    def __post_init__(self) -> None:
        _make_tuples(self, "inputs", "outputs", "conditions")
        _check(self)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the network's input [pixels]."""
        height, width = self.inputs[0].shape[2:]
        return width, height

    @property
    def stride(self) -> int:
        """How many times smaller than the input the outputs are."""
        return self.inputs[0].shape[2] // self.outputs[0].shape[2]

    def to_json(self) -> str:
        """The contract as the text of its file."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    def metadata(self) -> str:
        """The contract as the ONNX file itself carries it: without the file's own hash and size."""
        facts = {key: value for key, value in asdict(self).items() if key not in ("sha256", "size_bytes")}
        return json.dumps(facts, ensure_ascii=False)


def _refuse(key: str, given: object, allowed: str) -> NoReturn:
    text = repr(given)
    raise ModelError(f'contract: "{key}" is {text if len(text) <= 80 else text[:77] + "..."}; allowed is {allowed}')


def _make_tuples(record: object, *keys: str) -> None:
    """Make the lists that scripts may give tuples."""
    for key in keys:
        value = getattr(record, key)
        if not isinstance(value, list | tuple):
            _refuse(key, value, "a list")
        object.__setattr__(record, key, tuple(value))


def _check(contract: Contract) -> None:
    """Raise ModelError for the first value that the format does not allow."""
    for key in ("name", "version", "task", "file", "sha256", "licence", "data"):
        _text(key, getattr(contract, key))
    for key in ("format", "size_bytes", "opset", "macs"):
        _whole(key, getattr(contract, key))
    if contract.format != FORMAT:
        _refuse("format", contract.format, f"{FORMAT} (a newer photochrom may know it)")
    for key in ("name", "version", "licence", "data"):
        if not getattr(contract, key).strip():
            _refuse(key, getattr(contract, key), "a text that is not empty")
    for key in ("name", "version"):
        if not getattr(contract, key).isprintable():
            _refuse(key, getattr(contract, key), "a text of one line, without control characters")
    if PurePath(contract.file).name != contract.file or "\\" in contract.file or not contract.file.endswith(".onnx"):
        _refuse("file", contract.file, "the bare name of an .onnx file in the contract's folder")
    if not re.fullmatch(r"[0-9a-f]{64}", contract.sha256):
        _refuse("sha256", contract.sha256, "64 lowercase hexadecimal digits")
    if not 1 <= contract.size_bytes <= MAX_NETWORK_BYTES:
        _refuse("size_bytes", contract.size_bytes, f"1 to {MAX_NETWORK_BYTES}")
    if contract.opset < 1:
        _refuse("opset", contract.opset, "a positive number")
    if contract.macs < 0:
        _refuse("macs", contract.macs, "0 or more")
    if contract.conditions != ():
        _refuse("conditions", contract.conditions, "[]: this photochrom knows no conditions")
    for engine, difference in _object("parity", contract.parity, None).items():
        if not _number(f"parity.{engine}", difference) >= 0:
            _refuse(f"parity.{engine}", difference, "a finite number, 0 or more")
    if contract.task not in TASKS:
        _refuse("task", contract.task, ", ".join(TASKS))
    task = TASKS[contract.task]
    _check_tensors("inputs", contract.inputs, task.inputs)
    _check_tensors("outputs", contract.outputs, task.outputs)
    _check_sizes(contract)


def _check_tensors(key: str, tensors: tuple[Tensor, ...], expected: Mapping[str, TaskTensor]) -> None:
    names = [tensor.name for tensor in tensors]
    if sorted(names) != sorted(expected):
        _refuse(key, names, f"exactly {', '.join(expected)}")
    for index, tensor in enumerate(tensors):
        rule = expected[tensor.name]
        if len(tensor.shape) != 4 or tensor.shape[:2] != (1, rule.channels) or min(tensor.shape) < 1:
            _refuse(f"{key}[{index}].shape", list(tensor.shape), f"[1, {rule.channels}, height, width]")
        if tensor.unit != rule.unit:
            _refuse(f"{key}[{index}].unit", tensor.unit, rule.unit)
        if tensor.range != rule.range:
            _refuse(f"{key}[{index}].range", list(tensor.range), str(list(rule.range)))


def _check_sizes(contract: Contract) -> None:
    height, width = contract.inputs[0].shape[2:]
    if height % 32 or width % 32 or max(height, width) > 4096:
        _refuse("inputs[0].shape", list(contract.inputs[0].shape), "height and width in multiples of 32, up to 4096")
    for index, output in enumerate(contract.outputs):
        stride = height // output.shape[2]
        if output.shape[2:] != contract.outputs[0].shape[2:] or stride not in (1, 2, 4, 8, 16, 32):
            _refuse(f"outputs[{index}].shape", list(output.shape), "the input's size divided by 1, 2, 4, 8, 16 or 32")
        if (output.shape[2] * stride, output.shape[3] * stride) != (height, width):
            _refuse(f"outputs[{index}].shape", list(output.shape), f"{stride} times smaller than {height} x {width}")


def parse_contract(text: str) -> Contract:
    """The contract in a text.

    Raises:
        ModelError: names the key, what was given, and what is allowed.
    """
    try:
        record = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_repetition)
    except RecursionError:
        raise ModelError("contract: nested too deeply to be one") from None
    except ValueError as error:
        raise ModelError(f"contract: not valid JSON: {error}") from None
    record = _object("contract", record, {field.name for field in fields(Contract)})
    return Contract(
        format=_whole("format", record["format"]),
        name=_text("name", record["name"]),
        version=_text("version", record["version"]),
        task=_text("task", record["task"]),
        file=_text("file", record["file"]),
        sha256=_text("sha256", record["sha256"]),
        size_bytes=_whole("size_bytes", record["size_bytes"]),
        opset=_whole("opset", record["opset"]),
        inputs=_list("inputs", record["inputs"], _tensor),
        outputs=_list("outputs", record["outputs"], _tensor),
        conditions=_list("conditions", record["conditions"], _text),
        macs=_whole("macs", record["macs"]),
        licence=_text("licence", record["licence"]),
        data=_text("data", record["data"]),
        parity={
            engine: _number(f"parity.{engine}", value)
            for engine, value in _object("parity", record["parity"], None).items()
        },
    )


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")


def _no_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(pairs)
    if len(record) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f'key "{next(key for key in keys if keys.count(key) > 1)}" appears twice')
    return record


def _object(key: str, value: object, allowed: set[str] | None) -> dict[str, object]:
    if not isinstance(value, dict):
        _refuse(key, value, "an object")
    if allowed is not None:
        for name in sorted(allowed - set(value)):
            raise ModelError(f'{key}: "{name}" is missing')
        for name in sorted(set(value) - allowed):
            raise ModelError(
                f'{key}: "{name}" is not a key of format {FORMAT}; allowed are {", ".join(sorted(allowed))}'
            )
    return value


def _text(key: str, value: object) -> str:
    return value if isinstance(value, str) else _refuse(key, value, "a text")


def _whole(key: str, value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else _refuse(key, value, "a whole number")


def _number(key: str, value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max:
        return value
    _refuse(key, value, "a finite number")


def _list(key: str, value: object, item: Callable[[str, object], _Item]) -> tuple[_Item, ...]:
    if not isinstance(value, list):
        _refuse(key, value, "a list")
    return tuple(item(f"{key}[{index}]", element) for index, element in enumerate(value))


def _tensor(key: str, value: object) -> Tensor:
    record = _object(key, value, {field.name for field in fields(Tensor)})
    bounds = _list(f"{key}.range", record["range"], _number)
    if len(bounds) != 2:
        _refuse(f"{key}.range", list(bounds), "[least, greatest]")
    return Tensor(
        name=_text(f"{key}.name", record["name"]),
        shape=_list(f"{key}.shape", record["shape"], _whole),
        unit=_text(f"{key}.unit", record["unit"]),
        range=(bounds[0], bounds[1]),
    )


def read_contract(path: Path) -> Contract:
    """The contract in a file.

    Raises:
        ModelError: no such file, too large, not a contract, or that of a network with another name; the message begins
            with the path.
    """
    try:
        if not path.is_file():
            raise ModelError("no such file; a network NAME.onnx needs its contract NAME.json beside it")
        if path.stat().st_size > MAX_CONTRACT_BYTES:
            raise ModelError(f"{path.stat().st_size} bytes; a contract has at most {MAX_CONTRACT_BYTES}")
        contract = parse_contract(path.read_text(encoding="utf-8"))
        if contract.file != path.with_suffix(".onnx").name:
            raise ModelError(
                f'"file" is {contract.file}; a contract {path.name} is that of {path.with_suffix(".onnx").name} '
                "beside it: give both files one name"
            )
        return contract
    except ModelError as error:
        raise ModelError(f"{shown(path)}: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{shown(path)}: cannot be read: {error}") from None


def read_network(contract: Contract, folder: Path) -> NDArray[np.uint8]:
    """The bytes of a contract's network file, once they are proven to be the ones it was written for.

    Raises:
        ModelError: no such file, another size, or another sha256.
    """
    path = folder / contract.file
    named = shown(path)
    try:
        if not path.is_file():
            raise ModelError(f"{named}: no such file, though the contract beside it names it")
        size = path.stat().st_size
        if size != contract.size_bytes:
            raise ModelError(
                f"{named}: {size} bytes, but its contract says {contract.size_bytes}; the file is damaged or another's"
            )
        network = np.fromfile(path, np.uint8, contract.size_bytes)
    except OSError as error:
        raise ModelError(f"{named}: cannot be read: {error}") from None
    digest = hashlib.sha256(network.data).hexdigest()
    if digest != contract.sha256:
        raise ModelError(
            f"{named}: sha256 is {digest}, but its contract says {contract.sha256}; the file is damaged or another's"
        )
    return network
