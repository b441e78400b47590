"""Dataclasses from the tables of a TOML file."""

import dataclasses
import types
import typing
from pathlib import Path
from typing import Literal, TypeVar

if typing.TYPE_CHECKING:
    from _typeshed import DataclassInstance

_NEEDED: dict[object, str] = {
    bool: "true or false",
    float: "a number",
    int: "a whole number",
    str: "a text in quotes",
    Path: "a path in quotes",
}
_Table = TypeVar("_Table", bound="DataclassInstance")


class TableError(ValueError):
    """A table is not what a dataclass is made of."""


def from_table(cls: type[_Table], table: object, where: str = "") -> _Table:
    """A dataclass from a table, checked key by key.

    Args:
        cls: the dataclass; its fields are dataclasses, tuples, literals, paths, numbers, texts, truth values, or one of
            these or None.
        table: as `tomllib` gives it.
        where: what stands before the keys in errors, such as "export.".

    Raises:
        TableError: an unknown or missing key, a value of the wrong type; besides, what the dataclasses raise.
    """
    if not isinstance(table, dict):
        raise TableError(f"{where.removesuffix('.') or 'the file'} is {table!r}; a table is needed")
    hints = typing.get_type_hints(cls)
    unknown = sorted(set(table) - set(hints))
    if unknown:
        raise TableError(f"unknown key {where}{unknown[0]}; known are {', '.join(sorted(hints))}")
    for entry in dataclasses.fields(cls):
        required = entry.default is dataclasses.MISSING and entry.default_factory is dataclasses.MISSING
        if required and entry.name not in table:
            raise TableError(f"{where}{entry.name} is missing")
    return cls(**{name: _convert(hints[name], value, where + name) for name, value in table.items()})


def _convert(hint: object, value: object, where: str) -> object:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_table(hint, value, where + ".")
    if origin is tuple:
        if not isinstance(value, list):
            raise TableError(f"{where} is {value!r}; a list is needed")
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        if len(kinds) != len(value):
            raise TableError(f"{where} has {len(value)} entries; {len(kinds)} are needed")
        return tuple(
            _convert(kind, item, f"{where}[{index}]")
            for index, (kind, item) in enumerate(zip(kinds, value, strict=True))
        )
    if origin is Literal:
        if value not in arguments:
            raise TableError(f"{where} is {value!r}; allowed are {', '.join(map(repr, arguments))}")
        return value
    if origin is types.UnionType:
        return _convert(arguments[0], value, where)
    if hint is Path and isinstance(value, str):
        return Path(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(hint, type) or not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise TableError(f"{where} is {value!r}; {_NEEDED[hint]} is needed")
    return value
