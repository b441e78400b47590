"""Training samples by number: sample n of a run is always the same photograph, crop and wear.

That makes a run resumable to the step, and equal on one process or many.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from photochrom.colour.lab import split_lab
from photochrom_train.augment import aged_lightness, random_crop
from photochrom_train.config import AugmentConfig, StageConfig
from photochrom_train.photo_cache import PhotoCache


class Sample(NamedTuple):
    """A training pair, or a batch of them with a first dimension N."""

    aged: Tensor
    """(1, S, S) L* as the network sees it."""
    lightness: Tensor
    """(1, S, S) the photograph's own L*."""
    chroma: Tensor
    """(2, S, S) the photograph's a* and b*."""


class PhotoDataset(Dataset[Sample]):
    """Samples of one stage, some of them mixed of two photographs where the stage says so.

    Source:
        Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018; here in CIELAB, evenly from one photograph
        to the other.

    Args:
        cache: the photographs.
        positions: which of them.
        stage: size and crop.
        augment: wear and aspect.
        seed: decides the order and the variation.
    """

    def __init__(
        self, cache: PhotoCache, positions: list[int], stage: StageConfig, augment: AugmentConfig, seed: int
    ) -> None:
        self._cache = cache
        self._positions = np.array(positions)
        self._stage = stage
        self._augment = augment
        self._seed = seed

    def __getitem__(self, number: int) -> Sample:
        epoch, at = divmod(number, len(self._positions))
        order = np.random.default_rng((self._seed, epoch)).permutation(len(self._positions))
        random = np.random.default_rng((self._seed, number, 1))
        sample = self._sample(self._positions[order[at]], random)
        if random.random() >= self._stage.mixup:
            return sample
        share, other = random.uniform(), self._sample(random.choice(self._positions), random)
        return Sample(*(share * one + (1 - share) * two for one, two in zip(sample, other, strict=True)))

    def _sample(self, position: int, random: np.random.Generator) -> Sample:
        """One photograph, its crop and wear drawn at random."""
        photo = self._cache[int(position)]
        bgr = random_crop(photo, self._stage.size, self._stage.crop, self._augment, random)
        aged = aged_lightness(bgr, self._augment, random)
        lightness, chroma = split_lab(bgr.astype(np.float32) / np.float32(255))
        return Sample(torch.from_numpy(aged[None]), torch.from_numpy(lightness[None]), torch.from_numpy(chroma))


class StepSampler(Sampler[list[int]]):
    """The sample numbers of each step for one process: its share of every batch.

    Args:
        stage: batch and steps.
        first_step: where to begin (when resuming).
        rank: this process.
        world: number of processes; divides the batch.
    """

    def __init__(self, stage: StageConfig, first_step: int, rank: int, world: int) -> None:
        if stage.batch % world:
            raise ValueError(f"stage {stage.name!r}: batch {stage.batch} cannot be shared by {world} processes evenly")
        self._steps = range(first_step, stage.steps)
        self._batch = stage.batch
        self._share = stage.batch // world
        self._rank = rank

    def __iter__(self) -> Iterator[list[int]]:
        for step in self._steps:
            start = step * self._batch + self._rank * self._share
            yield list(range(start, start + self._share))

    def __len__(self) -> int:
        return len(self._steps)
