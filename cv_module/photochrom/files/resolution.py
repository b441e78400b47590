"""How many pixels of a picture make an inch or a centimetre of what was photographed or will be printed."""

from dataclasses import dataclass
from typing import Final, Literal

LengthUnit = Literal["inch", "cm"]
"""What resolutions count along."""

_CM_PER_INCH: Final = 2.54
_CM_PER_METRE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Pixels per length."""

    x: float
    """Along a row [pixels per unit]."""
    y: float
    """Along a column [pixels per unit]."""
    unit: LengthUnit = "inch"
    """The length."""

    @classmethod
    def from_metre(cls, x: float, y: float) -> "Resolution | None":
        """From pixels per metre; None where one of them is not above 0."""
        return cls(x=x / _CM_PER_METRE, y=y / _CM_PER_METRE, unit="cm") if x > 0 and y > 0 else None

    def per_metre(self, most: int) -> tuple[int, int]:
        """Along a row and along a column, in whole pixels of at most ``most`` [pixels per metre]."""
        x, y = (min(max(round(value * _CM_PER_METRE), 1), most) for value in self.per("cm"))
        return x, y

    def per(self, unit: LengthUnit) -> tuple[float, float]:
        """Along a row and along a column [pixels per ``unit``]."""
        if unit == self.unit:
            return self.x, self.y
        factor = _CM_PER_INCH if unit == "inch" else 1 / _CM_PER_INCH
        return self.x * factor, self.y * factor

    def whole(self, most: int) -> tuple[int, int, LengthUnit]:
        """In whole pixels, of at most ``most``: per its own unit where that is exact, else per inch."""
        exact = self.unit == "inch" or (self.x % 1 == 0 and self.y % 1 == 0)
        unit: LengthUnit = self.unit if exact else "inch"
        x, y = (min(max(round(value), 1), most) for value in self.per(unit))
        return x, y, unit
