"""In which form the pixels of a drawable go to the worker and come back: exact enough for the image, and no more."""

from dataclasses import dataclass
from typing import Literal

from gi.repository import Gimp

Depth = Literal["u8", "u16", "float"]
BYTES: dict[Depth, int] = {"u8": 1, "u16": 2, "float": 4}
"""Bytes of one value."""

_COLOURS = {1: "Y'", 3: "R'G'B'", 4: "R'G'B'A"}
"""GEGL's names of the sRGB-coded colour models, by their number of channels."""
_CODED_8_BIT = (Gimp.Precision.U8_NON_LINEAR, Gimp.Precision.U8_PERCEPTUAL)
_FITS_16_BIT = (Gimp.Precision.U8_LINEAR, Gimp.Precision.U16_NON_LINEAR, Gimp.Precision.U16_PERCEPTUAL)


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """sRGB-coded pixels, row by row without padding, in the machine's byte order."""

    channels: int
    """1: grey; 3: red, green, blue; 4: with alpha, not multiplied."""
    depth: Depth
    """u8 and u16: full range; float: 32 bits, 0 to 1."""

    @property
    def name(self) -> str:
        """As GEGL calls it; an unknown name would end the process."""
        return f"{_COLOURS[self.channels]} {self.depth}"

    @property
    def pixel_bytes(self) -> int:
        """Bytes of one pixel."""
        return self.channels * BYTES[self.depth]


def format_of(drawable: Gimp.Drawable) -> PixelFormat:
    """The form that loses nothing of a drawable that counts.

    Eight bits do only where the image has the very same eight; everything that is converted on the way gets more.
    """
    channels = 4 if drawable.has_alpha() else 1 if drawable.is_gray() else 3
    return PixelFormat(channels, _depth(drawable.get_image()))


def _depth(image: Gimp.Image) -> Depth:
    precision = image.get_precision()
    if precision in _CODED_8_BIT:
        return "u8" if _is_srgb(image) else "u16"
    return "u16" if precision in _FITS_16_BIT else "float"


def _is_srgb(image: Gimp.Image) -> bool:
    """Whether an image's values are sRGB's, or for a grey image have its tone curve."""
    profile = image.get_color_profile()
    return profile is None or profile.is_equal(Gimp.ColorProfile.new_rgb_srgb())
