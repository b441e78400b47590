from pathlib import Path

import cv2
import numpy as np
import pytest

from photochrom.colour.lab import from_linear, luminance, split_lab
from photochrom_train.baselines import measure_mean_colours
from photochrom_train.config import DataConfig
from photochrom_train.photo_cache import PhotoCache, prepare_cache


@pytest.fixture
def two_tones(tmp_path: Path) -> PhotoCache:
    """Dark blue and light orange; half the light pixels are grey."""
    bgr = np.zeros((64, 64, 3), np.uint8)
    bgr[:32] = (120, 40, 20)
    bgr[32:48] = (60, 170, 240)
    bgr[48:] = from_linear(luminance(bgr[32:33, :1]), np.dtype(np.uint8))
    (tmp_path / "photos").mkdir()
    cv2.imwrite(str(tmp_path / "photos" / "a.png"), bgr)
    return prepare_cache(DataConfig(train=(str(tmp_path / "photos"),)), tmp_path / "cache", lambda _: None)


def test_each_lightness_gets_the_mean_colour_of_its_pixels(two_tones: PhotoCache):
    colours = measure_mean_colours(two_tones, 1)
    lightness, chroma = split_lab(two_tones[0].astype(np.float32) / np.float32(255))
    painted = colours(lightness)
    assert painted.shape == chroma.shape
    np.testing.assert_allclose(painted[:, 0, 0], chroma[:, 0, 0], atol=0.01)
    assert int(lightness[40, 0] / 2) == int(lightness[60, 0] / 2)
    np.testing.assert_allclose(painted[:, 40, 0], (chroma[:, 40, 0] + chroma[:, 60, 0]) / 2, atol=0.01)


def test_between_measured_lightnesses_colours_are_mixed_and_beyond_them_kept(two_tones: PhotoCache):
    colours = measure_mean_colours(two_tones, 1)
    assert np.all(np.diff(colours.lightness) > 0)
    middle = colours(colours.lightness[:2].mean(keepdims=True)[None])
    np.testing.assert_allclose(middle[:, 0, 0], colours.chroma[:, :2].mean(1), atol=0.01)
    ends = colours(np.array([[0, 100]], np.float32))
    np.testing.assert_array_equal(ends[:, 0], colours.chroma[:, [0, -1]])


def test_the_baseline_beats_grey_on_what_it_was_measured_on(cache: PhotoCache):
    colours = measure_mean_colours(cache, 1)
    errors, grey_errors = [], []
    for photo in cache:
        lightness, chroma = split_lab(photo.astype(np.float32) / np.float32(255))
        errors.append(np.square(colours(lightness) - chroma).mean())
        grey_errors.append(np.square(chroma).mean())
    assert np.mean(errors) < np.mean(grey_errors)
