"""Pixels in another number of bits: rounded to the nearest, black and white exact."""

import numpy as np
import pytest

from photochrom.files.depth import with_depth


def test_every_value_of_16_bits_becomes_the_nearest_of_8():
    pixels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert np.array_equal(with_depth(pixels, 8), np.rint(pixels / 257))


def test_every_value_of_8_bits_comes_back_from_16():
    pixels = np.arange(256, dtype=np.uint8).reshape(8, 8, 4)
    deep = with_depth(pixels, 16)
    assert deep.dtype == np.uint16
    assert np.array_equal(deep, pixels.astype(int) * 257)
    assert np.array_equal(with_depth(deep, 8), pixels)


@pytest.mark.parametrize(("depth", "white"), [(8, 255), (16, 65535)])
def test_floating_point_is_rounded_in_every_channel(depth: int, white: int):
    pixels = np.random.default_rng(1).random((30, 40, 3), np.float32)
    pixels[0, 0], pixels[0, 1] = 0, 1
    assert np.array_equal(with_depth(pixels, depth), np.rint(pixels.astype(np.float64) * white))  # type: ignore[arg-type]


def test_what_lies_a_rounding_outside_is_black_or_white():
    assert with_depth(np.array([[-1e-5, 1.00001]], np.float32), 16).tolist() == [[0, 65535]]


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (4, 1), (1, 4), (4, 1, 4), (5, 7, 3)])
def test_any_shape_keeps_its_shape(shape: tuple[int, ...]):
    pixels = np.full(shape, 65535, np.uint16)
    assert np.array_equal(with_depth(pixels, 8), np.full(shape, 255))


def test_pixels_that_have_the_depth_are_themselves():
    pixels = np.zeros((2, 2), np.uint8)
    assert with_depth(pixels, 8) is pixels
