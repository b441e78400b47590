import cv2
import numpy as np
import pytest
import torch

from photochrom.colour.lab import split_lab
from photochrom_train.config import PaletteConfig, TrainConfig
from photochrom_train.palette import Palette, SoftEncoder, measure_palette
from photochrom_train.photo_cache import PhotoCache

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def palette(cache: PhotoCache, config: TrainConfig) -> Palette:
    return measure_palette(cache, list(range(12)), config.palette, 1)


def test_a_palette_is_a_grid_of_different_colours_with_shares(palette: Palette):
    assert len(palette.colours) > 50
    assert len(np.unique(palette.colours, axis=0)) == len(palette.colours)
    np.testing.assert_array_equal(palette.colours % 10, 0)
    assert palette.prior.min() > 0
    assert palette.prior.sum() == pytest.approx(1)


def test_the_commonest_colour_is_where_most_pixels_are(cache: PhotoCache, palette: Palette):
    pixels = np.concatenate(
        [split_lab(photo.astype(np.float32) / np.float32(255))[1].reshape(2, -1) for photo in cache], 1
    )
    shares = [(np.abs(pixels - colour[:, None]).max(0) <= 5).mean() for colour in palette.colours]
    assert np.argmax(shares) == palette.prior.argmax()
    assert max(shares) == pytest.approx(palette.prior.max(), rel=0.1)


def test_a_palette_is_the_same_for_the_same_photographs(cache: PhotoCache, palette: Palette, config: TrainConfig):
    again = measure_palette(cache, list(range(12)), config.palette, 1)
    np.testing.assert_array_equal(again.colours, palette.colours)
    np.testing.assert_array_equal(again.prior, palette.prior)


def test_rare_colours_are_left_out(cache: PhotoCache, palette: Palette):
    common = measure_palette(cache, list(range(12)), PaletteConfig(min_share=0.01), 1)
    assert 5 <= len(common.colours) < len(palette.colours)


def test_a_fine_grid_reaches_the_strongest_colours_too(cache: PhotoCache, palette: Palette):
    fine = measure_palette(cache, list(range(12)), PaletteConfig(bin_width=5), 1)
    assert np.abs(fine.colours).max() >= np.abs(palette.colours).max() - 5


@pytest.fixture
def encoder() -> SoftEncoder:
    """Nine colours, the middle one common."""
    colours = np.array([(a, b) for a in (-10, 0, 10) for b in (-10, 0, 10)], np.float32)
    prior = np.full(9, 0.05, np.float32)
    prior[4] = 0.6
    return SoftEncoder(Palette(colours, prior), PaletteConfig(rebalance=0.5, soft_sigma=5), CPU)


def test_a_colour_is_spread_over_its_nearest_palette_colours(encoder: SoftEncoder):
    chroma = torch.tensor([[8.0], [1.0]]).reshape(1, 2, 1, 1)
    numbers, shares, _ = encoder.encode(chroma)
    assert numbers.shape == shares.shape == (1, 5, 1, 1)
    assert numbers[0, :2, 0, 0].tolist() == [7, 4]  # (10, 0), then (0, 0)
    distances = torch.tensor([(8 - a) ** 2 + (1 - b) ** 2 for a, b in [(10, 0), (0, 0)]])
    ratio = torch.exp(-(distances[1] - distances[0]) / 50)
    assert float(shares[0, 1] / shares[0, 0]) == pytest.approx(float(ratio), rel=1e-4)


def test_shares_sum_to_one_for_any_colour(encoder: SoftEncoder):
    _, shares, _ = encoder.encode(torch.randn(2, 2, 7, 5, generator=torch.manual_seed(1)) * 40)
    assert shares.shape == (2, 5, 7, 5)
    torch.testing.assert_close(shares.sum(1), torch.ones(2, 7, 5))
    assert float(shares.min()) >= 0


def test_pixels_stay_where_they_are(encoder: SoftEncoder):
    chroma = torch.zeros(1, 2, 2, 3)
    chroma[0, :, 1, 2] = torch.tensor([10.0, -10.0])
    numbers, _, weights = encoder.encode(chroma)
    assert numbers[0, 0].tolist() == [[4, 4, 4], [4, 4, 6]]
    assert float(weights[0, 1, 2]) > float(weights[0, 0, 0])


def test_weights_have_mean_one_over_the_prior_and_favour_rare_colours():
    prior = np.array([0.9, 0.07, 0.03], np.float32)
    colours = np.array([(0, 0), (30, 0), (60, 0)], np.float32)
    encoder = SoftEncoder(Palette(colours, prior), PaletteConfig(rebalance=0.5), CPU)
    weights = encoder.encode(torch.tensor(colours.T.copy()).reshape(1, 2, 1, 3))[2].flatten()
    assert float((weights * torch.from_numpy(prior)).sum()) == pytest.approx(1, rel=1e-5)
    mixed = 0.5 * prior + 0.5 / 3
    np.testing.assert_allclose((weights / weights[0]).numpy(), mixed[0] / mixed, rtol=1e-5)


def test_without_rebalancing_weights_are_inverse_to_the_prior_and_with_all_of_it_equal():
    prior = np.array([0.8, 0.2], np.float32)
    palette = Palette(np.array([(0, 0), (40, 0)], np.float32), prior)
    chroma = torch.tensor([[0.0, 40.0], [0.0, 0.0]]).reshape(1, 2, 1, 2)
    plain = SoftEncoder(palette, PaletteConfig(rebalance=0), CPU).encode(chroma)[2].flatten()
    assert float(plain[1] / plain[0]) == pytest.approx(4)
    uniform = SoftEncoder(palette, PaletteConfig(rebalance=1), CPU).encode(chroma)[2].flatten()
    torch.testing.assert_close(uniform, torch.ones(2))


def test_a_palette_of_few_colours_works():
    palette = Palette(np.array([(0, 0), (40, 0)], np.float32), np.array([0.5, 0.5], np.float32))
    numbers, shares, _ = SoftEncoder(palette, PaletteConfig(), CPU).encode(torch.zeros(1, 2, 2, 2))
    assert numbers.shape == (1, 2, 2, 2)
    torch.testing.assert_close(shares.sum(1), torch.ones(1, 2, 2))


def test_grey_photographs_give_a_palette_of_grey(tmp_path, config: TrainConfig):
    from photochrom_train.config import DataConfig
    from photochrom_train.photo_cache import prepare_cache

    (tmp_path / "grey").mkdir()
    cv2.imwrite(str(tmp_path / "grey" / "a.png"), np.arange(64 * 64, dtype=np.uint8).reshape(64, 64))
    cache = prepare_cache(DataConfig(train=(str(tmp_path / "grey"),)), tmp_path / "cache", lambda _: None)
    palette = measure_palette(cache, [0], config.palette, 1)
    assert palette.colours.tolist() == [[0, 0]]
    assert palette.prior.tolist() == [1]
