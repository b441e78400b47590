"""From a network's chroma to the colour photograph: enlarged along the photograph's edges, its lightness kept.

Works in strips of rows, so memory beyond the photograph and what is asked for of the result does not grow with their
size; the borders between strips leave no trace.
"""

import cv2
import numpy as np

from photochrom.colour.lab import Float32, Pixels, lightness, merge_lab, mix_lab, pull_in, white
from photochrom.colour.photograph import in_bands, strips
from photochrom.colour.space import SRGB, ColourSpace
from photochrom.painting.enlarge import ChromaEnlarger


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
        # Mixed with it, the photograph's own colours come back to the level only from exact arithmetic.
        self._for_8_bits = pixels.dtype == np.uint8 and strength == 1
        self._enlarger = ChromaEnlarger(chroma, guide, (height, width))
        self._lightness = _lightness_table(pixels, space)

    def rows(self, rows: slice) -> Pixels:
        """Some rows, painted in this thread; (rows, W, 3) or (rows, W, 4).

        Args:
            rows: which ones, from start to stop; those beyond the last one are left out.
        """
        first, end, _ = rows.indices(self.shape[0])
        part: Pixels = np.empty((end - first, *self.shape[1:]), self.dtype)
        self._paint(slice(first, end), part)
        return part

    def whole(self, out: Pixels | None = None) -> Pixels:
        """All of it, painted on as many threads as a photograph may have.

        Args:
            out: where to, of its shape and type; may be the photograph itself. None: a new array.
        """
        whole: Pixels = np.empty(self.shape, self.dtype) if out is None else out
        in_bands(*self.shape[:2], lambda rows: self._paint(rows, whole[rows]))
        return whole

    def _paint(self, rows: slice, out: Pixels) -> None:
        """Write some rows, strip by strip."""
        for strip in strips(*out.shape[:2]):
            at = slice(rows.start + strip.start, rows.start + strip.stop)
            pixels = self._pixels[at]
            y, shades = self._shades(pixels)
            bgr = merge_lab(y, self._enlarger.rows(at, shades), shades, for_8_bits=self._for_8_bits)
            if self._strength < 1:
                pull_in(y, bgr)
                bgr = mix_lab(y, bgr, self._space.linear(pixels) if pixels.ndim == 3 else None, self._strength)
            self._space.write(y, bgr, out[strip], only_srgb=self._strength == 1)
            if out.shape[2] == 4:
                out[strip, :, 3] = pixels[:, :, 3]

    def _shades(self, pixels: Pixels) -> tuple[Float32, Float32]:
        """CIE Y and L* of pixels; (H, W) each."""
        y = self._space.luminance(pixels)
        if self._lightness is None:
            return y, lightness(y, for_8_bits=self._for_8_bits)
        return y, np.asarray(cv2.LUT(pixels, self._lightness), np.float32).reshape(y.shape)


def _lightness_table(pixels: Pixels, space: ColourSpace) -> Float32 | None:
    """L* of every code that a grey photograph can have; None for colours and floating point."""
    if pixels.ndim == 3 or pixels.dtype.kind != "u":
        return None
    codes = np.arange(white(pixels.dtype) + 1, dtype=pixels.dtype)
    return lightness(space.luminance(codes[None])).reshape(-1)
