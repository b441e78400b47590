"""From a network's chroma to the colour photograph: enlarged along the photograph's edges, its lightness kept.

Works in strips of rows, so memory beyond the photograph and what is asked for of the result does not grow with their
size; the borders between strips leave no trace.
"""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.colour.lab import Float32, Pixels, lightness, merge_lab, merge_lab_roughly, mix_lab, white
from photochrom.colour.photograph import in_bands, strips
from photochrom.colour.space import SRGB, ColourSpace
from photochrom.painting.enlarge import ChromaEnlarger

_MOST_STRAYS: Final = 1 << 15
"""Pixels that wait for being painted together; a strip more may come to them."""


class _Strays(NamedTuple):
    """Pixels whose colours sRGB cannot show."""

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    pixels: Pixels
    """(N,) grey, or (N, 3) or (N, 4)."""
    chroma: Float32
    """(2, N) a* and b*, as the network wants them."""


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
            chroma: (2, h, w) a* and b* of the whole photograph, at any size; what sRGB cannot show shrinks along its
                hue.
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
        """Write some rows, strip by strip; colours that sRGB cannot show come later, many at once."""
        strays: list[_Strays] = []
        for strip in strips(*out.shape[:2]):
            at = slice(rows.start + strip.start, rows.start + strip.stop)
            pixels = self._pixels[at]
            y, shades = self._shades(pixels)
            chroma = self._enlarger.rows(at, shades)
            bgr, outside = merge_lab_roughly(y, chroma, shades, for_8_bits=self.dtype == np.uint8)
            if outside.size:
                row, column = np.unravel_index(outside, y.shape)
                strays.append(_Strays(row + strip.start, column, pixels[row, column], chroma[:, row, column]))
            self._write(pixels, y, bgr, out[strip])
            if sum(some.row.size for some in strays) > _MOST_STRAYS:
                self._paint_strays(strays, out)
                strays.clear()
        if strays:
            self._paint_strays(strays, out)

    def _paint_strays(self, strays: list[_Strays], out: Pixels) -> None:
        """Write pixels from anywhere; they are worked on as a picture of one row."""
        row, column, pixels = (np.concatenate(parts) for parts in zip(*(some[:3] for some in strays), strict=True))
        chroma = np.concatenate([some.chroma for some in strays], axis=1)
        y, shades = self._shades(pixels[None])
        bgr = merge_lab(y, chroma[:, None], shades, for_8_bits=self.dtype == np.uint8)
        painted: Pixels = np.empty((1, row.size, self.shape[2]), self.dtype)
        self._write(pixels[None], y, bgr, painted)
        out[row, column] = painted[0]

    def _shades(self, pixels: Pixels) -> tuple[Float32, Float32]:
        """CIE Y and L* of pixels; (H, W) each."""
        y = self._space.luminance(pixels)
        if self._lightness is None:
            return y, lightness(y, for_8_bits=self.dtype == np.uint8)
        return y, np.asarray(cv2.LUT(pixels, self._lightness), np.float32).reshape(y.shape)

    def _write(self, pixels: Pixels, y: Float32, bgr: Float32, out: Pixels) -> None:
        """Write the colours of pixels, with the strength that was chosen, and their alpha."""
        if self._strength < 1:
            bgr = mix_lab(y, bgr, self._space.linear(pixels) if pixels.ndim == 3 else None, self._strength)
        if out.shape[2] == 4:
            out[:, :, 3] = pixels[:, :, 3]
        self._space.write(y, bgr, out, within_srgb=self._strength == 1)


def _lightness_table(pixels: Pixels, space: ColourSpace) -> Float32 | None:
    """L* of every code that a grey photograph can have; None for colours and floating point."""
    if pixels.ndim == 3 or pixels.dtype.kind != "u":
        return None
    codes = np.arange(white(pixels.dtype) + 1, dtype=pixels.dtype)
    return lightness(space.luminance(codes[None])).reshape(-1)
