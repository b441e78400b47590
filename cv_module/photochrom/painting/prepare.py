"""From a photograph to what a network sees: its lightness at the network's size.

The whole photograph is shrunk (or enlarged) to fit, its aspect kept, centred, and the rest filled by reflection.
"""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.colour.lab import Float32, Pixels, lightness
from photochrom.colour.photograph import in_strips
from photochrom.colour.space import SRGB, ColourSpace

_Scalar = TypeVar("_Scalar", np.float32, np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Where the photograph lies in the network's square."""

    top: int
    """First row [network pixels]."""
    left: int
    """First column [network pixels]."""
    height: int
    """Rows [network pixels]."""
    width: int
    """Columns [network pixels]."""

    def crop(self, output: Float32, stride: int) -> Float32:
        """The part of a network's output (1, C, h, w) at 1/stride of its input that is photograph; (C, h', w')."""
        rows = slice(self.top // stride, (self.top + self.height) // stride)
        columns = slice(self.left // stride, (self.left + self.width) // stride)
        return output[0, :, rows, columns]

    def surround(self, inner: NDArray[_Scalar], rows: int, columns: int) -> NDArray[_Scalar]:
        """What lies in the window in its place in a network's input, its reflection around it; (rows, columns[, C]).

        Args:
            inner: (height, width) or (height, width, C), as the window is large.
            rows: of the input [network pixels].
            columns: the same.
        """
        bottom, right = rows - self.top - self.height, columns - self.left - self.width
        around = cv2.copyMakeBorder(inner, self.top, bottom, self.left, right, cv2.BORDER_REFLECT)
        return np.asarray(around, inner.dtype)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A photograph ready for a network."""

    lightness: Float32
    """(1, 1, h, w) L* in [0, 100]; h and w are the network's."""
    window: Window
    """The part of it that is photograph and not reflection."""

    def guide(self, stride: int) -> Float32:
        """The photograph's L* at 1/stride of the network's size, as `Window.crop` cuts outputs; (h', w')."""
        height, width = self.lightness.shape[2:]
        small = cv2.resize(self.lightness[0, 0], (width // stride, height // stride), interpolation=cv2.INTER_AREA)
        guide: Float32 = self.window.crop(np.asarray(small, np.float32)[None, None], stride)[0]
        return guide


def prepare(pixels: Pixels, size: tuple[int, int], *, stride: int = 1, space: ColourSpace = SRGB) -> Prepared:
    """The photograph's lightness at the network's size.

    Args:
        pixels: (H, W) grey, (H, W, 3) BGR or (H, W, 4) BGRA, as `check_photograph` returns it.
        size: (width, height) of the network's input [pixels].
        stride: how many times smaller the network's outputs are; the photograph is placed on whole multiples of it, so
            that `Window.crop` cuts them exactly.
        space: of the photograph's pixels.
    """
    width, height = size
    window = fit(pixels.shape[0], pixels.shape[1], height, width, stride)
    inner = lightness(space.luminance(_resize(pixels, window.height, window.width)))
    return Prepared(lightness=window.surround(inner, height, width)[None, None], window=window)


def fit(height: int, width: int, rows: int, columns: int, stride: int) -> Window:
    """Where a photograph goes in a network's input: as large as fits, centred, in whole strides.

    Args:
        height: of the photograph [pixels].
        width: the same.
        rows: of the network's input [pixels]; a multiple of the stride.
        columns: the same.
        stride: as of `prepare`.
    """
    scale = min(rows / height, columns / width)
    taken_rows = min(rows, max(stride, round(height * scale / stride) * stride))
    taken_columns = min(columns, max(stride, round(width * scale / stride) * stride))
    return Window(
        top=(rows - taken_rows) // (2 * stride) * stride,
        left=(columns - taken_columns) // (2 * stride) * stride,
        height=taken_rows,
        width=taken_columns,
    )


def _resize(pixels: Pixels, height: int, width: int) -> Pixels:
    """Shrink by the mean of areas; then enlarge linearly what is left to enlarge."""
    pixels = _halved(pixels, min(pixels.shape[0] // height, pixels.shape[1] // width))
    smaller = (min(width, pixels.shape[1]), min(height, pixels.shape[0]))
    shrunk = cv2.resize(pixels, smaller, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR), pixels.dtype)


def _halved(pixels: Pixels, most: int) -> Pixels:
    """Shrink to a half as often as leaves twice the size wanted or more: many times faster than by any other factor.

    What is left over at the right and at the bottom, less than half a network's pixel, is not seen.

    Args:
        pixels: the photograph.
        most: how many times as large as wanted it is, rounded down.
    """
    times = max(0, most.bit_length() - 2)
    factor = 1 << times
    height, width = (side // factor for side in pixels.shape[:2])
    if factor == 1:
        return pixels
    small: Pixels = np.empty((height, width, *pixels.shape[2:]), pixels.dtype)

    def halve(rows: slice) -> None:
        strip = pixels[rows.start * factor : rows.stop * factor, : width * factor]
        for _ in range(times):
            strip = np.asarray(cv2.resize(strip, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), pixels.dtype)
        small[rows] = strip

    in_strips(height, width * factor * factor, halve)
    return small
