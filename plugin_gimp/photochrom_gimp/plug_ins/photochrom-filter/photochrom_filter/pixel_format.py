"""In which form the pixels of a drawable go to the worker and come back: exact enough for the image, and no more."""

from typing import Final

from gi.repository import Gimp

from photochrom_filter.messages import Depth, Picture

_COLOURS: Final = {1: "Y'", 3: "R'G'B'", 4: "R'G'B'A"}
"""GEGL's names of the sRGB-coded colour models, by their number of channels; alpha is not multiplied in."""
_CODED_8_BIT: Final = (Gimp.Precision.U8_NON_LINEAR, Gimp.Precision.U8_PERCEPTUAL)
_FITS_16_BIT: Final = (Gimp.Precision.U8_LINEAR, Gimp.Precision.U16_NON_LINEAR, Gimp.Precision.U16_PERCEPTUAL)
"""Not 16 bits linear: its light tones are finer than those of 16 coded bits."""


def gegl_format(picture: Picture) -> str:
    """What GEGL calls a picture's pixels; a name that it does not know would end the process."""
    return f"{_COLOURS[picture.channels]} {picture.depth}"


def picture_of(drawable: Gimp.Drawable) -> Picture:
    """The form that loses nothing of a drawable that counts.

    Eight bits do only where the image has the very same eight; everything that is converted on the way gets more.
    """
    return Picture(
        width=drawable.get_width(),
        height=drawable.get_height(),
        channels=4 if drawable.has_alpha() else 1 if drawable.is_gray() else 3,
        depth=_depth(drawable.get_image()),
    )


def _depth(image: Gimp.Image) -> Depth:
    precision = image.get_precision()
    if precision in _CODED_8_BIT and _is_srgb(image):
        return "u8"
    return "u16" if precision in _CODED_8_BIT + _FITS_16_BIT else "float"


def _is_srgb(image: Gimp.Image) -> bool:
    """Whether an image's values are those of sRGB, or of its tone curve if it is grey."""
    profile = image.get_color_profile()
    return profile is None or profile.is_equal(Gimp.ColorProfile.new_rgb_srgb())
