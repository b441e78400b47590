"""What a user does to the network's colours."""

from dataclasses import dataclass
from typing import Final, TypeGuard

import numpy as np

from photochrom.colour.lab import Float32
from photochrom.errors import ImageError

MAX_SATURATION: Final = 10.0
"""Beyond this every colour is as strong as sRGB can show it."""

_GUESS: Final = 0.35
"""Confidence up to which a colour is a guess: about two in three of them are wrong [probability]."""
_SURE: Final = 0.7
"""Confidence from which a colour is sure; about 40 % of the old photographs tried have it [probability]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """Choices about the colours, each without effect by default."""

    strength: float = 1.0
    """Share of the network's colours, 0 to 1; the rest are the photograph's own (for a grey one: none)."""
    saturation: float = 1.0
    """Factor on the network's chroma, 0 (grey) to `MAX_SATURATION`."""
    fade_uncertain: float = 0.0
    """How far colours fade to grey where the network guesses, 0 (not at all) to 1; see `apply`."""

    def __post_init__(self) -> None:
        for name, highest, meaning in (
            ("strength", 1.0, "0 keeps the photograph's own colours, 1 takes the network's"),
            ("saturation", MAX_SATURATION, "0 is grey, 1 changes nothing"),
            ("fade_uncertain", 1.0, "0 changes nothing, 1 fades most"),
        ):
            value: object = getattr(self, name)
            if not (_is_number(value) and 0 <= value <= highest):
                raise ImageError(f"{name} is {value!r}; give a number from 0 to {highest:g}: {meaning}")

    def apply(self, chroma: Float32, confidence: Float32) -> Float32:
        """The network's chroma, saturated and faded; `strength` is for where the photograph's own chroma is known.

        A colour of a confidence of 0.7 or more never fades, one of 0.35 or less fades by the whole of
        `fade_uncertain`, and between them the fading falls smoothly.

        Args:
            chroma: (2, h, w) a* and b*.
            confidence: (h, w) probability in [0, 1] that they are near the true ones.

        Returns:
            (2, h, w) a* and b*.
        """
        position = np.clip((confidence - _GUESS) / (_SURE - _GUESS), 0, 1)
        kept = 1 - self.fade_uncertain * (1 - position * position * (3 - 2 * position))
        return np.asarray(chroma * (self.saturation * kept), np.float32)


def _is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a real number, Python's or numpy's, and not a truth."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
