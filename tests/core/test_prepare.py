"""What a network sees of a photograph."""

import imagecodecs
import numpy as np
import pytest

from photochrom.colour.lab import lightness, luminance
from photochrom.colour.profile import colour_space
from photochrom.painting.prepare import prepare

SIZE = (256, 192)
"""(width, height): not square, so that the two cannot be mistaken for each other."""


def gradient(height: int, width: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Brighter to the right and, less so, downwards."""
    across = np.linspace(0, 200, width)[None, :] + np.linspace(0, 55, height)[:, None]
    return np.rint(across).astype(np.uint8)


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (1, 5000), (5000, 1), (2, 3), (191, 257), (192, 256), (3000, 4000), (4000, 3000)]
)
@pytest.mark.parametrize("stride", [1, 2, 8])
def test_every_photograph_fits_whole_strides_of_the_networks_size(height, width, stride):
    prepared = prepare(gradient(height, width), SIZE, stride=stride)

    assert prepared.lightness.shape == (1, 1, 192, 256)
    assert prepared.lightness.dtype == np.float32
    window = prepared.window
    assert not any(side % stride for side in (window.top, window.left, window.height, window.width))
    assert 0 <= window.top <= window.top + window.height <= 192
    assert 0 <= window.left <= window.left + window.width <= 256
    assert window.height == 192 or window.width == 256
    assert prepared.guide(stride).shape == (window.height // stride, window.width // stride)


@pytest.mark.parametrize(("height", "width"), [(1000, 1700), (1700, 1000), (90, 40), (333, 1000)])
def test_the_aspect_is_kept_to_a_pixel(height, width):
    window = prepare(gradient(height, width), SIZE).window

    scale = min(192 / height, 256 / width)
    assert abs(window.height - height * scale) <= 0.5
    assert abs(window.width - width * scale) <= 0.5


def test_a_photograph_of_the_networks_size_is_seen_as_it_is():
    photograph = gradient(192, 256)

    prepared = prepare(photograph, SIZE)

    np.testing.assert_array_equal(prepared.lightness[0, 0], lightness(luminance(photograph)))


def test_shrinking_takes_the_mean_and_not_a_sample():
    stripes = np.zeros((1920, 2560), np.uint8)
    stripes[:, ::2] = 200

    prepared = prepare(stripes, SIZE)

    np.testing.assert_allclose(prepared.lightness, lightness(luminance(np.full((1, 1), 100, np.uint8)))[0, 0])


def test_a_long_thin_photograph_is_shrunk_by_the_mean_along_its_length():
    stripes = np.zeros((1, 25600), np.uint8)
    stripes[:, ::2] = 200

    prepared = prepare(stripes, SIZE)

    np.testing.assert_allclose(prepared.lightness, lightness(luminance(np.full((1, 1), 100, np.uint8)))[0, 0])


@pytest.mark.parametrize(("height", "width"), [(100, 400), (400, 100)])
def test_the_rest_is_filled_by_reflection(height, width):
    prepared = prepare(gradient(height, width), SIZE)

    window, seen = prepared.window, prepared.lightness[0, 0]
    top, left = window.top, window.left
    np.testing.assert_array_equal(seen[:top], seen[top : 2 * top][::-1])
    np.testing.assert_array_equal(seen[:, :left], seen[:, left : 2 * left][:, ::-1])
    assert top + left > 0


def test_types_and_channels_make_no_difference():
    grey = gradient(300, 500)
    bgr = np.repeat(grey[:, :, None], 3, axis=2)
    bgra = np.dstack([bgr, np.random.default_rng(1).integers(0, 256, grey.shape, np.uint8)])

    expected = prepare(grey, SIZE).lightness

    np.testing.assert_allclose(prepare(bgr, SIZE).lightness, expected, atol=1e-3)
    np.testing.assert_allclose(prepare(bgra, SIZE).lightness, expected, atol=1e-3)
    # An 8-bit photograph is shrunk to 8 bits: half a level is 0.25 L*.
    np.testing.assert_allclose(prepare(grey * np.uint16(257), SIZE).lightness, expected, atol=0.3)
    np.testing.assert_allclose(prepare((grey / 255).astype(np.float32), SIZE).lightness, expected, atol=0.3)


def test_the_network_sees_the_lightness_that_the_pixels_have_in_their_own_space():
    linear = colour_space(imagecodecs.cms_profile("gray", whitepoint=(0.3457, 0.3585), gamma=1.0), gradient(2, 2))

    prepared = prepare(gradient(192, 256), SIZE, space=linear)

    expected = lightness((gradient(192, 256) / 255).astype(np.float32))
    np.testing.assert_allclose(prepared.lightness[0, 0], expected, atol=1e-3)


def test_cropping_an_output_cuts_the_photograph_out():
    prepared = prepare(gradient(100, 400), SIZE, stride=2)
    output = prepared.lightness[:, :, ::2, ::2]

    cropped = prepared.window.crop(output, 2)

    np.testing.assert_allclose(cropped[0], prepared.guide(2), atol=1)
