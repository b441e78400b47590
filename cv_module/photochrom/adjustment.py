"""What a user does to the network's colours."""

from dataclasses import dataclass
from numbers import Real
from typing import Final

from photochrom.errors import ImageError

MAX_SATURATION: Final = 10.0
"""Beyond this every colour is as strong as sRGB can show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """Choices about the colours, each without effect by default."""

    strength: float = 1.0
    """Share of the network's colours, 0 to 1; the rest are the photograph's own (for a grey one: none)."""
    saturation: float = 1.0
    """Factor on the network's chroma, 0 (grey) to `MAX_SATURATION`."""
    fade_uncertain: float = 0.0
    """How far colours fade to grey where the network guesses, 0 (not at all) to 1."""

    def __post_init__(self) -> None:
        for name, highest, meaning in (
            ("strength", 1.0, "0 keeps the photograph's own colours, 1 takes the network's"),
            ("saturation", MAX_SATURATION, "0 is grey, 1 changes nothing"),
            ("fade_uncertain", 1.0, "0 changes nothing, 1 fades most"),
        ):
            value: object = getattr(self, name)
            if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= value <= highest:
                raise ImageError(f"{name} is {value!r}; give a number from 0 to {highest:g}: {meaning}")
