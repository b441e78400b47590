"""Small copies of photographs, for people to look at before and after."""

from typing import Final

import cv2
import numpy as np

from photochrom.colour.lab import Pixels
from photochrom.colour.profile import colour_space
from photochrom.colour.space import SRGB
from photochrom.files.depth import with_depth
from photochrom.files.encoder import encode_image

_QUALITY: Final = 80
"""Of the WebP files; a preview of 640 pixels takes about 40 kB."""


def shrink(pixels: Pixels, side: int) -> Pixels:
    """A copy whose longer side has so many pixels, or as many as the picture has, if it has fewer."""
    height, width = pixels.shape[:2]
    scale = min(1, side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), pixels.dtype)


def encode_preview(pixels: Pixels, profile: bytes) -> bytes:
    """A WebP file of a picture: 8 bits, sRGB, with its alpha.

    Args:
        pixels: grey, BGR or BGRA; uint8, uint16, or float32 in [0, 1].
        profile: the ICC profile that they are in; empty: sRGB.

    Raises:
        ImageError: there is no making sense of the profile.
    """
    space = colour_space(profile, pixels)
    y = space.luminance(pixels)
    bgr = np.dstack([y, y, y]) if pixels.ndim == 2 else space.linear(pixels)
    alpha = with_depth(np.ascontiguousarray(pixels[:, :, 3:]), 8) if pixels.shape[2:] == (4,) else None
    image = np.empty((*pixels.shape[:2], 3 if alpha is None else 4), np.uint8)
    SRGB.write(y, bgr, image)
    if alpha is not None:
        image[:, :, 3:] = alpha
    return bytes(encode_image(image, ".webp", quality=_QUALITY))
