"""Photographs as arrays: which ones are accepted, and how they are worked on in strips."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from photochrom.colour.lab import Pixels
from photochrom.errors import ImageError
from photochrom.threads import on_threads, threads_for_a_photograph

ACCEPTED = "grey (H, W) or (H, W, 1), BGR (H, W, 3) or BGRA (H, W, 4), as uint8, uint16 or float32 in [0, 1]"

_STRIP_PIXELS = 128 * 1024
"""Pixels of a strip: many, so that Python's own time per strip counts little, but few enough for its planes to stay in
the processor's cache. Measured from 46 to 250 Ki, on two threads."""

_MOST_STRIPS_OF_A_BAND: Final = 16
"""What is done once for a band then takes no time, and no thread waits long for the last one."""

_MOST_THREADS: Final = 8
"""Each holds a strip's planes, about 16 MB."""

_ROUNDING = 1e-5
"""How far float pixels may leave [0, 1]: OpenCV's own conversions turn white into 1.0000001."""


def check_photograph(src: object) -> Pixels:
    """The photograph itself: (H, W) grey, (H, W, 3) BGR or (H, W, 4) BGRA; a view, never a copy.

    Raises:
        ImageError: not an array, no pixels, wrong type or channels, or float values that are not in [0, 1].
    """
    if src is None:
        raise ImageError(
            f"src is None; give {ACCEPTED} (cv2.imread returns None for a file that is missing or not a picture)"
        )
    if not isinstance(src, np.ndarray):
        raise ImageError(f"src is a {type(src).__name__}; give {ACCEPTED}")
    if src.dtype not in (np.uint8, np.uint16, np.float32):
        way = "src.astype(np.float32) / its largest possible value"
        native = src.dtype.newbyteorder("=") if src.dtype.kind in "uf" else None
        if native in (np.uint16, np.float32):
            way = f"src.astype(np.{native}), in this machine's order of bytes"
        raise ImageError(f"src has dtype {src.dtype}; give uint8, uint16 or float32 in [0, 1], for instance {way}")
    if src.ndim not in (2, 3) or (src.ndim == 3 and src.shape[2] not in (1, 3, 4)):
        raise ImageError(f"src has shape {src.shape}; give grey (H, W) or (H, W, 1), BGR (H, W, 3) or BGRA (H, W, 4)")
    if src.size == 0:
        raise ImageError(f"src has shape {src.shape}, which holds no pixels; give at least 1 x 1")
    pixels = np.asarray(src)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.dtype == np.float32:
        _check_range(pixels)
    return pixels


def _check_range(pixels: Pixels) -> None:
    outside = find_outside(pixels)
    if outside is not None:
        rows, what = outside
        raise ImageError(
            f"src is float32 and holds {what} in rows {rows.start} to {rows.stop - 1}; "
            "float pixels are in [0, 1]: scale them, or np.clip / np.nan_to_num what lies outside"
        )


def find_outside(pixels: Pixels) -> tuple[slice, str] | None:
    """The first rows of float32 pixels whose colours are not in [0, 1], and what is there instead; None: all are."""
    colour = pixels if pixels.ndim == 2 else pixels[:, :, :3]
    for rows in strips(*pixels.shape[:2]):
        low, high = float(colour[rows].min()), float(colour[rows].max())
        if not (low >= -_ROUNDING and high <= 1 + _ROUNDING):
            return rows, "NaN" if np.isnan(low) else f"values from {low:g} to {high:g}"
    return None


def strips(height: int, width: int) -> Iterator[slice]:
    """Slices of rows, from top to bottom, each of a bounded number of pixels (at least two rows), beginning evenly."""
    rows = most_rows(width)
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def most_rows(width: int) -> int:
    """How many rows a strip has, an even number; the last one may have fewer."""
    return max(2, _STRIP_PIXELS // width // 2 * 2)


def in_strips(height: int, width: int, work: Callable[[slice], object]) -> None:
    """Call something for every strip, on as many threads as a photograph may have (see `threads`)."""
    on_threads(work, list(strips(height, width)), _threads())


def in_bands(height: int, width: int, work: Callable[[slice], object]) -> None:
    """As `in_strips`, for bands of several strips each: as many as leaves every thread one, and no more than 16."""
    every = list(strips(height, width))
    together = max(1, min(_MOST_STRIPS_OF_A_BAND, len(every) // threads_for_a_photograph()))
    parts = [every[at : at + together] for at in range(0, len(every), together)]
    on_threads(work, [slice(part[0].start, part[-1].stop) for part in parts], _threads())


def _threads() -> int:
    return min(threads_for_a_photograph(), _MOST_THREADS)
