"""Chroma from the network's size to the photograph's, along the photograph's own edges.

A network gives chroma on a small grid; enlarged linearly, colours run over every edge by a cell of that grid. But
lightness is known at full size. Around each cell a straight line is fitted that gives chroma from lightness; its slope,
times the lightness that the grid could not hold, is the chroma that the grid could not hold. All fitting happens on the
small grid, and any row of the result can be had alone.

Source:
    He & Sun, "Fast Guided Filter", 2015 (lines fitted on the small grid, enlarged, applied at full size). Two things
    differ, both measured in benchmarks/chroma_enlargement.py: the grid's own chroma is kept and only detail added to
    it, and lines that fit badly count less where lines are averaged.
"""

from typing import Final

import cv2
import numpy as np

from photochrom.colour import Float32

_RADIUS: Final = 1
"""Half the side of the window of a fit, less half a cell [cells]."""
_FLATNESS: Final = 4.0
"""Variance of lightness under which a window counts as flat and adds no detail [L*^2]."""
_MISFIT: Final = 1.0
"""Variance of chroma about its line at which a fit counts half [a*b*^2]."""


class ChromaEnlarger:
    """Chroma of a whole photograph, at full size, for any rows of it."""

    def __init__(self, chroma: Float32, guide: Float32, size: tuple[int, int]) -> None:
        """Fit the lines.

        Args:
            chroma: (2, h, w) a* and b* of the whole photograph.
            guide: (h, w) its L* at the same size.
            size: (H, W) of the photograph [pixels].
        """
        self._height, self._width = size
        # A photograph smaller than the grid takes the mean of the cells under each pixel.
        grid = (min(guide.shape[1], self._width), min(guide.shape[0], self._height))
        guide, a, b = (_float32(cv2.resize(plane, grid, interpolation=cv2.INTER_AREA)) for plane in (guide, *chroma))
        slopes = _slopes(guide, (a, b))
        neighbours = np.ones((2 * _RADIUS + 1, 2 * _RADIUS + 1), np.uint8)
        self._least = _float32(cv2.erode(guide, neighbours))
        self._most = _float32(cv2.dilate(guide, neighbours))
        self._lines = [(slope, plane - slope * guide) for slope, plane in zip(slopes, (a, b), strict=True)]

    def rows(self, rows: slice, lightness: Float32) -> list[Float32]:
        """a* and b* of some rows of the photograph, each (rows, W).

        Args:
            rows: which ones, from start to stop.
            lightness: (rows, W) their L*.
        """
        # A line holds for the lightness it was fitted to: beyond it (a highlight, a speck) it would invent colours.
        detail = np.clip(lightness, self._enlarge(self._least, rows), self._enlarge(self._most, rows))
        chroma = []
        for slope, offset in self._lines:
            plane = self._enlarge(slope, rows)
            plane *= detail
            plane += self._enlarge(offset, rows)
            chroma.append(plane)
        return chroma

    def _enlarge(self, plane: Float32, rows: slice) -> Float32:
        """Some rows of a plane enlarged linearly; the same whichever rows are asked for together."""
        last = plane.shape[0] - 1
        position = (np.arange(rows.start, rows.stop) + 0.5) * plane.shape[0] / self._height - 0.5
        above = np.clip(np.floor(position).astype(np.intp), 0, last)
        below = np.minimum(above + 1, last)
        weight = np.clip(position - above, 0, 1).astype(np.float32)[:, None]
        mixed = plane[above] + (plane[below] - plane[above]) * weight
        return _float32(cv2.resize(mixed, (self._width, len(mixed)), interpolation=cv2.INTER_LINEAR))


def _slopes(guide: Float32, chroma: tuple[Float32, Float32]) -> list[Float32]:
    """Slopes of the lines that give a* and b* from lightness around each cell."""
    mean = _mean(guide)
    variance = _mean(guide * guide) - mean * mean
    misfit = np.zeros_like(guide)
    slopes = []
    for plane in chroma:
        plane_mean = _mean(plane)
        covariance = _mean(guide * plane) - mean * plane_mean
        slope = covariance / (variance + _FLATNESS)
        misfit += np.maximum(_mean(plane * plane) - plane_mean * plane_mean - slope * covariance, 0)
        slopes.append(slope)
    trust = np.reciprocal(misfit + np.float32(_MISFIT))
    return [np.divide(_mean(slope * trust), _mean(trust)) for slope in slopes]


def _mean(plane: Float32) -> Float32:
    """The mean of the window around each cell."""
    side = 2 * _RADIUS + 1
    return _float32(cv2.blur(plane, (side, side), borderType=cv2.BORDER_REFLECT))


def _float32(plane: cv2.typing.MatLike) -> Float32:
    return np.asarray(plane, np.float32)
