"""ICC profiles: the colour space of a photograph's pixels, and the profile of its result.

The result is in the photograph's own space where that is RGB by curves and a matrix with neutral greys, as all working
spaces are. Elsewhere it is in sRGB: a grey space holds no colours, and tables of colours describe a device.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import numpy as np

from photochrom.colour.icc import Float64, IccProfile, broken, read_icc
from photochrom.colour.lab import XYZ_FROM_RGB, Pixels, from_linear, luminance_of_lightness
from photochrom.colour.lut_space import LutSpace
from photochrom.colour.photograph import strips
from photochrom.colour.space import SRGB, ColourSpace, Curve, GreySpace, MatrixSpace, WorkingSpace
from photochrom.errors import ImageError

_D50: Final = np.array([0.9642, 1.0, 0.8249])
"""White of the space that profiles convert to (ICC.1, clause 7.2.16)."""
_BRADFORD: Final = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
"""X, Y and Z to the responses in which ICC.1, annex E, adapts one white to another."""
_NEUTRAL: Final = 0.02
"""How far the white of a working space may lie from D50, as a share of it; 38 real ones are off by 0.0003 at most."""
_LEAST_WHITE: Final = 0.5
"""CIE Y of white below which a profile is not of photographs."""
_WORST_CONDITION: Final = 1000
"""Of a matrix that can be inverted in float32; real ones have 1 to 2.4."""
_SAME_GREY: Final = 0.5 / 255
"""Largest difference in greys' codes of a space that is taken for sRGB: half an 8-bit level."""
_SAME_COLOUR: Final = 2 / 255
"""The same of colours; profiles that are called sRGB differ by up to 1.7 levels where a channel is near 0."""
_TABLES: Final = ("A2B0", "A2B1", "D2B0", "D2B1")
"""Tags that hold tables of colours; where there are some, they come before curves and matrix."""
_CHANNELS: Final = ("b", "g", "r")
"""What the tags of the channels begin with, in the order of pixels."""
_DATE: Final = slice(24, 36)
"""Where a profile says when it was made."""
_ANY_DATE: Final = bytes.fromhex("07d0 0001 0001 0000 0000 0000")
"""2000-01-01, 0:00; the true time would make every result another file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """What a profile comes to."""

    space: ColourSpace
    """What its pixels are."""
    grey: bool
    """Whether it is for grey pixels."""
    result: bytes
    """The profile of the result."""


def colour_space(profile: bytes, pixels: Pixels) -> ColourSpace:
    """The space that a photograph's pixels are in.

    Args:
        profile: ICC profile; empty: none, which means sRGB.
        pixels: grey (H, W), BGR (H, W, 3) or BGRA (H, W, 4). Grey ones may come with an RGB profile, colour ones with a
            grey profile if their channels are equal.

    Raises:
        ImageError: the profile is damaged, or not for such pixels.
    """
    opened = _open(_bytes(profile))
    if opened.grey and pixels.ndim == 3 and not is_grey(pixels):
        raise broken("it is for grey pixels, and the photograph has colours")
    return opened.space


def result_profile(profile: bytes) -> bytes:
    """The ICC profile of the result, for a photograph that came with the given one; empty: none, the result is sRGB.

    Raises:
        ImageError: the profile is damaged, or for no pixels that can be colorized.
    """
    return _open(_bytes(profile)).result


def _bytes(profile: object) -> bytes:
    if not isinstance(profile, bytes | bytearray | memoryview):
        raise ImageError(f"profile is a {type(profile).__name__}; give the bytes of an ICC profile, or b'' for sRGB")
    return bytes(profile)


def is_grey(pixels: Pixels) -> bool:
    """Whether all colour channels of BGR or BGRA pixels are equal."""
    return all(
        np.array_equal(pixels[rows, :, 0], pixels[rows, :, channel])
        for rows in strips(*pixels.shape[:2])
        for channel in (1, 2)
    )


@lru_cache(maxsize=8)
def _open(profile: bytes) -> _Opened:
    if not profile:
        return _Opened(space=SRGB, grey=False, result=b"")
    icc = read_icc(profile)
    if icc.device_class not in ("scnr", "mntr", "prtr", "spac") or icc.pixels not in ("RGB", "GRAY"):
        raise broken(f"it is for {icc.pixels} pixels (class {icc.device_class}), and RGB or GRAY are needed")
    space = _space_of(icc)
    if icc.pixels == "GRAY":
        return _Opened(space=space, grey=True, result=_srgb_profile())
    if _is_srgb(space):
        return _Opened(space=SRGB, grey=False, result=icc.data)
    return _Opened(space=space, grey=False, result=icc.data if isinstance(space, WorkingSpace) else _srgb_profile())


def _space_of(icc: IccProfile) -> ColourSpace:
    if any(tag in icc.tags for tag in _TABLES):
        space: ColourSpace = LutSpace(icc.data, "gray" if icc.pixels == "GRAY" else "rgb", _srgb_from_xyz())
    elif icc.pixels == "GRAY":
        space = GreySpace(_grey_curve(icc))
    else:
        space = _matrix_space(icc)
    brightest = float(space.luminance(np.full((1, 1), 255, np.uint8))[0, 0])
    if brightest < _LEAST_WHITE:
        raise broken(f"its white has the luminance {brightest:.2g}")
    return space


def _grey_curve(icc: IccProfile) -> Curve:
    light = icc.curve("kTRC")
    if icc.connection == "Lab":
        light = luminance_of_lightness((light * 100).astype(np.float32)).astype(np.float64)
    return Curve(light)


def _matrix_space(icc: IccProfile) -> MatrixSpace:
    if icc.connection != "XYZ":
        raise broken(f"it has a matrix that leads to {icc.connection} and not to XYZ")
    curves = [icc.curve(f"{channel}TRC") for channel in _CHANNELS]
    if all(np.array_equal(curves[0], other) for other in curves[1:]):
        del curves[1:]
    xyz_from_bgr = np.stack([icc.xyz(f"{channel}XYZ") for channel in _CHANNELS], axis=1)
    white = xyz_from_bgr.sum(axis=1)
    neutral = bool(np.abs(white / _D50 - 1).max() <= _NEUTRAL)
    if neutral:
        # Exactly so: what is left of the difference is rounding of the profile's numbers.
        xyz_from_bgr *= (_D50 / white)[:, None]
    srgb_from_bgr = _srgb_from_xyz() @ xyz_from_bgr
    shapes = [Curve(curve) for curve in curves]
    invertible = np.linalg.cond(srgb_from_bgr) < _WORST_CONDITION and all(shape.can_be_inverted for shape in shapes)
    return (WorkingSpace if neutral and invertible else MatrixSpace)(shapes, srgb_from_bgr)


def _is_srgb(space: ColourSpace) -> bool:
    """Whether greys and colours mean the same in a space as in sRGB."""
    levels = np.linspace(0, 1, 9, dtype=np.float32)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    greys = np.repeat(np.linspace(0, 1, 256, dtype=np.float32)[None, :, None], 3, axis=2)
    return all(
        np.abs(from_linear(space.linear(probe), probe.dtype) - probe).max() <= most
        for probe, most in ((greys, _SAME_GREY), (colours, _SAME_COLOUR))
    )


@cache
def _srgb_from_xyz() -> Float64:
    """XYZ under D50 to B, G and R of linear sRGB."""
    to, since = _BRADFORD @ _D50, _BRADFORD @ XYZ_FROM_RGB.sum(axis=1)
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(to / since) @ _BRADFORD @ XYZ_FROM_RGB
    return np.linalg.inv(adapted)[::-1]


@cache
def _srgb_profile() -> bytes:
    """An sRGB profile, the same bytes every time."""
    from imagecodecs import cms_profile

    profile = cms_profile("srgb")
    return profile[: _DATE.start] + _ANY_DATE + profile[_DATE.stop :]
