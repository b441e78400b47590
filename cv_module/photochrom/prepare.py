"""From a photograph to what a network sees: its lightness at the network's size.

The whole photograph is shrunk (or enlarged) to fit, its aspect kept, centred, and the rest filled by reflection.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.colour import Float32, Pixels, lightness, luminance
from photochrom.photograph import check_photograph


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


def _place(size: tuple[int, int], room: tuple[int, int], stride: int) -> Window:
    (height, width), (rows, columns) = size, room
    scale = min(rows / height, columns / width)
    fitted = [
        min(limit, max(stride, round(length * scale / stride) * stride))
        for length, limit in ((height, rows), (width, columns))
    ]
    top, left = ((limit - side) // (2 * stride) * stride for limit, side in zip(room, fitted, strict=True))
    return Window(top=top, left=left, height=fitted[0], width=fitted[1])


def _resize(pixels: Pixels, height: int, width: int) -> Pixels:
    """Shrink by area, then enlarge linearly whatever is left to enlarge."""
    smaller = (min(width, pixels.shape[1]), min(height, pixels.shape[0]))
    shrunk = cv2.resize(pixels, smaller, interpolation=cv2.INTER_AREA)
    return cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]


def prepare(src: NDArray[np.generic], size: tuple[int, int], *, stride: int = 1) -> Prepared:
    """The photograph's lightness at the network's size.

    Args:
        src: grey, BGR or BGRA; uint8, uint16 or float32 in [0, 1]; colour is taken by its lightness.
        size: (width, height) of the network's input [pixels].
        stride: how many times smaller the network's output is; the photograph is placed on whole multiples of it, so
            that `Window.crop` cuts exactly.

    Raises:
        ImageError: ``src`` is not an acceptable photograph.
    """
    pixels = check_photograph(src)
    width, height = size
    window = _place((pixels.shape[0], pixels.shape[1]), (height, width), stride)
    inner = lightness(luminance(_resize(pixels, window.height, window.width)))
    padded = cv2.copyMakeBorder(
        inner,
        window.top,
        height - window.top - window.height,
        window.left,
        width - window.left - window.width,
        cv2.BORDER_REFLECT,
    )
    return Prepared(lightness=np.asarray(padded, np.float32)[None, None], window=window)
