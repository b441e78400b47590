"""From a network's chroma to the colour photograph: enlarged along the photograph's edges, its lightness kept.

Of a large photograph, chroma is enlarged to every second row and column: four pixels share a tint, each keeps its own
luminance, as in the JPEGs of most cameras, and four times less is to be computed.

Works in strips of rows, so memory beyond the photograph and what is asked for of the result does not grow with their
size; the borders between strips leave no trace.
"""

from typing import Final

import cv2
import numpy as np

from photochrom.colour.lab import Float32, Pixels, lightness, mix_lab, pull_in, tint, white
from photochrom.colour.photograph import in_bands, strips
from photochrom.colour.space import SRGB, ColourSpace
from photochrom.errors import ImageError
from photochrom.painting.enlarge import ChromaEnlarger

_LARGE_CELL: Final = 19
"""Pixels to a side of a cell of the network's grid from which four pixels share a tint."""


class Painting:
    """A photograph in colour, any rows of which are painted when they are asked for; safe in several threads."""

    def __init__(
        self,
        pixels: Pixels,
        chroma: Float32,
        guide: Float32,
        *,
        space: ColourSpace = SRGB,
        strength: float = 1.0,
    ) -> None:
        """Take what it is made of.

        Args:
            pixels: (H, W) grey, (H, W, 3) BGR or (H, W, 4) BGRA, as `check_photograph` returns it.
            chroma: (2, h, w) a* and b* of the whole photograph, at any size; what sRGB cannot show is drawn
                towards grey.
            guide: (h, w) the photograph's L* at that size.
            space: of the photograph's pixels and the result's.
            strength: share of the chroma in the result, 0 to 1; the rest is the photograph's own (of a grey one: none).
        """
        height, width = pixels.shape[:2]
        self.shape = (height, width, 4 if pixels.ndim == 3 and pixels.shape[2] == 4 else 3)
        """(H, W, 4) with the photograph's own alpha where it has alpha, else (H, W, 3)."""
        self.dtype = pixels.dtype
        """The photograph's."""
        self._pixels = pixels
        self._space = space
        self._strength = strength
        self._step = 2 if min(height // guide.shape[0], width // guide.shape[1]) >= _LARGE_CELL else 1
        self.enlarger = ChromaEnlarger(chroma, guide, (-(-height // self._step), -(-width // self._step)))
        """Gives the chroma: of every pixel, or of every second row and column."""
        self._lightness = _lightness_table(pixels, space)

    def rows(self, rows: slice) -> Pixels:
        """Some rows, painted in this thread; (rows, W, 3) or (rows, W, 4).

        Args:
            rows: which ones, from start to stop; those beyond the last one are left out.
        """
        first, end, _ = rows.indices(self.shape[0])
        end = max(first, end)
        part: Pixels = np.empty((end - first, *self.shape[1:]), self.dtype)
        self._paint(slice(first, end), part)
        return part

    def whole(self, out: Pixels | None = None) -> Pixels:
        """All of it, painted on as many threads as a photograph may have.

        Args:
            out: where to, of its shape and type; may be the photograph itself. None: a new array.

        Raises:
            ImageError: ``out`` has another shape or type.
        """
        if out is not None and (out.shape != self.shape or out.dtype != self.dtype):
            raise ImageError(
                f"out has shape {out.shape} and dtype {out.dtype}; give {self.shape} and {self.dtype}, as the painting"
            )
        whole: Pixels = np.empty(self.shape, self.dtype) if out is None else out
        in_bands(*self.shape[:2], lambda rows: self._paint(rows, whole[rows]))
        return whole

    def _paint(self, rows: slice, out: Pixels) -> None:
        """Write some rows, strip by strip."""
        for strip in strips(*out.shape[:2]):
            at = slice(rows.start + strip.start, rows.start + strip.stop)
            pixels = self._pixels[at]
            y = self._space.luminance(pixels)
            bgr = self._colour(at, y)
            if self._strength < 1:
                pull_in(y, bgr)
                bgr = mix_lab(y, bgr, self._space.linear(pixels) if pixels.ndim == 3 else None, self._strength)
            self._space.write(y, bgr, out[strip], only_srgb=self._strength == 1)
            if out.shape[2] == 4:
                out[strip, :, 3] = pixels[:, :, 3]

    def _colour(self, rows: slice, y: Float32) -> Float32:
        """B, G and R in linear light of some rows, of their CIE Y (rows, W); (rows, W, 3), which sRGB may not show."""
        step = self._step
        few = slice(rows.start // step, -(-rows.stop // step))
        shades = self._shades(_reduced(self._pixels[few.start * step : few.stop * step], step))
        tints = tint(shades, self.enlarger.rows(few, shades))
        wide = _widened(tints, step)[:, :, : y.shape[1]]
        light = np.empty((3, *y.shape), np.float32)
        for first in range(min(step, len(y))):
            part = y[first::step]
            begin = (rows.start + first) // step - few.start
            np.multiply(part, wide[:, begin : begin + len(part)], out=light[:, first::step])
        return np.asarray(cv2.merge(list(light)), np.float32).reshape(*y.shape, 3)

    def _shades(self, pixels: Pixels) -> Float32:
        """L* of pixels; (H, W)."""
        if self._lightness is None:
            return lightness(self._space.luminance(pixels), for_8_bits=pixels.dtype == np.uint8)
        return np.asarray(cv2.LUT(pixels, self._lightness), np.float32).reshape(pixels.shape)


def _reduced(pixels: Pixels, step: int) -> Pixels:
    """Means of `step` x `step` pixels, where step is 1 or 2; of fewer at the right and the bottom."""
    if step == 1:
        return pixels
    height, width = pixels.shape[:2]
    if height % 2 or width % 2:
        pixels = np.asarray(cv2.copyMakeBorder(pixels, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE), pixels.dtype)
    return np.asarray(cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), pixels.dtype)


def _widened(planes: Float32, step: int) -> Float32:
    """(C, H, W) with each value `step` times, 1 or 2, in its row."""
    if step == 1:
        return planes
    wide = np.empty((*planes.shape, 2), np.float32)
    for plane, pairs in zip(planes, wide, strict=True):
        cv2.merge([plane, plane], pairs)
    return wide.reshape(*planes.shape[:2], -1)


def _lightness_table(pixels: Pixels, space: ColourSpace) -> Float32 | None:
    """L* of every code that a grey photograph can have; None for colours and floating point."""
    if pixels.ndim == 3 or pixels.dtype.kind != "u":
        return None
    codes = np.arange(white(pixels.dtype) + 1, dtype=pixels.dtype)
    return lightness(space.luminance(codes[None])).reshape(-1)
