"""A photograph in a network's square: fitted as the core shows it, or squeezed."""

import cv2
import numpy as np

from photochrom.painting.prepare import fit
from photochrom_train.colorize_network import OUTPUT_STRIDE
from photochrom_train.photo_source import UInt8


def fitted(bgr: UInt8, size: int) -> UInt8:
    """(size, size, 3) a photograph as the core shows it to a network: its aspect kept, its reflection around it.

    Args:
        bgr: (H, W, 3).
        size: side of the network's input [pixels].
    """
    window = fit(bgr.shape[0], bgr.shape[1], size, size, OUTPUT_STRIDE)
    return window.surround(_resized(bgr, window.height, window.width), size, size)


def squeezed(bgr: UInt8, size: int) -> UInt8:
    """(size, size, 3) a photograph whose sides are brought to one length.

    Args:
        bgr: (H, W, 3).
        size: side of the network's input [pixels].
    """
    return _resized(bgr, size, size)


def _resized(bgr: UInt8, height: int, width: int) -> UInt8:
    shrinks = bgr.shape[0] * bgr.shape[1] > height * width
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(bgr, (width, height), interpolation=way), np.uint8)
