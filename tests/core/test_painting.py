"""The colour photograph: lightness and alpha stay, strips and threads leave no trace, memory is bounded."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from photochrom.colour import photograph
from photochrom.colour.lab import LUMINANCE_OF_BGR, Float32, Pixels, lightness, luminance, white
from photochrom.colour.space import ColourSpace
from photochrom.errors import ImageError
from photochrom.painting.painting import Painting

LARGE = (601, 777)
"""Height and width from which four pixels of these tests share a tint; odd, so that some share it with fewer."""


def photograph_of(shape: tuple[int, ...], dtype: type[np.generic]) -> Pixels:
    """Smooth random shades with some noise, over the whole range."""
    rng = np.random.default_rng(9)
    coarse = rng.random((7, 9, *shape[2:]))
    smooth = cv2.resize(coarse, shape[1::-1], interpolation=cv2.INTER_LINEAR).reshape(shape)
    shades = np.clip(smooth * 1.2 - 0.1 + rng.normal(0, 0.02, shape), 0, 1)
    return np.asarray(shades * white(np.dtype(dtype)), dtype)


def painted(pixels: Pixels, strength: float = 60) -> Pixels:
    """The photograph with strong random colours."""
    chroma = np.random.default_rng(2).uniform(-strength, strength, (2, 24, 32)).astype(np.float32)
    return Painting(pixels, chroma, guide_of(pixels)).whole()


def guide_of(pixels: Pixels) -> Float32:
    small = cv2.resize(lightness(luminance(pixels)), (32, 24), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


@pytest.mark.parametrize("shape", [(240, 320), (240, 320, 3), (240, 320, 4), LARGE, (*LARGE, 3)])
def test_8_bit_lightness_stays_within_one_level(shape):
    pixels = photograph_of(shape, np.uint8)

    before, after = (np.rint(lightness(luminance(image)) * 2.55) for image in (pixels, painted(pixels)))

    assert np.abs(after - before).max() <= 1
    assert np.ptp(painted(pixels)[:, :, :3], axis=2).mean() > 20


@pytest.mark.parametrize("shape", [(240, 320), (240, 320, 3), (240, 320, 4), LARGE, (*LARGE, 3)])
def test_16_bit_lightness_stays_within_one_16_bit_level(shape):
    pixels = photograph_of(shape, np.uint16)

    before, after = (lightness(luminance(image)) for image in (pixels, painted(pixels)))

    assert np.abs(after - before).max() <= 100 / 65535
    assert np.ptp(painted(pixels)[:, :, :3], axis=2).mean() > 20 * 257


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_alpha_stays_to_the_bit(dtype):
    pixels = photograph_of((60, 70, 4), dtype)

    np.testing.assert_array_equal(painted(pixels)[:, :, 3], pixels[:, :, 3])


@pytest.mark.parametrize("shape", [(60, 70), LARGE])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_without_chroma_a_grey_photograph_stays_to_the_bit(dtype, shape):
    pixels = photograph_of(shape, dtype)

    np.testing.assert_array_equal(painted(pixels, strength=0), np.repeat(pixels[:, :, None], 3, axis=2))


@pytest.mark.parametrize("shape", [(60, 70), (60, 70, 3), (60, 70, 4)])
def test_mixing_in_the_photographs_own_colours_keeps_its_lightness(shape):
    pixels = photograph_of(shape, np.uint16)
    out = np.empty((60, 70, 4 if shape[2:] == (4,) else 3), np.uint16)
    chroma = np.random.default_rng(2).uniform(-60, 60, (2, 24, 32)).astype(np.float32)

    Painting(pixels, chroma, guide_of(pixels), strength=0.4).whole(out)

    before, after = (lightness(luminance(image)) for image in (pixels, out))
    assert np.abs(after - before).max() <= 2 * 100 / 65535
    assert np.ptp(out[:, :, :3], axis=2).mean() > 5 * 257


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_without_strength_a_colour_photograph_stays_with_its_most_saturated_colours(dtype):
    pixels = photograph_of((60, 70, 3), dtype)
    pixels[:20] = np.where(pixels[:20] > white(pixels.dtype) // 2, white(pixels.dtype), 0)
    out = np.empty_like(pixels)

    Painting(pixels, np.full((2, 24, 32), 60, np.float32), guide_of(pixels), strength=0).whole(out)

    # Of 16 bits, a channel of 0 beside two full ones is finer than float32 knows the others.
    np.testing.assert_allclose(out.astype(int), pixels, atol=0 if dtype == np.uint8 else 8)


class _HalfAsLight(ColourSpace):
    """Its pixels are half as light as sRGB's, and written as their luminance in all channels."""

    def luminance(self, pixels: Pixels) -> Float32:
        return super().luminance(pixels) * np.float32(0.5)

    def write(self, y: Float32, bgr: Float32, out: Pixels, *, only_srgb: bool = False) -> None:
        assert only_srgb
        np.testing.assert_allclose(bgr @ LUMINANCE_OF_BGR, y, atol=1e-5)
        out[:, :, :3] = np.rint(y * 65535)[:, :, None]


def test_pixels_are_read_and_written_by_their_own_space():
    pixels = photograph_of((60, 70, 4), np.uint16)
    out = np.empty_like(pixels)

    Painting(pixels, np.full((2, 24, 32), 20, np.float32), guide_of(pixels), space=_HalfAsLight()).whole(out)

    expected = np.rint(luminance(pixels) / 2 * 65535)
    np.testing.assert_array_equal(out[:, :, :3], np.repeat(expected[:, :, None], 3, axis=2))
    np.testing.assert_array_equal(out[:, :, 3], pixels[:, :, 3])


@pytest.mark.parametrize("shape", [(300, 600), LARGE, (*LARGE, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_strips_leave_no_trace(dtype, shape, monkeypatch):
    pixels = photograph_of(shape, dtype)
    whole = painted(pixels)
    assert len(list(photograph.strips(*shape[:2]))) > 1

    for strip_pixels in (1, 1000, 10**9):
        monkeypatch.setattr(photograph, "_STRIP_PIXELS", strip_pixels)
        np.testing.assert_array_equal(painted(pixels), whole)


def test_threads_leave_no_trace(monkeypatch):
    pixels = photograph_of((240, 320), np.uint8)
    monkeypatch.setattr(photograph, "_STRIP_PIXELS", 3000)
    several = painted(pixels)
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        np.testing.assert_array_equal(painted(pixels), several)
    finally:
        cv2.setNumThreads(threads)


@pytest.mark.parametrize("shape", [(240, 320), LARGE])
def test_a_photograph_can_be_painted_in_its_own_place(shape, monkeypatch):
    monkeypatch.setattr(photograph, "_STRIP_PIXELS", 3000)
    pixels = photograph_of((*shape, 4), np.uint8)
    expected = painted(pixels)
    chroma = np.random.default_rng(2).uniform(-60, 60, (2, 24, 32)).astype(np.float32)

    Painting(pixels, chroma, guide_of(pixels)).whole(pixels)

    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("shape", [(240, 320), (240, 320, 4), LARGE, (*LARGE, 4)])
def test_rows_on_demand_are_those_of_the_whole(shape, monkeypatch):
    monkeypatch.setattr(photograph, "_STRIP_PIXELS", 3000)
    pixels = photograph_of(shape, np.uint8)
    chroma = np.random.default_rng(2).uniform(-60, 60, (2, 24, 32)).astype(np.float32)
    painting = Painting(pixels, chroma, guide_of(pixels), strength=0.7)
    whole = painting.whole()

    assert (painting.shape, painting.dtype) == (whole.shape, whole.dtype)
    for rows in (slice(0, 1), slice(17, 80), slice(200, 999), slice(None)):
        np.testing.assert_array_equal(painting.rows(rows), whole[rows])


def test_rows_that_end_before_they_begin_are_none():
    painting = Painting(
        photograph_of((100, 50), np.uint8), np.zeros((2, 24, 32), np.float32), guide_of(np.zeros((9, 9), np.uint8))
    )
    for rows in (slice(5, 3), slice(101, 5), slice(100, 200)):
        assert painting.rows(rows).shape == (0, 50, 3)


@pytest.mark.parametrize(
    ("shape", "dtype"), [((10, 50, 4), np.uint16), ((200, 50, 4), np.uint16), ((100, 50, 4), np.uint8)]
)
def test_an_array_of_another_shape_or_type_takes_no_painting(shape, dtype):
    pixels = photograph_of((100, 50, 4), np.uint16)
    painting = Painting(pixels, np.zeros((2, 24, 32), np.float32), guide_of(pixels))
    with pytest.raises(ImageError, match=r"out has shape .*; give \(100, 50, 4\) and uint16"):
        painting.whole(np.zeros(shape, dtype))


def test_sharing_tints_changes_the_colours_of_a_large_photograph_little(monkeypatch):
    pixels = np.asarray(cv2.GaussianBlur(photograph_of((600, 776), np.float32), (0, 0), 2), np.float32)
    shared = painted(pixels)
    monkeypatch.setattr("photochrom.painting.painting._LARGE_CELL", 10**6)

    difference = np.abs(shared - painted(pixels))

    assert 0 < difference.mean() < 0.01
    assert np.percentile(difference, 99) < 0.1


MEASURE = """
import resource
import numpy as np
from photochrom.painting.painting import Painting

def paint(height, width):
    pixels = np.full((height, width), 90, np.uint8)
    out = np.ones((height, width, 3), np.uint8)
    chroma = np.full((2, 96, 128), 20, np.float32)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    Painting(pixels, chroma, np.full((96, 128), 40, np.float32)).whole(out)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

paint(300, 300)
print(paint(3000, 4000))
"""


def test_memory_beyond_photograph_and_result_stays_far_below_one_float_plane():
    measured = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)

    assert int(measured.stdout) * 1024 < 0.5 * 12_000_000 * 4
