"""From a network's chroma to the colour photograph: enlarged along the photograph's edges, its lightness kept.

Works in strips of rows on a few threads, so memory beyond the photograph and the result does not grow with their size;
the borders between strips leave no trace.
"""

import cv2
import numpy as np

from photochrom.colour.lab import Float32, Pixels, lightness, merge_lab, mix_lab, white
from photochrom.colour.photograph import in_strips
from photochrom.colour.space import SRGB, ColourSpace
from photochrom.painting.enlarge import ChromaEnlarger


def finish(
    pixels: Pixels,
    chroma: Float32,
    guide: Float32,
    *,
    out: Pixels,
    space: ColourSpace = SRGB,
    strength: float = 1.0,
) -> None:
    """Write the photograph in colour into an array.

    Args:
        pixels: (H, W) grey, (H, W, 3) BGR or (H, W, 4) BGRA, as `check_photograph` returns it.
        chroma: (2, h, w) a* and b* of the whole photograph, at any size; what sRGB cannot show shrinks along its hue.
        guide: (h, w) the photograph's L* at that size.
        out: where to, of the same type: (H, W, 4) with the photograph's own alpha where it has alpha, else (H, W, 3);
            may be the photograph itself.
        space: of the photograph's pixels and the result's.
        strength: share of the chroma in the result, 0 to 1; the rest is the photograph's own (of a grey one: none).
    """
    height, width = pixels.shape[:2]
    enlarger = ChromaEnlarger(chroma, guide, (height, width))
    table = _lightness_table(pixels, space)

    for_8_bits = pixels.dtype == np.uint8

    def colour(rows: slice) -> None:
        strip = pixels[rows]
        y = space.luminance(strip)
        if table is None:
            shades = lightness(y, for_8_bits=for_8_bits)
        else:
            shades = np.asarray(cv2.LUT(strip, table), np.float32).reshape(y.shape)
        bgr = merge_lab(y, enlarger.rows(rows, shades), shades, for_8_bits=for_8_bits)
        if strength < 1:
            bgr = mix_lab(y, bgr, space.linear(strip) if strip.ndim == 3 else None, strength)
        if out.shape[2] == 4:
            out[rows, :, 3] = strip[:, :, 3]
        space.write(y, bgr, out[rows], within_srgb=strength == 1)

    in_strips(height, width, colour)


def _lightness_table(pixels: Pixels, space: ColourSpace) -> Float32 | None:
    """L* of every code that a grey photograph can have; None for colours and floating point."""
    if pixels.ndim == 3 or pixels.dtype.kind != "u":
        return None
    codes = np.arange(white(pixels.dtype) + 1, dtype=pixels.dtype)
    return lightness(space.luminance(codes[None])).reshape(-1)
