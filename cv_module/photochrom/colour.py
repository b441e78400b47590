"""Lightness and chroma: the only colour arithmetic in photochrom.

Colorization keeps the photograph's own lightness and asks the network for chroma alone, so the result is as sharp as
the input whatever size the network ran at.

Lab is CIE 1976 L*a*b* under D65: L* in [0, 100], a* and b* about [-127, 127]; linear light is sRGB's, in [0, 1].
OpenCV's own conversion (`cv2.COLOR_BGR2Lab`) has the same matrix and white, but reads a coarse table even for float32:
its L* is off by up to 0.25, which is 160 levels of a 16-bit photograph. Hence the formulas here.
The trainer imports this module; it has no copy.

Source:
    IEC 61966-2-1 (the sRGB curve); CIE 15 (L*a*b*); the matrix in OpenCV's documentation of `cvtColor`.
"""

from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Pixels = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]

XYZ_FROM_RGB: Final = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
WHITE: Final = XYZ_FROM_RGB.sum(axis=1)
"""X, Y, Z of R = G = B = 1; dividing by it makes every grey exactly neutral."""
_BGR_FROM_XYZ: Final = (np.linalg.inv(XYZ_FROM_RGB) * WHITE)[::-1]
_LUMINANCE_WEIGHTS: Final = XYZ_FROM_RGB[1, ::-1]

_CUBE_EDGE: Final = 6 / 29
"""Where CIE's f(t) passes from a line to the cube root."""
_SRGB_EDGE: Final = 0.0031308
_SRGB_CODE_EDGE: Final = 0.04045
_LINE_SLOPE: Final = 841 / 108
_LINE_OFFSET: Final = 4 / 29

_GAMUT_TOLERANCE: Final = 1e-7
_GAMUT_STEPS: Final = 8


def largest(dtype: np.dtype[np.generic]) -> int:
    """The value that stands for white in pixels of this type: 255, 65535 or 1."""
    return int(np.iinfo(dtype).max) if dtype.kind == "u" else 1


def _decode(code: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(code <= _SRGB_CODE_EDGE, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def _encode(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(linear <= _SRGB_EDGE, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


@cache
def _decoding_table(dtype: np.dtype[np.generic]) -> Float32:
    count = largest(dtype) + 1
    return _decode(np.arange(count) / (count - 1)).astype(np.float32)


@cache
def _encoding_table() -> NDArray[np.uint8]:
    return np.rint(_encode(np.arange(65536) / 65535) * 255).astype(np.uint8)


def to_linear(pixels: Pixels) -> Float32:
    """Linear light of sRGB-encoded pixels.

    Args:
        pixels: any shape (at most four channels); uint8, uint16, or float32 in [0, 1].

    Returns:
        The same shape, in [0, 1].
    """
    if pixels.dtype.kind == "u":
        return np.asarray(cv2.LUT(pixels, _decoding_table(pixels.dtype)), np.float32).reshape(pixels.shape)
    code = np.clip(pixels, 0, 1).astype(np.float32, copy=False)
    linear = np.asarray(cv2.pow((code + np.float32(0.055)) / np.float32(1.055), 2.4), np.float32).reshape(code.shape)
    dark = code <= _SRGB_CODE_EDGE
    linear[dark] = code[dark] / np.float32(12.92)
    return linear


def from_linear(linear: Float32, dtype: np.dtype[np.generic]) -> Pixels:
    """Pixels of the given type (uint8, uint16 or float32), sRGB-encoded, from linear light; clipped to [0, 1]."""
    linear = np.clip(linear, 0, 1)
    if dtype == np.uint8:
        return np.asarray(cv2.LUT((linear * 65535 + 0.5).astype(np.uint16), _encoding_table()), np.uint8)
    code = np.asarray(cv2.pow(linear, 1 / 2.4), np.float32) * np.float32(1.055) - np.float32(0.055)
    dark = linear <= _SRGB_EDGE
    code[dark] = linear[dark] * np.float32(12.92)
    return (code * 65535 + 0.5).astype(np.uint16) if dtype == np.uint16 else code


def luminance(pixels: Pixels) -> Float32:
    """CIE Y in [0, 1] of grey (H, W), BGR (H, W, 3) or BGRA (H, W, 4) pixels; (H, W)."""
    linear = to_linear(pixels)
    if linear.ndim == 2:
        return linear
    weights = np.zeros((1, linear.shape[2]))
    weights[0, :3] = _LUMINANCE_WEIGHTS
    return np.asarray(cv2.transform(linear, weights), np.float32).reshape(linear.shape[:2])


def _f(ratio: Float32) -> Float32:
    root = np.asarray(cv2.pow(np.maximum(ratio, 0), 1 / 3), np.float32).reshape(ratio.shape)
    dark = ratio <= _CUBE_EDGE**3
    root[dark] = ratio[dark] * np.float32(_LINE_SLOPE) + np.float32(_LINE_OFFSET)
    return root


def _f_inverse(value: Float32) -> Float32:
    ratio = value * value * value
    dark = value <= _CUBE_EDGE
    ratio[dark] = (value[dark] - np.float32(_LINE_OFFSET)) / np.float32(_LINE_SLOPE)
    return ratio


def lightness(pixels: Pixels) -> Float32:
    """L* in [0, 100] of grey (H, W), BGR (H, W, 3) or BGRA (H, W, 4) pixels; (H, W)."""
    return _f(luminance(pixels)) * np.float32(116) - np.float32(16)


def split_lab(bgr: Float32) -> tuple[Float32, Float32]:
    """Lightness and chroma of a colour picture.

    Args:
        bgr: (H, W, 3) sRGB-encoded, in [0, 1].

    Returns:
        (H, W) L* in [0, 100], and (2, H, W) a* and b*.
    """
    xyz = np.asarray(cv2.transform(to_linear(bgr), (XYZ_FROM_RGB / WHITE[:, None])[:, ::-1]), np.float32)
    fx, fy, fz = _f(np.ascontiguousarray(xyz.transpose(2, 0, 1)))
    return fy * 116 - 16, np.stack([(fx - fy) * 500, (fy - fz) * 200])


def _to_bgr(y: Float32, fy: Float32, da: Float32, db: Float32) -> Float32:
    x = _f_inverse(fy + da)
    z = _f_inverse(fy - db)
    x -= y
    z -= y
    matrix = _BGR_FROM_XYZ.astype(np.float32)
    return np.stack([y + x * row[0] + z * row[2] for row in matrix])


def _excess(bgr: Float32) -> Float32:
    return np.maximum(bgr.max(axis=0) - 1, -bgr.min(axis=0)) - np.float32(_GAMUT_TOLERANCE)


def add_chroma(y: Float32, chroma: Float32) -> Float32:
    """The colour with a luminance and a chroma; chroma that sRGB cannot show shrinks along its hue.

    Args:
        y: (H, W) CIE Y in [0, 1]; L* of the result is L* of this.
        chroma: (2, H, W) a* and b*.

    Returns:
        (H, W, 3) BGR, linear light, in [0, 1].
    """
    fy = _f(y)
    da, db = chroma[0] * np.float32(1 / 500), chroma[1] * np.float32(1 / 200)
    bgr = _to_bgr(y, fy, da, db)
    outside = np.flatnonzero(_excess(bgr) > 0)
    if outside.size:
        y, fy, da, db = (plane.reshape(-1)[outside] for plane in (y, fy, da, db))
        inside = np.zeros_like(y)
        step = np.float32(1)
        for _ in range(_GAMUT_STEPS):
            step /= 2
            trial = inside + step
            inside = np.where(_excess(_to_bgr(y, fy, da * trial, db * trial)) > 0, inside, trial)
        bgr.reshape(3, -1)[:, outside] = _to_bgr(y, fy, da * inside, db * inside)
    return np.asarray(cv2.merge(list(bgr)), np.float32)
