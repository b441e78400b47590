import dataclasses

import numpy as np
import pytest
import torch

from photochrom.colour.lab import split_lab
from photochrom.painting.prepare import prepare
from photochrom_train.augment import aged_lightness, random_crop
from photochrom_train.config import AugmentConfig, StageConfig, TrainConfig
from photochrom_train.dataset import PhotoDataset, StepSampler
from photochrom_train.photo_cache import PhotoCache
from photochrom_train.photo_source import UInt8
from photochrom_train.square import fitted


def dataset(cache: PhotoCache, config: TrainConfig, seed: int = 1) -> PhotoDataset:
    return PhotoDataset(cache, cache.split(4)[0], config.stages[0], config.augment, seed)


def test_a_sample_is_the_same_whenever_it_is_asked_for(cache: PhotoCache, config: TrainConfig):
    first, second = dataset(cache, config), dataset(cache, config)
    for number in (0, 17, 5, 17):
        for one, other in zip(first[number], second[number], strict=True):
            assert torch.equal(one, other)


def test_samples_differ_by_number_and_by_seed(cache: PhotoCache, config: TrainConfig):
    lightnesses = [dataset(cache, config)[number].lightness for number in range(6)]
    lightnesses += [dataset(cache, config, seed=2)[0].lightness]
    assert len({lightness.numpy().tobytes() for lightness in lightnesses}) == 7


def test_samples_have_the_stage_size_and_natural_units(cache: PhotoCache, config: TrainConfig):
    for number in range(12):
        sample = dataset(cache, config)[number]
        assert sample.aged.shape == sample.lightness.shape == (1, 32, 32)
        assert sample.chroma.shape == (2, 32, 32)
        assert all(part.dtype == torch.float32 for part in sample)
        assert 0 <= float(sample.aged.min()) < float(sample.aged.max()) <= 100.01
        assert float(sample.chroma.abs().max()) > 5


def test_every_photograph_is_seen_once_in_each_round(cache: PhotoCache, no_augmentation: AugmentConfig):
    whole = StageConfig(name="whole", size=32, batch=2, steps=1, crop=(1.0, 1.0))
    photos = PhotoDataset(cache, list(range(12)), whole, no_augmentation, 1)
    means = np.array([split_lab(photo.astype(np.float32) / np.float32(255))[0].mean() for photo in cache])
    seen = [int(np.abs(means - float(photos[number].lightness.mean())).argmin()) for number in range(24)]
    assert sorted(seen[:12]) == sorted(seen[12:]) == list(range(12))
    assert seen[:12] != seen[12:]


def test_a_mixed_sample_is_a_cross_fade_of_two_in_all_its_parts(
    cache: PhotoCache, config: TrainConfig, no_augmentation: AugmentConfig
):
    whole = dataclasses.replace(config.stages[0], crop=(1.0, 1.0))
    plain = PhotoDataset(cache, [0, 1], whole, no_augmentation, 1)
    mixed = PhotoDataset(cache, [0, 1], dataclasses.replace(whole, mixup=1.0), no_augmentation, 1)
    known = {sample.lightness.numpy().tobytes(): sample for sample in (plain[number] for number in range(32))}
    assert len(known) == 4  # two photographs and their mirror images
    shares = set()
    for number in range(6):
        sample, one = mixed[number], plain[number]
        fits = []
        for other in known.values():
            step = other.lightness - one.lightness
            share = float((sample.lightness - one.lightness).mul(step).sum() / step.square().sum().clamp_min(1e-6))
            faded = [first + share * (second - first) for first, second in zip(one, other, strict=True)]
            fits.append(all(torch.allclose(a, b, atol=1e-3) for a, b in zip(sample, faded, strict=True)))
            shares |= {round(share, 6)} if fits[-1] and abs(share) > 1e-3 else set()
        assert any(fits)
    assert len(shares) >= 3
    assert all(0 < share < 1 for share in shares)


def test_as_many_samples_are_mixed_as_is_asked_for(
    cache: PhotoCache, config: TrainConfig, no_augmentation: AugmentConfig
):
    some = dataclasses.replace(config.stages[0], mixup=0.3)
    plain, mixed = (PhotoDataset(cache, [0, 1], stage, no_augmentation, 1) for stage in (config.stages[0], some))
    changed = [not torch.equal(plain[number].lightness, mixed[number].lightness) for number in range(200)]
    assert 0.2 < np.mean(changed) < 0.4


def test_without_wear_the_network_sees_the_photographs_own_lightness(
    cache: PhotoCache, config: TrainConfig, no_augmentation: AugmentConfig
):
    plain = PhotoDataset(cache, [0], config.stages[0], no_augmentation, 1)[3]
    assert float((plain.aged - plain.lightness).abs().max()) < 0.02


@pytest.mark.parametrize("kind", ["grey_mix", "gamma", "blur", "grain", "jpeg"])
def test_each_kind_of_wear_changes_the_lightness_alone(photo: UInt8, kind: str):
    before = photo.copy()
    never = {"aspect": 0, "grey_mix": 0, "gamma": 0, "blur": 0, "grain": 0, "jpeg": 0}
    worn = aged_lightness(photo, AugmentConfig(**{**never, kind: 1}), np.random.default_rng(1))
    change = np.abs(worn - split_lab(photo.astype(np.float32) / np.float32(255))[0])
    assert worn.shape == photo.shape[:2]
    assert 0.3 < change.mean() < 25
    np.testing.assert_array_equal(photo, before)


def test_a_crop_of_everything_is_the_photograph_or_its_mirror_image(photo: UInt8, no_augmentation: AugmentConfig):
    square = photo[:80, :80]
    seen = set()
    for seed in range(8):
        crop = random_crop(square, 80, (1.0, 1.0), no_augmentation, np.random.default_rng(seed))
        (turned,) = [
            name for name, wanted in (("as is", square), ("mirrored", square[:, ::-1])) if (crop == wanted).all()
        ]
        seen.add(turned)
    assert seen == {"as is", "mirrored"}


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_crops_are_square_whatever_the_photograph(photo: UInt8, share: float):
    config = AugmentConfig(aspect=0.5, fitted=share)
    for seed in range(20):
        assert random_crop(photo[:, :20], 32, (0.1, 1.0), config, np.random.default_rng(seed)).shape == (32, 32, 3)


def test_crops_are_squeezed_or_fitted_as_often_as_is_asked_for(photo: UInt8, no_augmentation: AugmentConfig):
    wide = photo[:40, :80]
    config = dataclasses.replace(no_augmentation, fitted=0.7)
    wholes = fitted(wide, 32), fitted(np.ascontiguousarray(wide[:, ::-1]), 32)
    crops = [random_crop(wide, 32, (1.0, 1.0), config, np.random.default_rng(seed)) for seed in range(200)]
    share = sum(any(np.array_equal(crop, whole) for whole in wholes) for crop in crops) / len(crops)
    assert 0.6 < share < 0.8


@pytest.mark.parametrize("sides", [(80, 40), (40, 80), (64, 64), (90, 7)])
def test_a_whole_photograph_is_seen_as_the_core_shows_it(photo: UInt8, sides: tuple[int, int]):
    part = np.ascontiguousarray(photo[: sides[0], : sides[1]])
    seen = split_lab(fitted(part, 64).astype(np.float32) / np.float32(255))[0]
    shown = prepare(part, (64, 64), stride=2).lightness[0, 0]
    assert np.abs(seen - shown).mean() < 0.3


def test_processes_share_every_batch_without_gap_or_overlap():
    stage = StageConfig(name="s", size=32, batch=6, steps=4)
    alone = list(StepSampler(stage, 1, 0, 1))
    shares = [list(StepSampler(stage, 1, rank, 3)) for rank in range(3)]
    assert len(alone) == len(StepSampler(stage, 1, 0, 1)) == 3
    assert alone == [[number for share in shares for number in share[step]] for step in range(3)]
    assert alone[0] == list(range(6, 12))


def test_a_batch_that_cannot_be_shared_evenly_is_refused(config: TrainConfig):
    with pytest.raises(ValueError, match="batch 2 cannot be shared by 4 processes"):
        StepSampler(config.stages[0], 0, 0, 4)
