"""Random variation of training photographs: geometry for the pair, wear and tear for the network's lightness only."""

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.colour.lab import split_lab
from photochrom_train.config import AugmentConfig
from photochrom_train.square import fitted, squeezed

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]


def random_crop(
    bgr: UInt8, size: int, crop: tuple[float, float], config: AugmentConfig, random: np.random.Generator
) -> UInt8:
    """A random part of a photograph, mirrored at random, as a square.

    Args:
        bgr: (H, W, 3).
        size: side of the result [pixels].
        crop: range of the part's share of the area.
        config: how its aspect changes, and how often it is fitted into the square rather than squeezed.
        random: decides.
    """
    height, width = bgr.shape[:2]
    share = np.sqrt(random.uniform(*crop))
    stretch = np.exp(random.uniform(-config.aspect, config.aspect) / 2)
    part_height = int(np.clip(round(height * share * stretch), 8, height))
    part_width = int(np.clip(round(width * share / stretch), 8, width))
    top = int(random.integers(0, height - part_height + 1))
    left = int(random.integers(0, width - part_width + 1))
    part = bgr[top : top + part_height, left : left + part_width]
    if random.random() < 0.5:
        part = part[:, ::-1]
    into_square = fitted if random.random() < config.fitted else squeezed
    return into_square(np.ascontiguousarray(part), size)


def aged_lightness(bgr: UInt8, config: AugmentConfig, random: np.random.Generator) -> Float32:
    """The lightness an old camera, film, print and scanner might have left of a photograph.

    Args:
        bgr: (H, W, 3).
        config: how often each kind of wear happens.
        random: decides.

    Returns:
        (H, W) L* in [0, 100].
    """
    scaled = bgr.astype(np.float32) / np.float32(255)
    if random.random() < config.grey_mix:
        weights = random.dirichlet((1.0, 2.0, 1.0)).astype(np.float32)
        grey = np.asarray(scaled @ weights, np.float32)
    else:
        grey = _grey_of(split_lab(scaled)[0])
    if random.random() < config.gamma:
        grey = np.power(grey, np.float32(np.exp(random.uniform(np.log(0.7), np.log(1.4)))))
    if random.random() < config.blur:
        grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), random.uniform(0.3, 1.2)), np.float32)
    if random.random() < config.grain:
        grey = grey + random.standard_normal(grey.shape, np.float32) * np.float32(random.uniform(0, 8) / 255)
    grey = np.clip(grey, np.float32(0), np.float32(1))
    if random.random() < config.jpeg:
        quality = int(random.integers(30, 96))
        data = cv2.imencode(".jpg", np.rint(grey * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        grey = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.float32) / np.float32(255)
    return split_lab(np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.float32))[0]


def _grey_of(lightness: Float32) -> Float32:
    """The sRGB-encoded grey in [0, 1] of (H, W) L*."""
    lab = np.zeros((*lightness.shape, 3), np.float32)
    lab[:, :, 0] = lightness
    return np.ascontiguousarray(cv2.cvtColor(lab, cv2.COLOR_Lab2BGR)[:, :, 0])
