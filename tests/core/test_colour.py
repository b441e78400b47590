"""Lightness stays, chroma stays within sRGB, and greys come back to the bit."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from photochrom.colour.lab import (
    LUMINANCE_OF_BGR,
    Pixels,
    from_linear,
    lightness,
    luminance,
    merge_lab,
    split_lab,
    tint,
    to_linear,
    to_srgb,
    white,
)

Float64 = NDArray[np.float64]

WORST_LIGHTNESS = 1e-4
"""How far float32 may take L* from the formula; a 16-bit photograph's own levels are 1.5e-3 apart."""
UINT8, UINT16, FLOAT32 = (np.dtype(kind) for kind in (np.uint8, np.uint16, np.float32))


def reference_lightness(bgr: Pixels) -> Float64:
    """L* of (H, W, 3) pixels by the standards' own formulas, in float64."""
    code = bgr / white(bgr.dtype)
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.072169, 0.715160, 0.212671]
    return np.asarray(np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, y * 24389 / 27))


def every_grey(dtype: np.dtype[np.generic]) -> Pixels:
    """One row of all codes of a type; for float32, of all 16-bit codes scaled."""
    codes = np.arange(256 if dtype == UINT8 else 65536)[None]
    return np.asarray(codes / 65535 if dtype == FLOAT32 else codes, dtype)


def paint(grey: Pixels, chroma: NDArray[np.float32]) -> Pixels:
    """BGR pixels of the grey ones' type with the chroma asked for."""
    y = luminance(grey)
    return to_srgb(y, merge_lab(y, chroma), grey.dtype)


def random_chroma(shape: tuple[int, int], strength: float) -> NDArray[np.float32]:
    return np.random.default_rng(5).uniform(-strength, strength, (2, *shape)).astype(np.float32)


@pytest.mark.parametrize("dtype", [UINT8, UINT16, FLOAT32])
def test_lightness_is_what_the_standards_say_for_every_grey(dtype):
    grey = every_grey(dtype)

    expected = reference_lightness(np.repeat(grey[:, :, None], 3, axis=2))

    np.testing.assert_allclose(lightness(luminance(grey)), expected, atol=WORST_LIGHTNESS)


@pytest.mark.parametrize("dtype", [UINT8, UINT16, FLOAT32])
def test_lightness_is_what_the_standards_say_for_colours(dtype):
    bgr = (np.random.default_rng(1).random((64, 64, 3)) * white(dtype)).astype(dtype)

    np.testing.assert_allclose(lightness(luminance(bgr)), reference_lightness(bgr), atol=WORST_LIGHTNESS)


def test_alpha_has_no_part_in_lightness():
    bgra = np.random.default_rng(2).integers(0, 256, (8, 9, 4), np.uint8)

    np.testing.assert_allclose(luminance(bgra), luminance(np.ascontiguousarray(bgra[:, :, :3])), rtol=1e-6)
    real = np.random.default_rng(2).random((8, 9, 4), np.float32)
    expected = luminance(np.ascontiguousarray(real[:, :, :3]))
    real[3, 4, 3] = np.nan
    np.testing.assert_array_equal(luminance(real), expected)


@pytest.mark.parametrize("dtype", [UINT8, UINT16])
def test_zero_chroma_gives_back_every_grey_to_the_bit(dtype):
    grey = every_grey(dtype)

    painted = paint(grey, np.zeros((2, *grey.shape), np.float32))

    np.testing.assert_array_equal(painted, np.repeat(grey[:, :, None], 3, axis=2))


def test_zero_chroma_gives_back_float_greys_to_rounding_and_within_0_and_1():
    grey = every_grey(FLOAT32)

    painted = paint(grey, np.zeros((2, *grey.shape), np.float32))

    np.testing.assert_allclose(painted, np.repeat(grey[:, :, None], 3, axis=2), atol=2e-6)
    assert painted.min() >= 0
    assert painted.max() <= 1


@pytest.mark.parametrize("strength", [20, 128])
def test_any_chroma_leaves_8_bit_lightness_within_one_level(strength):
    grey = np.random.default_rng(3).integers(0, 256, (300, 300), np.uint8)

    painted = paint(grey, random_chroma(grey.shape, strength))

    before = np.rint(reference_lightness(np.repeat(grey[:, :, None], 3, axis=2)) * 2.55)
    assert np.abs(np.rint(reference_lightness(painted) * 2.55) - before).max() <= 1


@pytest.mark.parametrize("strength", [20, 128])
def test_any_chroma_leaves_16_bit_lightness_within_one_level(strength):
    grey = np.random.default_rng(3).integers(0, 65536, (300, 300), np.uint16)

    painted = paint(grey, random_chroma(grey.shape, strength))

    before = reference_lightness(np.repeat(grey[:, :, None], 3, axis=2))
    assert np.abs(reference_lightness(painted) - before).max() <= 100 / 65535


@pytest.mark.parametrize("strength", [20, 128])
def test_any_chroma_leaves_float_lightness_and_stays_within_0_and_1(strength):
    grey = np.random.default_rng(3).random((300, 300), np.float32)

    painted = paint(grey, random_chroma(grey.shape, strength))

    before = reference_lightness(np.repeat(grey[:, :, None], 3, axis=2))
    np.testing.assert_allclose(reference_lightness(painted), before, atol=WORST_LIGHTNESS)
    assert painted.min() >= 0
    assert painted.max() <= 1


def test_chroma_within_srgb_comes_back():
    bgr = np.random.default_rng(4).random((100, 100, 3), np.float32)
    l_star, chroma = split_lab(bgr)

    merged = merge_lab(luminance(bgr), chroma)

    np.testing.assert_allclose(merged, to_linear(bgr), atol=2e-5)
    np.testing.assert_allclose(l_star, reference_lightness(bgr), atol=WORST_LIGHTNESS)


def test_chroma_outside_srgb_is_mixed_with_white_light_and_no_more_than_it_must():
    grey = np.random.default_rng(6).uniform(0.1, 0.95, (100, 100)).astype(np.float32)
    y = luminance(grey)
    asked = merge_lab(y, random_chroma(grey.shape, 128))

    got = to_linear(to_srgb(y, asked.copy(), FLOAT32))

    away, wanted = got - y[:, :, None], asked - y[:, :, None]
    share = (away * wanted).sum(axis=2) / (wanted * wanted).sum(axis=2)
    np.testing.assert_allclose(away, wanted * share[:, :, None], atol=1e-5)
    inside = ((asked >= 0) & (asked <= 1)).all(axis=2)
    assert 0.1 < inside.mean() < 0.7
    np.testing.assert_allclose(share[inside], 1, atol=1e-3)
    assert share.max() < 1.001
    assert np.minimum(got.min(axis=2), 1 - got.max(axis=2))[~inside].max() < 1e-5


@pytest.mark.parametrize("dtype", [UINT8, UINT16, FLOAT32])
def test_black_and_white_stay_black_and_white_whatever_the_chroma(dtype):
    y = np.array([[0, 1]], np.float32)
    chroma = np.full((2, 1, 2), 90, np.float32)

    painted = to_srgb(y, merge_lab(y, chroma), dtype)

    np.testing.assert_allclose(painted[0], [[0, 0, 0], [white(dtype)] * 3], rtol=1e-7)


@pytest.mark.parametrize("strength", [20, 60, 128])
def test_a_tint_times_luminance_is_the_colour_of_that_chroma(strength):
    y = np.random.default_rng(6).uniform(0.009, 1, (100, 100)).astype(np.float32)
    chroma = random_chroma(y.shape, strength)
    asked = merge_lab(y, chroma)

    got = (tint(lightness(y), chroma) * y).transpose(1, 2, 0)

    # Not where X or Z is so small that it lies on CIELAB's line.
    roots = np.cbrt(y) + chroma * np.array([1 / 500, -1 / 200])[:, None, None]
    off_the_line = (roots > 6 / 29).all(axis=0)
    assert off_the_line.mean() > 0.5
    np.testing.assert_allclose(got[off_the_line], asked[off_the_line], atol=5e-6)


def test_a_tint_has_the_luminance_1_and_of_no_chroma_is_exactly_1():
    shades = np.random.default_rng(6).uniform(0, 100, (100, 100)).astype(np.float32)

    tints = tint(shades, random_chroma(shades.shape, 128))

    np.testing.assert_allclose(np.tensordot(LUMINANCE_OF_BGR, tints, 1), 1, atol=1e-5)
    np.testing.assert_array_equal(tint(shades, np.zeros((2, *shades.shape), np.float32)), 1)


@pytest.mark.parametrize(
    ("bgr", "lab"),
    [
        ((0, 0, 1), (53.24, 80.09, 67.20)),
        ((0, 1, 0), (87.73, -86.18, 83.18)),
        ((1, 0, 0), (32.30, 79.19, -107.86)),
        ((1, 1, 0), (91.11, -48.09, -14.13)),
        ((0.5, 0.5, 0.5), (53.39, 0, 0)),
    ],
)
def test_well_known_colours_have_their_published_lab_values(bgr, lab):
    l_star, chroma = split_lab(np.array([[bgr]], np.float32))

    np.testing.assert_allclose([l_star[0, 0], *chroma[:, 0, 0]], lab, atol=0.02)


def test_opencvs_own_lab_agrees_within_the_coarseness_of_its_table():
    bgr = np.random.default_rng(8).random((64, 64, 3), np.float32)
    l_star, chroma = split_lab(bgr)

    opencv = cv2.cvtColor(bgr, cv2.COLOR_BGR2Lab)

    np.testing.assert_allclose(l_star, opencv[:, :, 0], atol=0.3)
    np.testing.assert_allclose(chroma.transpose(1, 2, 0), opencv[:, :, 1:], atol=1.5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (1, 1, 3), (1, 7, 3), (7, 1, 4)])
@pytest.mark.parametrize("dtype", [UINT8, UINT16, FLOAT32])
def test_shapes_with_sides_of_one_pixel_keep_their_axes(shape, dtype):
    pixels = np.ones(shape, dtype)

    assert to_linear(pixels).shape == shape
    assert from_linear(to_linear(pixels), dtype).shape == shape
    assert luminance(pixels).shape == shape[:2]
