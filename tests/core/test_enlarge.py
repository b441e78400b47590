"""Chroma enlarged along the photograph's edges: no bleeding, no halo, no seams."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from photochrom.painting.enlarge import ChromaEnlarger

Float32 = NDArray[np.float32]

CELL = 16
"""Pixels of the photograph to a cell of the chroma's grid."""
SIDE = 512


def enlarge(chroma: Float32, guide: Float32, lightness: Float32, step: int = SIDE) -> Float32:
    """The whole photograph's chroma (2, H, W), taken `step` rows at a time."""
    height, width = lightness.shape
    enlarger = ChromaEnlarger(chroma, guide, (height, width))
    bands = [slice(top, min(top + step, height)) for top in range(0, height, step)]
    return np.concatenate([enlarger.rows(rows, lightness[rows]) for rows in bands], axis=1)


def shrink(plane: Float32) -> Float32:
    size = (plane.shape[1] // CELL, plane.shape[0] // CELL)
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)


def two_colours(angle: float) -> tuple[Float32, Float32]:
    """A dark orange half beside a light blue one, with some texture: lightness (H, W) and chroma (2, H, W)."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    light = np.clip((x * np.cos(angle) + y * np.sin(angle)) / 1.5 + 0.5, 0, 1)
    noise = cv2.GaussianBlur(np.random.default_rng(3).normal(0, 1, (SIDE, SIDE)), (0, 0), 1.5)
    lightness = 35 + 40 * light + 3 * noise / noise.std()
    chroma = np.multiply.outer((40, 30), 1 - light) + np.multiply.outer((-20, -40), light)
    return lightness.astype(np.float32), chroma.astype(np.float32)


def error(found: Float32, truth: Float32) -> Float32:
    return np.asarray(np.hypot(*(found - truth)), np.float32)


@pytest.mark.parametrize("angle", [0.0, 0.4, 0.8, 1.3, 2.5])
def test_colours_bleed_over_an_edge_far_less_than_enlarged_linearly(angle):
    lightness, truth = two_colours(angle)
    grid = np.stack([shrink(plane) for plane in truth])
    linear = np.stack([cv2.resize(plane, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for plane in grid])

    found = enlarge(grid, shrink(lightness), lightness)

    # An edge along the grid's own lines (0.0) is the hardest; the others come out at 0.25 to 0.3.
    assert error(found, truth).mean() / error(linear, truth).mean() < (0.65 if angle == 0 else 0.4)


@pytest.mark.parametrize("angle", [0.0, 0.4, 0.8, 1.3, 2.5])
def test_there_is_no_halo_beside_an_edge(angle):
    lightness, truth = two_colours(angle)
    grid = np.stack([shrink(plane) for plane in truth])

    found = enlarge(grid, shrink(lightness), lightness)

    overshoot = np.hypot(*found) - np.hypot(*truth).max()
    assert np.percentile(overshoot, 99.9) < 3
    far = np.abs(lightness - 55) > 10
    away = cv2.erode(far.astype(np.uint8), np.ones((4 * CELL + 1, 4 * CELL + 1), np.uint8)) > 0
    assert error(found, truth)[away].max() < 1


def test_rows_are_the_same_to_the_bit_whatever_strips_they_come_in():
    lightness, truth = two_colours(0.4)
    grid = np.stack([shrink(plane) for plane in truth])

    whole = enlarge(grid, shrink(lightness), lightness)

    for step in (1, 7, 100):
        np.testing.assert_array_equal(enlarge(grid, shrink(lightness), lightness, step), whole)


def test_one_colour_stays_that_colour_whatever_the_lightness_does():
    lightness = np.random.default_rng(1).uniform(0, 100, (SIDE, SIDE)).astype(np.float32)
    grid = np.stack([np.full((32, 32), 20, np.float32), np.full((32, 32), -30, np.float32)])

    found = enlarge(grid, shrink(lightness), lightness)

    np.testing.assert_allclose(found[0], 20, atol=1e-3)
    np.testing.assert_allclose(found[1], -30, atol=1e-3)


def test_where_lightness_is_flat_chroma_is_enlarged_linearly():
    grid = np.random.default_rng(2).uniform(-40, 40, (2, 24, 32)).astype(np.float32)
    lightness = np.full((384, SIDE), 60, np.float32)

    found = enlarge(grid, np.full((24, 32), 60, np.float32), lightness)

    linear = np.stack([cv2.resize(plane, (SIDE, 384), interpolation=cv2.INTER_LINEAR) for plane in grid])
    np.testing.assert_allclose(found, linear, atol=1e-3)


def test_a_highlight_brighter_than_its_surroundings_invents_no_colour():
    lightness, truth = two_colours(0.0)
    grid, guide = np.stack([shrink(plane) for plane in truth]), shrink(lightness)
    lightness[SIDE // 2 - 4 : SIDE // 2, SIDE // 2 - 4 : SIDE // 2] = 100

    found = enlarge(grid, guide, lightness)

    assert np.hypot(*found).max() < np.hypot(*truth).max() + 4


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (5, 3), (31, 300)])
def test_a_photograph_smaller_than_the_grid_takes_the_mean_of_its_cells(shape):
    grid = np.random.default_rng(4).uniform(-40, 40, (2, 96, 128)).astype(np.float32)

    found = enlarge(grid, np.full((96, 128), 50, np.float32), np.full(shape, 50, np.float32))

    assert found.shape == (2, *shape)
    np.testing.assert_allclose(found.mean(axis=(1, 2)), grid.mean(axis=(1, 2)), atol=2)
