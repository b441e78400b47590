"""Which arrays are photographs, and how they are cut into strips."""

from itertools import pairwise

import numpy as np
import pytest

from photochrom.colour.photograph import check_photograph, strips
from photochrom.errors import ImageError


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (5, 7, 3), (5, 7, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_grey_and_colour_arrays_pass_as_they_are(shape, dtype):
    photograph = np.zeros(shape, dtype)

    assert check_photograph(photograph).shape == shape
    assert np.shares_memory(check_photograph(photograph), photograph)


def test_a_last_axis_of_one_is_grey():
    assert check_photograph(np.zeros((5, 7, 1), np.uint8)).shape == (5, 7)


@pytest.mark.parametrize(
    ("src", "words"),
    [
        (None, "imread"),
        ([[1, 2], [3, 4]], "list"),
        ("photo.jpg", "str"),
        (np.zeros((4, 4), np.float64), "float64"),
        (np.zeros((4, 4), np.int32), "int32"),
        (np.zeros((4, 4), bool), "bool"),
        (np.zeros((4, 4), np.float16), "float16"),
        (np.zeros((4, 4), ">u2"), ">u2"),
        (np.zeros((4, 4), complex), "complex128"),
        (np.zeros((4, 4), object), "object"),
        (np.array([["a"]]), "<U1"),
        (np.zeros(4, np.uint8), "(4,)"),
        (np.uint8(3), "uint8"),
        (np.zeros((), np.uint8), "()"),
        (np.zeros((4, 4, 2), np.uint8), "(4, 4, 2)"),
        (np.zeros((4, 4, 5), np.uint8), "(4, 4, 5)"),
        (np.zeros((3, 4, 4, 3), np.uint8), "(3, 4, 4, 3)"),
        (np.zeros((0, 4), np.uint8), "(0, 4)"),
        (np.zeros((4, 0, 3), np.uint8), "(4, 0, 3)"),
    ],
)
def test_anything_else_is_refused_with_what_was_given_and_what_is_allowed(src, words):
    with pytest.raises(ImageError) as refusal:
        check_photograph(src)

    assert words in str(refusal.value)
    assert "give" in str(refusal.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.01, 1.01, 255])
@pytest.mark.parametrize("shape", [(300, 400), (300, 400, 3)])
def test_float_values_outside_0_and_1_are_refused(value, shape):
    photograph = np.full(shape, 0.5, np.float32)
    photograph[-1, -1] = value

    with pytest.raises(ImageError, match=r"\[0, 1\]"):
        check_photograph(photograph)


def test_float_values_that_rounding_took_past_0_and_1_pass():
    assert check_photograph(np.array([[-1e-6, 1 + 1e-6]], np.float32)).shape == (1, 2)


def test_float_alpha_may_hold_anything():
    photograph = np.full((2, 2, 4), 0.5, np.float32)
    photograph[:, :, 3] = np.nan

    assert np.isnan(check_photograph(photograph)[:, :, 3]).all()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 10_000_000), (10_000_000, 1), (12_000, 16_667), (65_537, 2)])
def test_strips_cover_every_row_once_and_are_bounded(height, width):
    rows = list(strips(height, width))

    assert rows[0].start == 0
    assert rows[-1].stop == height
    assert all(above.stop == below.start for above, below in pairwise(rows))
    assert all(strip.stop - strip.start > 0 for strip in rows)
    assert all((strip.stop - strip.start) * width <= max(width, 1 << 17) for strip in rows)


@pytest.mark.parametrize("width", [1, 4001, 100_000])
def test_strips_begin_with_even_rows_so_that_no_two_of_them_share_a_tint(width):
    assert all(strip.start % 2 == 0 for strip in strips(301, width))
