"""What the plug-in and its worker tell each other, as the plug-in sees it; the worker's package describes it whole.

Nothing of photochrom is imported here: the plug-in runs in GIMP's own Python, which has none of what photochrom needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

PROTOCOL: Final = 1
"""Version of the protocol that this plug-in speaks."""

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
    """How long the parts of the work took [s]: send, load, colorize, receive."""
