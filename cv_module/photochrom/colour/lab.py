"""Lightness and chroma: the only colour arithmetic in photochrom.

Colorization keeps the photograph's own lightness and asks the network for chroma alone, so the result is as sharp as
the input whatever size the network ran at.

Lab is CIE 1976 L*a*b* under D65: L* in [0, 100], a* and b* about [-110, 110]. Linear light is sRGB's, in [0, 1].
OpenCV's own conversion (`cv2.COLOR_BGR2Lab`) has the same matrix and white but reads a coarse table even for float32:
its L* is off by up to 0.25, which is 160 levels of a 16-bit photograph. Hence the formulas here.
The trainer imports this module; it has no copy.

Source:
    IEC 61966-2-1 (the sRGB curve), CIE 15 (L*a*b*), and the matrix in OpenCV's documentation of `cvtColor`.
"""

from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Pixels = NDArray[np.uint8 | np.uint16 | np.float32]

XYZ_FROM_RGB: Final = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
"""X, Y and Z under D65 of linear sRGB light."""
_WHITE: Final = XYZ_FROM_RGB.sum(axis=1)
# X, Y and Z relative to white: every grey has three equal ones, so it is neutral without rounding.
_XYZ_FROM_BGR: Final = (XYZ_FROM_RGB / _WHITE[:, None])[:, ::-1]
LUMINANCE_OF_BGR: Final = _XYZ_FROM_BGR[1]
"""CIE Y of full B, G and R light."""
_BGR_FROM_XYZ: Final = np.linalg.inv(_XYZ_FROM_BGR).astype(np.float32)

_LIGHTNESS_EDGE: Final = np.float32(6 / 29)
"""f(t) of CIE 15 is a cube root above this value and a line below."""
_LIGHTNESS_SLOPE: Final = np.float32(841 / 108)
"""Slope of that line."""

_SRGB_EDGE: Final = np.float32(0.04045)
"""The sRGB curve is a power above this code and a line below."""
_SRGB_LINEAR_EDGE: Final = np.float32(0.04045 / 12.92)

_AWAY_FROM_GREY: Final = (1 / 500, -1 / 200)
"""What a* of 1 adds to f(Y) to give f(X), and b* of 1 to give f(Z)."""

_GAMUT_TOLERANCE: Final = np.float32(1e-7)
"""How far linear light may leave [0, 1] before chroma is reduced; rounding must not count as leaving."""


def white(dtype: np.dtype[np.generic]) -> int:
    """The value of white in pixels of this type: 255, 65535 or 1."""
    return 256**dtype.itemsize - 1 if dtype.kind == "u" else 1


def to_linear(pixels: Pixels) -> Float32:
    """Linear light in [0, 1] of sRGB-encoded pixels; the same shape.

    Args:
        pixels: (H, W) or (H, W, C), C up to 4; uint8, uint16, or float32 in [0, 1].
    """
    if pixels.dtype.kind == "u":
        return _float32(cv2.LUT(pixels, _decoding_table(pixels.dtype)), pixels.shape)
    return _decode(np.clip(pixels, 0, 1, dtype=np.float32))


def from_linear(linear: Float32, dtype: np.dtype[np.generic]) -> Pixels:
    """Pixels of the given type, sRGB-encoded, from linear light; the same shape.

    Args:
        linear: (H, W) or (H, W, C); clipped to [0, 1].
        dtype: uint8, uint16, or float32 for pixels in [0, 1].
    """
    if dtype == np.uint8:
        return np.asarray(cv2.LUT(_table_index(linear), _encoding_table()), np.uint8).reshape(linear.shape)
    linear = np.clip(linear, 0, 1)
    code = _encode(linear)
    if dtype == np.uint16:
        code *= np.float32(white(dtype))
        code += np.float32(0.5)
        return code.astype(np.uint16)
    return np.clip(code, 0, 1, out=code)


def luminance(pixels: Pixels) -> Float32:
    """CIE Y in [0, 1] of grey (H, W), BGR (H, W, 3) or BGRA (H, W, 4) pixels; (H, W)."""
    if pixels.ndim == 3 and pixels.dtype.kind == "f":
        pixels = np.ascontiguousarray(pixels[:, :, :3])  # no weight takes the NaN of an alpha away
    linear = to_linear(pixels)
    if linear.ndim == 2:
        return linear
    weights = np.zeros((1, linear.shape[2]))
    weights[0, :3] = LUMINANCE_OF_BGR
    return _float32(cv2.transform(linear, weights), linear.shape[:2])


def lightness(y: Float32, *, for_8_bits: bool = False) -> Float32:
    """L* in [0, 100] of CIE Y in [0, 1]; the same shape.

    Args:
        y: CIE Y, of any shape of 2 axes.
        for_8_bits: whether an error of 0.007 does no harm; a table then does what else takes ten times as long.
    """
    if for_8_bits:
        return _float32(cv2.LUT(_table_index(y), _lightness_table()), y.shape)
    scaled = _f(y)
    scaled *= np.float32(116)
    scaled -= np.float32(16)
    return scaled


def luminance_of_lightness(lightness: Float32) -> Float32:
    """CIE Y in [0, 1] of L* in [0, 100]; the same shape."""
    return _f_inverse(_f_of_lightness(lightness))


def split_lab(bgr: Float32) -> tuple[Float32, Float32]:
    """Lightness and chroma of a colour picture.

    Args:
        bgr: (H, W, 3) sRGB-encoded, in [0, 1].

    Returns:
        (H, W) L* in [0, 100], and (2, H, W) a* and b*.
    """
    return split_linear(to_linear(bgr))


def split_linear(linear: Float32) -> tuple[Float32, Float32]:
    """As `split_lab`, of (H, W, 3) linear light."""
    xyz = cv2.transform(linear, _XYZ_FROM_BGR)
    fx, fy, fz = _f(np.ascontiguousarray(_float32(xyz, linear.shape).transpose(2, 0, 1)))
    return fy * np.float32(116) - np.float32(16), np.stack([(fx - fy) * np.float32(500), (fy - fz) * np.float32(200)])


def merge_lab(y: Float32, chroma: Float32) -> Float32:
    """The colour of a luminance and a chroma.

    Args:
        y: (H, W) CIE Y in [0, 1]; the colour's own Y, and so its L*, is the same.
        chroma: (2, H, W) a* and b*.

    Returns:
        (H, W, 3) B, G and R, linear light; outside [0, 1] where sRGB cannot show the colour.
    """
    fy = _f(y)
    # Each row of the matrix sums to 1, so what differs from y is all that chroma adds: none leaves y as it is.
    x, z = (
        _f_inverse(fy + plane * np.float32(share)) - y for plane, share in zip(chroma, _AWAY_FROM_GREY, strict=True)
    )
    return _float32(cv2.merge([row[0] * x + row[2] * z + y for row in _BGR_FROM_XYZ]), (*y.shape, 3))


def tint(lightness: Float32, chroma: Float32) -> Float32:
    """The colour of a lightness and a chroma, apart from its luminance: what shading leaves as it is.

    Args:
        lightness: (H, W) L* in [0, 100].
        chroma: (2, H, W) a* and b*.

    Returns:
        (3, H, W) B, G and R in linear light, each over CIE Y. Times Y they are a colour of that Y, and of that chroma
        where L* is 8 or more; below, where CIELAB is a line and chroma outlasts light, it fades with it.

    Source:
        Matte surfaces scale linear light alike in all channels: Shafer, "Using Color to Separate Reflection
        Components", Color Research & Application 10(4), 1985.
    """
    roots = chroma * np.array(_AWAY_FROM_GREY, np.float32)[:, None, None]
    roots /= _f_of_lightness(lightness)
    roots += 1
    np.clip(roots, 0, np.inf, out=roots)
    cubes = roots * roots
    cubes *= roots
    cubes -= 1
    x, z = cubes
    tints = np.empty((3, *lightness.shape), np.float32)
    for channel, row in enumerate(_BGR_FROM_XYZ):
        np.multiply(x, row[0], out=tints[channel])
        tints[channel] += z * row[2]
    tints += 1
    return tints


def mix_lab(y: Float32, bgr: Float32, own: Float32 | None, strength: float) -> Float32:
    """The colour between two of the same luminance, on the straight line of their a* and b*.

    Args:
        y: (H, W) CIE Y in [0, 1] of all three.
        bgr: (H, W, 3) one of them, linear light, within [0, 1] but for rounding.
        own: (H, W, 3) the other one, linear light, which may lie outside sRGB; None: grey.
        strength: share of the first, 0 to 1.

    Returns:
        (H, W, 3) B, G and R, linear light; outside [0, 1] where sRGB cannot show the colour.
    """
    chroma = split_linear(bgr)[1] * np.float32(strength)
    if own is not None:
        chroma += split_linear(own)[1] * np.float32(1 - strength)
    return merge_lab(y, chroma)


def to_srgb(y: Float32, bgr: Float32, dtype: np.dtype[np.generic]) -> Pixels:
    """Pixels of linear light, sRGB-encoded, that which sRGB cannot show drawn towards grey; (H, W, 3).

    Args:
        y: (H, W) CIE Y in [0, 1].
        bgr: (H, W, 3) B, G and R of that Y, contiguous; may be changed.
        dtype: as for `from_linear`.
    """
    if dtype != np.uint8:
        pull_in(y, bgr)
        return from_linear(bgr, dtype)
    # What lies outside was cut off to black or white in a channel; so few colours are looked at twice, and of those the
    # black and white ones, which may be a scan's whole border, are grey whatever chroma was asked for.
    codes = from_linear(bgr, dtype)
    if codes.min() == 0 or codes.max() == white(dtype):
        between = np.asarray(cv2.inRange(codes, (1, 1, 1), (254, 254, 254)))
        places = np.flatnonzero(between.reshape(-1) == 0)
        grey = y.reshape(-1).take(places)
        shaded = (grey > 0) & (grey < 1)
        flat_codes = codes.reshape(-1, 3)
        flat_codes[places[~shaded]] = (grey[~shaded] * white(dtype)).astype(np.uint8)[:, None]
        places, grey = places[shaded], grey[shaded]
        if places.size:
            colours = bgr.reshape(-1, 3).take(places, axis=0)[None]
            pull_in(grey[None], colours)
            flat_codes[places] = from_linear(colours, dtype)[0]
    return codes


def pull_in(y: Float32, bgr: Float32) -> None:
    """Draw, in its place and towards the grey of its luminance, linear light into [0, 1].

    On that straight line light keeps its dominant wavelength: it is mixed with white light until it can be shown.

    Args:
        y: (H, W) CIE Y in [0, 1].
        bgr: (H, W, 3) B, G and R of any primaries, contiguous; changed where one of them lies outside.
    """
    if bgr.min(initial=0) >= -_GAMUT_TOLERANCE and bgr.max(initial=1) <= 1 + _GAMUT_TOLERANCE:
        return
    inside = np.asarray(cv2.inRange(bgr, (float(-_GAMUT_TOLERANCE),) * 3, (float(1 + _GAMUT_TOLERANCE),) * 3))
    outside = np.flatnonzero(inside.reshape(-1) == 0)
    colours = bgr.reshape(-1, 3)
    away = np.ascontiguousarray(colours.take(outside, axis=0).T)
    grey = y.reshape(-1).take(outside)
    away -= grey
    above, below = 1 - grey, grey
    away *= np.minimum(
        above / np.maximum(away.max(axis=0), np.maximum(above, _GAMUT_TOLERANCE)),
        below / np.maximum(-away.min(axis=0), np.maximum(below, _GAMUT_TOLERANCE)),
    )
    away += grey
    colours[outside] = away.T


# The curves below are a power and a line that meet. Where one part has left its domain it stands at its edge and the
# other part moves, so each is a sum: no branch, no mask.


def _f(ratio: Float32) -> Float32:
    """CIE 15's f(t), which makes L*, a* and b* of X, Y and Z relative to white."""
    edge = _LIGHTNESS_EDGE**3
    root = _power(_at_least(edge, ratio), 1 / 3)
    root += (_at_most(edge, ratio) - edge) * _LIGHTNESS_SLOPE
    return root


def _f_of_lightness(lightness: Float32) -> Float32:
    return (lightness + np.float32(16)) * np.float32(1 / 116)


def _f_inverse(value: Float32) -> Float32:
    upper = _at_least(_LIGHTNESS_EDGE, value)
    ratio = upper * upper
    ratio *= upper
    if value.min(initial=_LIGHTNESS_EDGE) < _LIGHTNESS_EDGE:
        lower = np.subtract(value, upper, out=upper)
        lower *= 1 / _LIGHTNESS_SLOPE
        ratio += lower
    return ratio


def _decode(code: Float32) -> Float32:
    curve = _power((_at_least(_SRGB_EDGE, code) + np.float32(0.055)) / np.float32(1.055), 2.4)
    curve += (_at_most(_SRGB_EDGE, code) - _SRGB_EDGE) / np.float32(12.92)
    return curve


def _encode(linear: Float32) -> Float32:
    curve = _power(_at_least(_SRGB_LINEAR_EDGE, linear), 1 / 2.4) * np.float32(1.055) - np.float32(0.055)
    curve += (_at_most(_SRGB_LINEAR_EDGE, linear) - _SRGB_LINEAR_EDGE) * np.float32(12.92)
    return curve


# Three times as fast as numpy's maximum and minimum.


def _at_least(least: np.float32, values: Float32) -> Float32:
    """The values, or the least one where they are below it; the same shape."""
    return np.clip(values, least, np.inf)


def _at_most(most: np.float32, values: Float32) -> Float32:
    """The values, or the most one where they are above it; the same shape."""
    return np.clip(values, -np.inf, most)


def _power(base: Float32, exponent: float) -> Float32:
    # Two to ten times faster than numpy's where numpy has no vector code for it, and right to 5e-7.
    return _float32(cv2.pow(base, exponent), base.shape)


def _float32(array: cv2.typing.MatLike, shape: tuple[int, ...]) -> Float32:
    # OpenCV drops and adds axes of length 1.
    return np.asarray(array, np.float32).reshape(shape)


_TABLE_WHITE: Final = 65535
"""Linear light is rounded to a 16-bit index of tables: 1/20 of an 8-bit level where the sRGB curve is steepest."""


def _table_index(linear: Float32) -> NDArray[np.uint16]:
    """Where linear light stands in tables; of its shape but for axes of length 1."""
    # Scaled, rounded and clipped in one go; the second of the two has no weight.
    return np.asarray(cv2.addWeighted(linear, _TABLE_WHITE, linear, 0, 0, dtype=cv2.CV_16U), np.uint16)


@cache
def _decoding_table(dtype: np.dtype[np.generic]) -> Float32:
    """Linear light of every code."""
    code = np.arange(white(dtype) + 1) / white(dtype)
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(np.float32)


@cache
def _encoding_table() -> NDArray[np.uint8]:
    """The 8-bit code of every 16-bit linear light."""
    linear = np.arange(_TABLE_WHITE + 1) / _TABLE_WHITE
    code = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(code * 255), np.uint8)


@cache
def _lightness_table() -> Float32:
    """L* of every 16-bit linear light."""
    return lightness(np.linspace(0, 1, _TABLE_WHITE + 1, dtype=np.float32)[None]).reshape(-1)
