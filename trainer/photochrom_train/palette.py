"""The palette: the a*b* colours that photographs have, how common each is, and a chroma's place among them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photochrom.colour.lab import Float32, split_lab
from photochrom_train.config import ConfigError, PaletteConfig
from photochrom_train.photo_cache import PhotoCache

_PHOTOS = 2000
_NEIGHBOURS = 5
_LARGEST_CHROMA = 130.0
_LEAST_SHARE = 1e-6


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours on a regular a*b* grid with their share of the training pixels."""

    colours: NDArray[np.float32]
    """(Q, 2) a* and b*."""
    prior: NDArray[np.float32]
    """(Q,) shares, summing to 1."""


def sample_lab(cache: PhotoCache, positions: list[int], seed: int) -> Iterator[tuple[Float32, Float32]]:
    """(h, w) L* and (2, h, w) a* b* of up to 2000 photographs, thinned to some 64 pixels a side.

    Args:
        cache: the photographs.
        positions: which of them may be looked at.
        seed: chooses.
    """
    for position in np.random.default_rng(seed).permutation(positions)[:_PHOTOS]:
        photo = cache[int(position)]
        step = max(1, min(photo.shape[:2]) // 64)
        yield split_lab(np.ascontiguousarray(photo[::step, ::step]).astype(np.float32) / np.float32(255))


def measure_palette(
    cache: PhotoCache,
    positions: list[int],
    config: PaletteConfig,
    seed: int,
    colours: NDArray[np.float32] | None = None,
) -> Palette:
    """The palette of a sample of photographs.

    Args:
        cache: the photographs.
        positions: which of them may be looked at.
        config: bin width and the share below which a colour is left out.
        seed: chooses the sample.
        colours: (Q, 2) a* and b* of a palette whose shares alone are measured, at least `min_share` (or 1e-6) each;
            None: the palette's colours are the sample's.

    Raises:
        ConfigError: the colours do not lie on a grid of the config's width.
    """
    radius = round(_LARGEST_CHROMA / config.bin_width)
    side = 2 * radius + 1
    counts = np.zeros(side * side, np.float64)
    for _, chroma in sample_lab(cache, positions, seed):
        bins = np.clip(np.rint(chroma / config.bin_width), -radius, radius).astype(np.int64) + radius
        counts += np.bincount((bins[0] * side + bins[1]).ravel(), minlength=side * side)
    share = counts / counts.sum()
    if colours is None:
        kept = np.flatnonzero(share >= config.min_share)
        colours = np.stack([kept // side - radius, kept % side - radius], 1) * config.bin_width
    else:
        kept = _bins(colours, config.bin_width, radius)
        share = np.maximum(share, max(config.min_share, _LEAST_SHARE))
    return Palette(colours.astype(np.float32), (share[kept] / share[kept].sum()).astype(np.float32))


def _bins(colours: NDArray[np.float32], bin_width: float, radius: int) -> NDArray[np.int64]:
    """Numbers of the bins whose middles the colours are."""
    steps = np.rint(colours / bin_width).astype(np.int64)
    if not np.allclose(steps * bin_width, colours) or np.abs(steps).max() > radius:
        raise ConfigError(f"palette.bin_width is {bin_width:g}; give that of the network that the run starts with")
    numbers: NDArray[np.int64] = (steps[:, 0] + radius) * (2 * radius + 1) + steps[:, 1] + radius
    return numbers


class SoftEncoder:
    """Spreads true chroma over its nearest palette colours and weights rare colours up.

    Source:
        Zhang, Isola & Efros, "Colorful Image Colorization", ECCV 2016, section 2.2.
    """

    def __init__(self, palette: Palette, config: PaletteConfig, device: torch.device) -> None:
        self._colours = torch.from_numpy(palette.colours).to(device)
        self._neighbours = min(_NEIGHBOURS, len(palette.colours))
        self._sigma = config.soft_sigma
        prior = torch.from_numpy(palette.prior).to(device)
        mixed = (1 - config.rebalance) * prior + config.rebalance / len(prior)
        weights = 1 / mixed
        self._weights = weights / (prior * weights).sum()

    def encode(self, chroma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Palette numbers, their shares, and the pixel's weight.

        Args:
            chroma: (N, 2, h, w).

        Returns:
            (N, K, h, w) numbers and (N, K, h, w) shares that sum to 1, of the K = 5 nearest (fewer only if the palette
            has fewer); (N, h, w) weights with mean about 1.
        """
        count, _, height, width = chroma.shape
        pixels = chroma.permute(0, 2, 3, 1).reshape(-1, 2)
        distance, nearest = torch.cdist(pixels, self._colours, compute_mode="use_mm_for_euclid_dist").topk(
            self._neighbours, dim=1, largest=False
        )
        shares = torch.softmax(-distance.square() / (2 * self._sigma**2), 1)
        weight = self._weights[nearest[:, 0]]
        shape = (count, height, width, self._neighbours)
        return (
            nearest.reshape(shape).permute(0, 3, 1, 2),
            shares.reshape(shape).permute(0, 3, 1, 2),
            weight.reshape(count, height, width),
        )
