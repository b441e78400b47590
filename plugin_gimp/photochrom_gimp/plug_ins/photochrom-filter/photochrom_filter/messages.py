"""What the plug-in and its worker tell each other, as the plug-in sees it; the worker's package describes it whole.

Nothing of photochrom is imported here: the plug-in runs in GIMP's own Python, which has none of what photochrom needs.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, Literal, Self

PROTOCOL: Final = 1
"""Version of the protocol that this plug-in speaks."""

Message = Mapping[str, object]
"""What a line of JSON says."""

Depth = Literal["u8", "u16", "float"]
"""Of each channel of each pixel: 8 bits, 16 bits, or 32-bit floating point; in the machine's own byte order."""
Device = Literal["auto", "cpu", "cuda", "cuda_fp16"]
"""What can be asked for; auto is CUDA where it works, else the CPU."""

_SAMPLE_SIZE: Final[Mapping[Depth, int]] = {"u8": 1, "u16": 2, "float": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The shape of pixels that go over the pipe: rows from the top, without padding, sRGB-coded as R'G'B' or Y' are."""

    width: int
    """[pixels]"""
    height: int
    """[pixels]"""
    channels: int
    """1 for grey, 3 for RGB, 4 for RGBA."""
    depth: Depth

    @property
    def row_size(self) -> int:
        """Of one row [bytes]."""
        return self.width * self.channels * _SAMPLE_SIZE[self.depth]

    @property
    def size(self) -> int:
        """Of all pixels [bytes]."""
        return self.height * self.row_size

    @property
    def coloured(self) -> "Picture":
        """The shape of the result: RGBA where alpha came, else RGB."""
        channels = 4 if self.channels == 4 else 3
        return Picture(width=self.width, height=self.height, channels=channels, depth=self.depth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a picture shall be colorized."""

    model: str = "colorize"
    """A network's name as `Hello.models` lists it, or the absolute path of an .onnx file."""
    device: Device = "auto"
    strength: float = 1.0
    """Share of the new colours, 0 to 1; the rest are the picture's own."""
    saturation: float = 1.0
    """Factor on the strength of the new colours, 0 (grey) to 10."""
    fade_uncertain: float = 0.0
    """How far colours fade to grey where the network guesses, 0 to 1."""
    confidence: bool = False
    """Whether the map of the network's confidence is wanted too."""


def colorize_request(number: int, picture: Picture, settings: Settings) -> Message:
    """The message that asks for a picture in colour; its pixels follow it.

    Args:
        number: the request's own, by which its answers are known.
        picture: the shape of the pixels.
        settings: how.
    """
    return {"id": number, "do": "colorize", **asdict(picture), **asdict(settings), "bytes": picture.size}


def cancel_request(number: int) -> Message:
    """The message that calls another one off.

    Args:
        number: of the other one.
    """
    return {"id": number, "do": "cancel"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A network that comes with photochrom."""

    name: str
    version: str
    task: str
    """What it does: colorize."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """How a worker introduces itself."""

    protocol: int
    """Version of the protocol that it speaks."""
    version: str
    """Of photochrom."""
    models: tuple[Model, ...]
    """Known only where the protocol is this plug-in's own."""

    @classmethod
    def read(cls, message: Message) -> Self:
        """What a message says.

        Raises:
            ValueError: it does not introduce a worker.
        """
        match message:
            case {"hello": "photochrom", "protocol": int(protocol), "version": str(version)} if protocol != PROTOCOL:
                return cls(protocol=protocol, version=version, models=())
            case {"hello": "photochrom", "protocol": int(protocol), "version": str(version), "models": list(models)}:
                return cls(protocol=protocol, version=version, models=tuple(map(_model, models)))
        raise ValueError(message)


def _model(record: object) -> Model:
    match record:
        case {"name": str(name), "version": str(version), "task": str(task)}:
            return Model(name=name, version=version, task=task)
    raise ValueError(record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a worker is."""

    share: float
    """Of the work that is done, 0 to 1."""
    step: str
    """What is being done now: load or colorize."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a worker has no result."""

    sentence: str
    kind: str
    """image, model, device, cancelled or internal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a worker says of a result before the bytes of it follow."""

    device: str
    note: str
    seconds: Mapping[str, float]
    """How long the worker's own steps took [s]: load and colorize."""


def read_reply(message: Message, number: int, size: int, confidence_size: int) -> Progress | Failure | Result:
    """What a message says about a request.

    Args:
        message: from the worker.
        number: the request's own.
        size: of all that a result brings: the picture in colour and the map of confidence [bytes].
        confidence_size: of the map alone [bytes].

    Raises:
        ValueError: it says nothing about that request, or announces other bytes.
    """
    match message:
        case {"id": other} if other != number:
            pass
        case {"progress": int(share) | float(share), "step": str(step)}:
            return Progress(share=share, step=step)
        case {"error": str(sentence), "kind": str(kind)}:
            return Failure(sentence=sentence, kind=kind)
        case {
            "result": {
                "device": str(device),
                "note": str(note),
                "seconds": dict(seconds),
                "confidence_bytes": int(confidence_bytes),
            },
            "bytes": int(count),
        } if (count, confidence_bytes) == (size, confidence_size):
            return Result(device=device, note=note, seconds=_seconds(seconds))
    raise ValueError(message)


def _seconds(record: Mapping[object, object]) -> dict[str, float]:
    seconds = {str(name): value for name, value in record.items() if isinstance(value, int | float)}
    if len(seconds) == len(record):
        return seconds
    raise ValueError(record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is known of a result beside its pixels."""

    device: str
    """What the network really ran on: cpu, cuda or cuda_fp16."""
    note: str
    """What went otherwise than asked for, for instance that CUDA failed and the CPU was taken; empty: nothing."""
    confidence: bytes
    """The map of confidence, one byte a pixel, rows from the top, 255 for certainty; empty: not asked for."""
    seconds: Mapping[str, float]
    """How long the parts of the work took [s]: send, load, colorize, receive; without the caller's own functions."""
