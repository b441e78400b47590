"""Photographs that are made up: to measure with where none is at hand.

They have what costs time in a photograph: light and dark at every scale, edges, some flat parts, film grain. A file of
one is about as large as that of a real photograph, and each size and kind always comes out the same.
"""

from typing import Final

import cv2
import numpy as np

from photochrom.colour.lab import Float32, Pixels, white

_SEED: Final = 1871
_SCENE_SIDE: Final = 1024
"""Longer side of what is drawn; larger photographs enlarge it, as a lens does what it sees [pixels]."""
_GRAIN_SIDE: Final = 512
"""Side of the square of grain that is laid over the photograph again and again [pixels]."""
_GRAIN: Final = 0.023
"""Standard deviation of the grain; white is 1."""
_SHAPES: Final = 80
"""Things in the scene, each with edges and a shade of its own."""


def make_photograph(width: int, height: int, *, colour: bool, dtype: np.dtype[np.generic]) -> Pixels:
    """A made-up photograph: (H, W) grey or (H, W, 3) BGR.

    Args:
        width: columns [pixels].
        height: rows [pixels].
        colour: whether it has colours.
        dtype: uint8, uint16, or float32 for pixels in [0, 1].
    """
    rng = np.random.default_rng(_SEED)
    scale = min(1.0, _SCENE_SIDE / max(width, height))
    scene = _scene(rng, max(1, round(width * scale)), max(1, round(height * scale)))
    if not colour:
        scene = scene[:, :, 1]
    codes = np.clip(scene, 0, 1) * np.float32(white(dtype))
    photograph: Pixels = np.asarray(
        cv2.resize(codes.astype(dtype), (width, height), interpolation=cv2.INTER_LINEAR), dtype
    )
    grain = cv2.GaussianBlur(rng.normal(0, 1, (_GRAIN_SIDE, _GRAIN_SIDE)), (0, 0), 0.7, borderType=cv2.BORDER_REFLECT)
    grain = np.tile(grain * (_GRAIN * white(dtype) / grain.std()), (1, width // _GRAIN_SIDE + 1))[:, :width]
    layer = np.asarray(grain if not colour else np.repeat(grain[:, :, None], 3, axis=2), np.float32)
    for top in range(0, height, _GRAIN_SIDE):
        rows = photograph[top : top + _GRAIN_SIDE]
        rows[...] = np.clip(rows + layer[: len(rows)], 0, white(dtype)).astype(dtype)
    return photograph


def _scene(rng: np.random.Generator, width: int, height: int) -> Float32:
    """(H, W, 3) BGR about [0, 1]: shapes before a cloudy ground, with texture at every scale."""
    scene = np.full((height, width, 3), (0.75, 0.65, 0.6), np.float32) + _clouds(rng, width, height)[:, :, None]
    for number in range(_SHAPES):
        centre = rng.random(2) * (width, height)
        radius = 0.4 * max(width, height) / (1 + number / 6)
        angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
        spokes = rng.uniform(0.5, 1, (9, 1)) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        corners = np.asarray(centre + radius * spokes, np.int32)
        shade = rng.uniform(0.05, 0.9) + rng.uniform(-0.12, 0.12, 3)
        cv2.fillPoly(scene, [corners], shade.tolist(), lineType=cv2.LINE_8)
    texture = np.float32(0.5) * _clouds(rng, width, height) + np.float32(1)
    return np.asarray(scene * texture[:, :, None], np.float32)


def _clouds(rng: np.random.Generator, width: int, height: int) -> Float32:
    """(H, W) about [-0.5, 0.5]: noise whose strength falls with its fineness, as in photographs."""
    clouds = np.zeros((height, width), np.float32)
    cells, strength = 2, 0.15
    while cells < max(width, height):
        noise = rng.normal(0, strength, (cells, cells)).astype(np.float32)
        clouds += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
        cells, strength = 2 * cells, strength * 0.7
    return clouds
