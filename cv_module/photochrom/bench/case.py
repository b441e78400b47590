"""What a benchmark measures: kinds of photographs, in sizes, and what a process does with one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from photochrom.networks.device import Device, Engine

Kind = Literal[
    "grey-jpeg", "colour-jpeg", "grey-png", "colour-png", "grey-png16", "colour-png16", "grey-tiff16", "colour-tiff16"
]
"""What a photograph is and the format of its file; the coloured copy has the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What a kind of photograph is."""

    suffix: str
    """Of its file's name."""
    colour: bool
    """Whether it has colours."""
    dtype: str
    """NumPy's name for the type of its pixels."""


FORMATS: Final[Mapping[Kind, Format]] = {
    "grey-jpeg": Format(suffix=".jpg", colour=False, dtype="uint8"),
    "colour-jpeg": Format(suffix=".jpg", colour=True, dtype="uint8"),
    "grey-png": Format(suffix=".png", colour=False, dtype="uint8"),
    "colour-png": Format(suffix=".png", colour=True, dtype="uint8"),
    "grey-png16": Format(suffix=".png", colour=False, dtype="uint16"),
    "colour-png16": Format(suffix=".png", colour=True, dtype="uint16"),
    "grey-tiff16": Format(suffix=".tif", colour=False, dtype="uint16"),
    "colour-tiff16": Format(suffix=".tif", colour=True, dtype="uint16"),
}

Action = Literal["make", "alone", "whole", "steps"]
"""What a process does with a case: a function of that name in `measurement`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is measured."""

    kind: Kind
    width: int
    """Columns [pixels]."""
    height: int
    """Rows [pixels]."""
    folder: str
    """Where its files go."""
    repeats: int
    """How often each time is taken; the median counts."""
    model: str
    device: Device
    engine: Engine

    @property
    def source(self) -> Path:
        """The photograph's file."""
        return Path(self.folder, "photograph" + FORMATS[self.kind].suffix)

    @property
    def target(self) -> Path:
        """Its coloured copy's file."""
        return Path(self.folder, "copy" + FORMATS[self.kind].suffix)
