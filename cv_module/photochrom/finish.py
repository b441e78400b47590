"""From a network's chroma to the colour photograph: enlarged along the photograph's own edges, its lightness kept.

Works in strips of rows on a few threads: memory beyond the photograph and the result does not grow with their size, and
the strips' borders leave no trace.
"""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from photochrom.colour import Float32, Pixels, add_chroma, from_linear, luminance
from photochrom.photograph import strips


def finish(pixels: Pixels, chroma: Float32, *, out: Pixels) -> None:
    """Write the photograph in colour into `out`.

    Args:
        pixels: (H, W), (H, W, 3) or (H, W, 4), as `check_photograph` returns it.
        chroma: (2, h, w) a* and b* of the whole photograph at any size.
        out: (H, W, 3), or (H, W, 4) where the photograph has alpha; may be the photograph itself.
    """
    height, width = pixels.shape[:2]

    def colour(rows: slice) -> None:
        strip = pixels[rows]
        a, b = (_rows(plane, rows, height, width) for plane in chroma)
        bgr = from_linear(add_chroma(luminance(strip), np.stack([a, b])), pixels.dtype)
        if pixels.ndim == 3 and pixels.shape[2] == 4:
            out[rows, :, 3] = strip[:, :, 3]
        out[rows, :, :3] = bgr

    with ThreadPoolExecutor(max(1, cv2.getNumThreads())) as threads:
        list(threads.map(colour, strips(height, width)))


def _rows(plane: Float32, rows: slice, height: int, width: int) -> Float32:
    """The given rows of a plane enlarged linearly to (height, width)."""
    position = (np.arange(rows.start, rows.stop) + 0.5) * (plane.shape[0] / height) - 0.5
    position = np.clip(position, 0, plane.shape[0] - 1)
    above = position.astype(np.intp)
    below = np.minimum(above + 1, plane.shape[0] - 1)
    weight = (position - above).astype(np.float32)[:, None]
    mixed = plane[above] * (1 - weight) + plane[below] * weight
    return np.asarray(cv2.resize(mixed, (width, mixed.shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)
