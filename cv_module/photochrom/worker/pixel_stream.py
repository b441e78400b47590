"""Pixels between a pipe and an array: RGB there, BGR here, converted in strips on the way, without a second copy."""

from collections.abc import Iterator
from io import BufferedReader
from typing import Final

import cv2
import numpy as np

from photochrom.colour.lab import Pixels
from photochrom.conversion.footprint import CONFIDENCE
from photochrom.conversion.system_memory import free_memory
from photochrom.errors import ImageError
from photochrom.worker.request import ColorizeRequest

_STRIP: Final = 1 << 20
"""Bytes of a strip, at least one row: few enough to stay in the processor's cache from one step to the next."""
_SWAPPED: Final = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
"""By channels, the conversion between RGB and BGR; it is its own inverse."""


def blank(request: ColorizeRequest) -> Pixels:
    """The array that a request's pixels will go into: (H, W), (H, W, 3) or (H, W, 4).

    Raises:
        ImageError: there is not enough memory to colorize it.
    """
    in_place = request.channels != 1 and not request.confidence
    result = 0 if in_place else request.bytes // request.channels * max(request.channels, 3)
    area = request.width * request.height
    needed, free = request.bytes + result + request.confidence * area * CONFIDENCE, free_memory()
    if needed > free:
        raise ImageError(
            f"a picture of {request.width} x {request.height} pixels takes {needed / 1e6:.0f} MB of memory here, "
            f"and {free / 1e6:.0f} MB are free; close something, or use a smaller picture"
        )
    return np.empty(request.shape[:2] if request.channels == 1 else request.shape, request.dtype)


def fill(pixels: Pixels, source: BufferedReader) -> bool:
    """Read pixels; whether colours had to be cut off because they were outside [0, 1].

    Raises:
        EOFError: the source ended before.
    """
    cut = False
    strip = _scratch(pixels)
    for rows in _strips(pixels):
        part = pixels[rows]
        if strip is None:
            _read(source, part)
        else:
            came = strip[: len(part)]
            _read(source, came)
            cv2.cvtColor(came, _SWAPPED[part.shape[2]], part)
        if part.dtype == np.float32:
            cut |= _cut_off(part if part.ndim == 2 else part[:, :, :3])
    return cut


def skip(count: int, source: BufferedReader) -> None:
    """Read bytes that nobody wants.

    Raises:
        EOFError: the source ended before.
    """
    piece = np.empty(min(count, _STRIP), np.uint8)
    while count:
        part = piece[:count]
        _read(source, part)
        count -= len(part)


def pieces(pixels: Pixels) -> Iterator[memoryview]:
    """The bytes of pixels, to be written one piece after the other; each is valid until the next."""
    strip = _scratch(pixels)
    for rows in _strips(pixels):
        part = pixels[rows]
        if strip is None:
            yield part.data.cast("B")
        else:
            goes = strip[: len(part)]
            cv2.cvtColor(part, _SWAPPED[part.shape[2]], goes)
            yield goes.data.cast("B")


def _strips(pixels: Pixels) -> Iterator[slice]:
    rows = _most_rows(pixels)
    for top in range(0, len(pixels), rows):
        yield slice(top, top + rows)


def _most_rows(pixels: Pixels) -> int:
    return max(1, _STRIP * len(pixels) // pixels.nbytes)


def _scratch(pixels: Pixels) -> Pixels | None:
    """Room for a strip in the other order of colours; None: grey has no order."""
    if pixels.ndim == 2:
        return None
    return np.empty((min(_most_rows(pixels), len(pixels)), *pixels.shape[1:]), pixels.dtype)


def _read(source: BufferedReader, part: Pixels) -> None:
    if source.readinto(part.data.cast("B")) < part.nbytes:
        raise EOFError


def _cut_off(colour: Pixels) -> bool:
    """Put float colours into [0, 1], not-a-number to 0; whether any was outside."""
    if colour.min() >= 0 and colour.max() <= 1:
        return False
    np.nan_to_num(colour, copy=False, nan=0.0)
    np.clip(colour, 0, 1, out=colour)
    return True
