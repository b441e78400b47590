"""What a worker is asked to colorize: taken from a message, and checked before any pixel is read."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, Self, get_args

import numpy as np

from photochrom.networks.device import Device
from photochrom.worker.protocol import Message, RequestError

_DEPTHS: Final[Mapping[str, type[np.uint8 | np.uint16 | np.float32]]] = {
    "u8": np.uint8,
    "u16": np.uint16,
    "float": np.float32,
}
_CHANNELS: Final = (1, 3, 4)
_DEVICES: Final[tuple[Device, ...]] = get_args(Device)
_DO: Final = "colorize"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorizeRequest:
    """A picture to colorize, without its pixels; see the package for what the fields mean."""

    id: int
    width: int
    height: int
    channels: int
    depth: str
    model: str
    device: Device
    strength: float
    saturation: float
    fade_uncertain: float
    confidence: bool
    bytes: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise RequestError(f"a picture of {self.width} x {self.height} pixels holds none; give at least 1 x 1")
        if self.channels not in _CHANNELS or self.depth not in _DEPTHS:
            raise RequestError(
                f"pixels came with {self.channels} channels in {self.depth}; "
                f"give {', '.join(map(str, _CHANNELS))} channels in {', '.join(_DEPTHS)}"
            )
        needed = math.prod(self.shape) * self.dtype.itemsize
        if self.bytes != needed:
            raise RequestError(
                f"{self.bytes} bytes came for {self.width} x {self.height} pixels of {self.channels} channels "
                f"in {self.depth}, which are {needed}"
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, channels) of the pixels."""
        return self.height, self.width, self.channels

    @property
    def dtype(self) -> np.dtype[np.uint8 | np.uint16 | np.float32]:
        """Of the pixels."""
        return np.dtype(_DEPTHS[self.depth])

    @classmethod
    def read(cls, message: Message) -> Self:
        """The request that a message makes.

        Raises:
            RequestError: it is none, or not a possible one.
        """
        if message.get("do") != _DO:
            raise RequestError(f"this worker does not know how to do {message.get('do')!r}; it can {_DO} and cancel")
        values = {key: value for key, value in message.items() if key != "do"}
        names = {field.name for field in fields(cls)}
        if values.keys() != names:
            raise RequestError(
                f"a request has the wrong keys: missing are {sorted(names - values.keys())}, "
                f"unknown are {sorted(values.keys() - names)}"
            )
        return cls(
            id=_whole(values, "id"),
            width=_whole(values, "width"),
            height=_whole(values, "height"),
            channels=_whole(values, "channels"),
            depth=_text(values, "depth"),
            model=_text(values, "model"),
            device=_device(values),
            strength=_number(values, "strength"),
            saturation=_number(values, "saturation"),
            fade_uncertain=_number(values, "fade_uncertain"),
            confidence=_truth(values, "confidence"),
            bytes=_whole(values, "bytes"),
        )


def _whole(values: Message, name: str) -> int:
    value = values[name]
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise RequestError(f"a request's {name} is {value!r}; give a whole number")


def _number(values: Message, name: str) -> float:
    value = values[name]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise RequestError(f"a request's {name} is {value!r}; give a number")


def _text(values: Message, name: str) -> str:
    value = values[name]
    if isinstance(value, str):
        return value
    raise RequestError(f"a request's {name} is {value!r}; give a text")


def _device(values: Message) -> Device:
    for device in _DEVICES:
        if values["device"] == device:
            return device
    raise RequestError(f"there is no device {values['device']!r}; give one of {', '.join(_DEVICES)}")


def _truth(values: Message, name: str) -> bool:
    value = values[name]
    if isinstance(value, bool):
        return value
    raise RequestError(f"a request's {name} is {value!r}; give true or false")
