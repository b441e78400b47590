"""What a colorizer must beat besides the grey photograph: the mean colour that photographs have at each lightness."""

from dataclasses import dataclass

import numpy as np

from photochrom.colour.lab import Float32
from photochrom_train.palette import sample_lab
from photochrom_train.photo_cache import PhotoCache

_BINS = 50


@dataclass(frozen=True, slots=True)
class MeanColours:
    """Mean a* and b* by lightness."""

    lightness: Float32
    """(K,) rising L*."""
    chroma: Float32
    """(2, K) a* and b*."""

    def __call__(self, lightness: Float32) -> Float32:
        """(2, H, W) a* and b* of (H, W) L*, linear between the measured ones."""
        return np.stack([np.interp(lightness, self.lightness, plane).astype(np.float32) for plane in self.chroma])


def measure_mean_colours(cache: PhotoCache, seed: int) -> MeanColours:
    """The mean colours of a sample of the training photographs.

    Args:
        cache: the photographs.
        seed: chooses the sample.
    """
    total = np.zeros((3, _BINS))
    count = np.zeros(_BINS)
    for lightness, chroma in sample_lab(cache, list(range(len(cache))), seed):
        bins = np.clip(lightness / (100 / _BINS), 0, _BINS - 1).astype(np.intp).ravel()
        count += np.bincount(bins, minlength=_BINS)
        total += [np.bincount(bins, plane.ravel(), _BINS) for plane in (lightness, *chroma)]
    seen = count > 0
    mean = (total[:, seen] / count[seen]).astype(np.float32)
    return MeanColours(mean[0], mean[1:])
