"""ICC profiles: the colour space of a photograph's pixels by the profile that came with them."""

from photochrom.colour import Pixels
from photochrom.space import SRGB, ColourSpace


def colour_space(profile: bytes, pixels: Pixels) -> ColourSpace:
    """The space that a photograph's pixels are in.

    Args:
        profile: ICC profile; empty: none, which means sRGB.
        pixels: grey (H, W), BGR (H, W, 3) or BGRA (H, W, 4).
    """
    return SRGB


def result_profile(profile: bytes) -> bytes:
    """The ICC profile of the result's pixels, for a photograph that came with the given one; empty: none, sRGB."""
    return profile
