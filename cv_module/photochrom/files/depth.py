"""Pixels in another number of bits."""

from typing import Literal

import cv2
import numpy as np

from photochrom.colour.lab import Pixels, white

Depth = Literal[8, 16]
"""Bits per channel."""


def with_depth(pixels: Pixels, depth: Depth) -> Pixels:
    """The pixels in so many bits per channel, rounded to the nearest; themselves, if they are in it already.

    Black stays black and white white, so 8 bits become 16 by the factor 257.

    Args:
        pixels: uint8, uint16, or float32 in [0, 1]; contiguous.
        depth: 8 for uint8, 16 for uint16.
    """
    wanted = np.dtype(np.uint8 if depth == 8 else np.uint16)
    if pixels.dtype == wanted:
        return pixels
    # OpenCV takes a number, or a list of up to four, for a colour whose other channels are 0; so the pixels go in as a
    # single channel, and the factor as a table of one place.
    plane = pixels.reshape(pixels.shape[0], -1)
    factor = np.array([[white(wanted) / white(pixels.dtype)]])
    kind = cv2.CV_8U if depth == 8 else cv2.CV_16U
    return np.asarray(cv2.multiply(plane, factor, dtype=kind), wanted).reshape(pixels.shape)
