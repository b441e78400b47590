"""Changes that keep a file's outer shape right, so that what lies behind it is reached.

A random byte in a network or a PNG almost always breaks a length or a checksum, and nothing but the check of those is
tried. Half of the changes made here keep them right.
"""

import json
import random
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Final

import onnx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

Mutate = Callable[[bytes, int], bytes]
"""Changes bytes at random: the bytes, and how many there may be afterwards."""

_NUMBERS: Final = (0, 1, -1, 2, 3, 4, 17, 32, 255, 65536, 2**31 - 1, -(2**31), 2**31, 2**40, 2**63 - 1, -(2**63))
_REALS: Final = (0.0, -1.0, 0.5, 1e-45, 3e38, float("inf"), float("nan"))
_FLOAT: Final = frozenset({FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE})
_Place = tuple[Message, FieldDescriptor]


def mutate_network(data: bytes, max_size: int, seed: int, mutate: Mutate) -> bytes:
    """An ONNX file with one to four fields changed; other bytes at random where it is none."""
    chance = random.Random(seed)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError:
        return mutate(data, max_size)
    if chance.random() < 0.2:
        return mutate(data, max_size)
    for _ in range(chance.randint(1, 4)):
        try:
            _change(model, chance, mutate)
        except (ValueError, TypeError, OverflowError):
            continue  # the value does not fit the field
    changed = model.SerializeToString()
    return changed if len(changed) <= max_size else data


def _change(model: onnx.ModelProto, chance: random.Random, mutate: Mutate) -> None:
    if chance.random() < 0.25 and model.graph.node:
        _add_attribute(chance.choice(model.graph.node), chance)
        return
    if not (places := _places(model)):
        return
    message, field = chance.choice(places)
    if field.is_repeated:
        values = getattr(message, field.name)
        index = chance.randrange(len(values))
        action = chance.choice(("remove", "repeat", "exchange", "change", "change"))
        if action == "remove":
            del values[index]
        elif action == "repeat":
            values.append(values[index])
        elif action == "exchange" or field.message_type is not None:
            kept = list(values)
            other = chance.randrange(len(kept))
            kept[index], kept[other] = kept[other], kept[index]
            del values[:]
            values.extend(kept)
        else:
            values[index] = _other(values[index], field, model, chance, mutate)
    elif field.message_type is not None or chance.random() < 0.1:
        message.ClearField(field.name)
    else:
        setattr(message, field.name, _other(getattr(message, field.name), field, model, chance, mutate))


def _places(message: Message) -> list[_Place]:
    """Every field that is set, at any depth."""
    places: list[_Place] = []
    for field, value in message.ListFields():
        places.append((message, field))
        if field.message_type is not None:
            for child in value if field.is_repeated else (value,):
                places.extend(_places(child))
    return places


def _other(
    value: object, field: FieldDescriptor, model: onnx.ModelProto, chance: random.Random, mutate: Mutate
) -> object:
    """Another value for a field that holds no message."""
    if isinstance(value, bytes):
        return mutate(value, len(value) + 16)
    if isinstance(value, str):
        return chance.choice(_operators()) if field.name == "op_type" else chance.choice(_names(model))
    if field.cpp_type in _FLOAT:
        return chance.choice(_REALS)
    assert isinstance(value, int)
    return chance.choice((*_NUMBERS, value + 1, value - 1, value * 2, -value))


def _names(model: onnx.ModelProto) -> list[str]:
    """Everything that nodes read or make, and some words that mean something to an importer."""
    words = ["", "\0", "same", "SAME_UPPER", "VALID", "linear", "cubic", "constant", "ai.onnx", "com.microsoft"]
    return words + [name for node in model.graph.node for name in (*node.input, *node.output)]


@cache
def _operators() -> tuple[str, ...]:
    return tuple(sorted({schema.name for schema in onnx.defs.get_all_schemas()}))


def _add_attribute(node: onnx.NodeProto, chance: random.Random) -> None:
    """Give a node an attribute that its operator knows, with a value of the right type."""
    try:
        schema = onnx.defs.get_schema(node.op_type)
    except onnx.defs.SchemaError:
        return
    if not schema.attributes:
        return
    name, attribute = chance.choice(sorted(schema.attributes.items()))
    numbers = [chance.choice(_NUMBERS) for _ in range(chance.randint(1, 5))]
    kinds = onnx.defs.OpSchema.AttrType
    values: Mapping[object, object] = {
        kinds.INT: chance.choice(_NUMBERS),
        kinds.INTS: numbers,
        kinds.FLOAT: chance.choice(_REALS),
        kinds.FLOATS: [chance.choice(_REALS) for _ in numbers],
        kinds.STRING: chance.choice(("", "reflect", "SAME_LOWER", "align_corners", "cubic", "max")),
    }
    if (value := values.get(attribute.type)) is None:
        return
    kept = [entry for entry in node.attribute if entry.name != name]
    del node.attribute[:]
    node.attribute.extend(kept)
    node.attribute.append(onnx.helper.make_attribute(name, value))


def mutate_contract(data: bytes, max_size: int, seed: int, mutate: Mutate) -> bytes:
    """A contract with one value changed or one key too many or too few; bytes at random where it is no JSON."""
    chance = random.Random(seed)
    try:
        record: object = json.loads(data)
    except (ValueError, RecursionError):
        return mutate(data, max_size)
    containers = list(_containers(record))
    if not containers or chance.random() < 0.3:
        return mutate(data, max_size)
    container = chance.choice(containers)
    value: object = chance.choice((*_NUMBERS, *_REALS, "", "a*b*", "L*", "x.onnx", "../x.onnx", None, True, [], {}))
    if isinstance(container, list):
        container[chance.randrange(len(container))] = value
    else:
        key = chance.choice(list(container))
        match chance.choice(("change", "change", "remove", "rename")):
            case "change":
                container[key] = value
            case "remove":
                del container[key]
            case "rename":
                container[f"{key}s"] = container.pop(key)
    changed = json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return changed if len(changed) <= max_size else data


def _containers(value: object) -> Iterator[list[object] | dict[str, object]]:
    """Every list and object that is not empty, at any depth."""
    if isinstance(value, list | dict) and value:
        yield value
        for child in value.values() if isinstance(value, dict) else value:
            yield from _containers(child)


_PNG: Final = b"\x89PNG\r\n\x1a\n"


def mutate_image(data: bytes, max_size: int, seed: int, mutate: Mutate) -> bytes:
    """An image file changed at random; in nine PNGs of ten the checksums are put right again."""
    changed = mutate(data, max_size)
    if seed % 10 and changed.startswith(_PNG):
        return _with_right_checksums(changed)
    return changed


def _with_right_checksums(png: bytes) -> bytes:
    fixed, position = bytearray(png), len(_PNG)
    while position + 12 <= len(fixed):
        (length,) = struct.unpack_from(">I", fixed, position)
        end = position + 8 + length
        if end + 4 > len(fixed) or not re.fullmatch(rb"[A-Za-z]{4}", fixed[position + 4 : position + 8]):
            break
        struct.pack_into(">I", fixed, end, zlib.crc32(memoryview(fixed)[position + 4 : end]))
        position = end + 4
    return bytes(fixed)


MUTATORS: Final[Mapping[str, Callable[[bytes, int, int, Mutate], bytes]]] = {
    "contracts": mutate_contract,
    "networks": mutate_network,
    "images": mutate_image,
}
"""By target; the others are changed byte by byte."""
