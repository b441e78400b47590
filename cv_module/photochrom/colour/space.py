"""Colour spaces: what the pixels of a photograph mean, and how colours become pixels.

`ColourSpace` itself is sRGB, the common case; the others differ in what they override. They meet in linear sRGB light,
which may lie outside [0, 1] for colours that sRGB cannot show.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.colour.icc import CURVE_SAMPLES, Float64
from photochrom.colour.lab import LUMINANCE_OF_BGR, Float32, Pixels, luminance, pull_in, to_linear, to_srgb, white

_LAST: Final = np.float32(CURVE_SAMPLES - 1)


class ColourSpace:
    """sRGB; safe in several threads."""

    def luminance(self, pixels: Pixels) -> Float32:
        """CIE Y in [0, 1] of grey (H, W), BGR (H, W, 3) or BGRA (H, W, 4) pixels; (H, W)."""
        return luminance(pixels)

    def linear(self, pixels: Pixels) -> Float32:
        """Linear sRGB light of BGR (H, W, 3) or BGRA (H, W, 4) pixels; (H, W, 3)."""
        return to_linear(np.ascontiguousarray(pixels[:, :, :3]))

    def write(self, y: Float32, bgr: Float32, out: Pixels, *, only_srgb: bool = False) -> None:  # noqa: ARG002
        """Write colours as pixels; those that the space cannot show are drawn towards the grey of their luminance.

        Args:
            y: (H, W) CIE Y in [0, 1].
            bgr: (H, W, 3) B, G and R of that Y, linear sRGB light, contiguous; may be changed.
            out: (H, W, 3) BGR or (H, W, 4) BGRA, of which alpha is left alone.
            only_srgb: whether that which sRGB cannot show is drawn in, too, where the space could show it.
        """
        out[:, :, :3] = to_srgb(y, bgr, out.dtype)


SRGB: Final = ColourSpace()


class Curve:
    """Codes of pixels to light and back, by table."""

    def __init__(self, light: Float64) -> None:
        """Take the light, in [0, 1], of `CURVE_SAMPLES` codes that are evenly spread from black to white."""
        self._light = light

    @property
    def can_be_inverted(self) -> bool:
        """Whether it rises from black to white, so that every light has a code."""
        return bool(self._light[0] < self._light[-1] and (np.diff(self._light) >= 0).all())

    def decode(self, pixels: Pixels) -> Float32:
        """Light in [0, 1] of pixels; the same shape."""
        if pixels.dtype == np.uint8:
            return np.asarray(cv2.LUT(pixels, self._decoding[:: CURVE_SAMPLES // 255]), np.float32).reshape(
                pixels.shape
            )
        if pixels.dtype == np.uint16:
            return np.asarray(cv2.LUT(pixels, self._decoding), np.float32).reshape(pixels.shape)
        return _look_up(self._decoding, np.clip(pixels, 0, 1, dtype=np.float32))

    def encode(self, light: Float32, dtype: np.dtype[np.generic]) -> Pixels:
        """Pixels of light in [0, 1]; the same shape."""
        root = np.sqrt(light)
        if dtype == np.uint8:
            root *= _LAST
            root += np.float32(0.5)
            return np.asarray(cv2.LUT(root.astype(np.uint16), self._encoding_8_bits), np.uint8).reshape(light.shape)
        code = _look_up(self._encoding, root)
        if dtype == np.uint16:
            code *= np.float32(white(dtype))
            code += np.float32(0.5)
            return code.astype(np.uint16)
        return code

    @cached_property
    def _decoding(self) -> Float32:
        return self._light.astype(np.float32)

    @cached_property
    def _encoding(self) -> Float32:
        """Codes in [0, 1] by the square root of light, in which no curve in use is steep."""
        codes = np.linspace(0, 1, CURVE_SAMPLES)
        return np.interp(codes * codes, self._light, codes).astype(np.float32)

    @cached_property
    def _encoding_8_bits(self) -> NDArray[np.uint8]:
        return np.asarray(np.rint(self._encoding * 255), np.uint8)


def _look_up(table: Float32, place: Float32) -> Float32:
    """A table's values at places from 0 (its first) to 1 (its last), linear between; the same shape."""
    position = place * _LAST
    below = np.minimum(position.astype(np.int32), CURVE_SAMPLES - 2)
    position -= below
    value = table.take(below)
    position *= table.take(below + 1) - value
    value += position
    return value


class GreySpace(ColourSpace):
    """Grey pixels by a curve; colours are written in sRGB."""

    def __init__(self, curve: Curve) -> None:
        """Take the curve from pixels to CIE Y."""
        self._curve = curve

    def luminance(self, pixels: Pixels) -> Float32:
        """As for sRGB; of several equal channels the first one counts."""
        return self._curve.decode(pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[:, :, 0]))

    def linear(self, pixels: Pixels) -> Float32:
        """As for sRGB."""
        return np.repeat(self.luminance(pixels)[:, :, None], 3, axis=2)


class MatrixSpace(ColourSpace):
    """RGB by a curve for each channel and a matrix; colours are written in sRGB."""

    def __init__(self, curves: Sequence[Curve], srgb_from_bgr: Float64) -> None:
        """Take the curves of B, G and R (one, if it is the same) and the matrix from their light to linear sRGB's."""
        self._curves = tuple(curves)
        self._srgb_from_bgr = srgb_from_bgr

    def luminance(self, pixels: Pixels) -> Float32:
        """As for sRGB; a grey pixel stands for three equal channels."""
        if pixels.ndim == 2:
            pixels = np.repeat(pixels[:, :, None], 3, axis=2)
        weights = LUMINANCE_OF_BGR @ self._srgb_from_bgr
        y = np.asarray(cv2.transform(self._light(pixels), weights[None]), np.float32)
        return np.clip(y, 0, 1, out=y).reshape(pixels.shape[:2])

    def linear(self, pixels: Pixels) -> Float32:
        """As for sRGB."""
        light = self._light(pixels)
        return np.asarray(cv2.transform(light, self._srgb_from_bgr), np.float32).reshape(light.shape)

    def _light(self, pixels: Pixels) -> Float32:
        """B, G and R in linear light of this space; (H, W, 3)."""
        bgr = np.ascontiguousarray(pixels[:, :, :3])
        if len(self._curves) == 1:
            return self._curves[0].decode(bgr)
        return np.dstack([curve.decode(np.ascontiguousarray(bgr[:, :, at])) for at, curve in enumerate(self._curves)])


class WorkingSpace(MatrixSpace):
    """RGB by curves and a matrix, whose greys have equal channels; colours are written in it."""

    def __init__(self, curves: Sequence[Curve], srgb_from_bgr: Float64) -> None:
        """As for `MatrixSpace`; all curves can be inverted, and each row of the matrix sums to 1."""
        super().__init__(curves, srgb_from_bgr)
        self._bgr_from_srgb = np.linalg.inv(srgb_from_bgr).astype(np.float32)

    def luminance(self, pixels: Pixels) -> Float32:
        """As for sRGB; a grey pixel stands for three equal channels."""
        if pixels.ndim == 2 and len(self._curves) == 1:
            return self._curves[0].decode(pixels)
        return super().luminance(pixels)

    def write(self, y: Float32, bgr: Float32, out: Pixels, *, only_srgb: bool = False) -> None:
        """As for sRGB."""
        if only_srgb:
            pull_in(y, bgr)
        own = np.asarray(cv2.transform(bgr, self._bgr_from_srgb), np.float32).reshape(bgr.shape)
        pull_in(y, own)
        np.clip(own, 0, 1, out=own)
        for channel in range(3):
            curve = self._curves[channel % len(self._curves)]
            out[:, :, channel] = curve.encode(own[:, :, channel], out.dtype)
