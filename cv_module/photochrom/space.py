"""Colour spaces: what the pixels of a photograph mean, and how colours become pixels.

`ColourSpace` itself is sRGB, the common case; the others differ in what they override. They meet in linear sRGB light,
which may lie outside [0, 1] for colours that sRGB cannot show.
"""

from collections.abc import Sequence

import numpy as np

from photochrom.colour import Float32, Pixels, from_linear, luminance, pull_in, to_linear


class ColourSpace:
    """sRGB; safe in several threads."""

    def luminance(self, pixels: Pixels) -> Float32:
        """CIE Y in [0, 1] of grey (H, W), BGR (H, W, 3) or BGRA (H, W, 4) pixels; (H, W)."""
        return luminance(pixels)

    def linear(self, pixels: Pixels) -> Float32:
        """Linear sRGB light of BGR (H, W, 3) or BGRA (H, W, 4) pixels; (H, W, 3)."""
        return to_linear(np.ascontiguousarray(pixels[:, :, :3]))

    def write(self, y: Float32, bgr: Sequence[Float32], out: Pixels) -> None:
        """Write colours as pixels; those that the space cannot show are drawn towards the grey of their luminance.

        Args:
            y: (H, W) CIE Y in [0, 1].
            bgr: B, G and R of that Y, each (H, W), linear sRGB light; may be changed.
            out: (H, W, 3) BGR or (H, W, 4) BGRA, of which alpha is left alone.
        """
        pull_in(y, bgr)
        for channel, plane in enumerate(bgr):
            out[:, :, channel] = from_linear(plane, out.dtype)


SRGB = ColourSpace()
