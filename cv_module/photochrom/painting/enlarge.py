"""Chroma from the network's size to the photograph's, along the photograph's own edges.

A network gives chroma on a small grid; enlarged linearly, colours run over every edge by a cell of that grid. But
lightness is known at full size. Around each cell a straight line is fitted that gives chroma from lightness; its slope,
times the lightness that the grid could not hold, is the chroma that the grid could not hold. All fitting happens on the
small grid, and any row of the result can be had alone.

Source:
    He & Sun, "Fast Guided Filter", 2015 (lines fitted on the small grid, enlarged, applied at full size). What differs
    was measured in benchmarks/chroma_enlargement.py: the grid's own chroma is kept and only detail added to it, lines
    that fit badly count less where lines are averaged, and lightness counts by the side of an edge it is on.
"""

from typing import Final

import cv2
import numpy as np

from photochrom.colour.lab import Float32

_WINDOW: Final = 3
"""Side of the window of a fit [cells]."""
_FLATNESS: Final = np.float32(8)
"""Variance of lightness at which a window counts as half flat; a flat one adds no detail [L*^2]."""
_MISFIT: Final = np.float32(1)
"""Variance of chroma about its line at which a fit counts half [a*b*^2]."""
_LEAST_VARIANCE: Final = np.float32(0.05)
"""Variance of lightness below which there is nothing to fit a line to [L*^2]."""
_LEAST_RANGE: Final = np.float32(1e-3)
"""Difference between the lightest and the darkest cell below which they count as one shade [L*]."""


class ChromaEnlarger:
    """Chroma of a whole photograph, at full size, for any rows of it."""

    def __init__(self, chroma: Float32, guide: Float32, size: tuple[int, int]) -> None:
        """Fit the lines.

        Args:
            chroma: (2, h, w) a* and b* of the whole photograph.
            guide: (h, w) its L* at the same size.
            size: (H, W) of the photograph [pixels].
        """
        self.size = size
        """(H, W) of what it gives [pixels]."""
        height, width = size
        # A photograph smaller than the grid takes the mean of the cells under each pixel.
        grid = (min(guide.shape[1], width), min(guide.shape[0], height))
        guide, a, b = (_float32(cv2.resize(plane, grid, interpolation=cv2.INTER_AREA)) for plane in (guide, *chroma))
        slopes = _slopes(guide, (a, b))
        neighbours = np.ones((_WINDOW, _WINDOW), np.uint8)
        darkest = _float32(cv2.erode(guide, neighbours))
        extent = np.maximum(_float32(cv2.dilate(guide, neighbours)) - darkest, _LEAST_RANGE)
        offsets = [plane - slope * guide for slope, plane in zip(slopes, (a, b), strict=True)]
        planes = np.concatenate([darkest, extent, *slopes, *offsets])
        wide = _float32(cv2.resize(planes, (width, len(planes)), interpolation=cv2.INTER_LINEAR))
        self._planes = wide.reshape(6, -1, 1, width)
        last = self._planes.shape[1] - 1
        position = (np.arange(height) + 0.5) * (last + 1) / height - 0.5
        self._above = np.clip(np.floor(position).astype(np.intp), 0, last)
        self._weight = np.clip(position - self._above, 0, 1).astype(np.float32)[:, None]

    def rows(self, rows: slice, lightness: Float32) -> Float32:
        """a* and b* of some rows of the photograph, (2, rows, W).

        Args:
            rows: which ones, from start to stop.
            lightness: (rows, W) their L*.
        """
        planes = self._enlarge(rows)
        chroma: Float32 = planes[2:4] * _by_side(lightness, planes[0], planes[1])
        chroma += planes[4:]
        return chroma

    def _enlarge(self, rows: slice) -> Float32:
        """Some rows of all planes enlarged linearly; (planes, rows, W)."""
        above, weight = self._above[rows], self._weight[rows]
        enlarged = np.empty((len(self._planes), len(above), self.size[1]), np.float32)
        for row in range(above[0], above[-1] + 1):  # rows between the same two of the grid go together
            first, end = np.searchsorted(above, (row, row + 1))
            part = enlarged[:, first:end]
            upper = self._planes[:, row]
            lower = self._planes[:, min(row + 1, self._planes.shape[1] - 1)]
            np.multiply(lower - upper, weight[first:end], out=part)
            part += upper
        return enlarged


def _by_side(lightness: Float32, darkest: Float32, extent: Float32) -> Float32:
    """Lightness drawn towards the darkest and the lightest cell around it, whichever is nearer, and kept between.

    At an edge those are its two sides, so texture on either side takes that side's colour; and a line says nothing
    of lightness beyond what it was fitted to: a highlight would get a colour that is nowhere near it.

    Args:
        lightness: L*, (rows, W).
        darkest: of the cells around, (rows, W).
        extent: how much lighter the lightest one is, (rows, W); not 0.
    """
    share = lightness - darkest
    share /= extent
    np.clip(share, 0, 1, out=share)
    slowed = share * np.float32(-2)
    slowed += np.float32(3)
    share *= share
    share *= slowed
    share *= extent
    share += darkest
    return share


def _slopes(guide: Float32, chroma: tuple[Float32, Float32]) -> list[Float32]:
    """Slopes of the lines that give a* and b* from lightness around each cell."""
    mean = _mean(guide)
    variance = np.maximum(_mean(guide * guide) - mean * mean, 0)
    misfit = np.zeros_like(guide)
    slopes = []
    for plane in chroma:
        plane_mean = _mean(plane)
        covariance = _mean(guide * plane) - mean * plane_mean
        slope = covariance / (variance + _FLATNESS)
        explained = covariance * covariance / (variance + _LEAST_VARIANCE)
        misfit += np.maximum(_mean(plane * plane) - plane_mean * plane_mean - explained, 0)
        slopes.append(slope)
    trust = np.reciprocal(misfit + _MISFIT)
    return [np.divide(_mean(slope * trust), _mean(trust)) for slope in slopes]


def _mean(plane: Float32) -> Float32:
    """The mean of the window around each cell."""
    return _float32(cv2.blur(plane, (_WINDOW, _WINDOW), borderType=cv2.BORDER_REFLECT))


def _float32(plane: cv2.typing.MatLike) -> Float32:
    return np.asarray(plane, np.float32)
