"""Resolutions: the same length in another unit, whole where a format counts in whole pixels."""

import pytest

from photochrom.files.resolution import Resolution


def test_an_inch_is_2_54_cm():
    assert Resolution(x=254, y=127).per("cm") == pytest.approx((100, 50))
    assert Resolution(x=100, y=50, unit="cm").per("inch") == pytest.approx((254, 127))
    assert Resolution(x=3, y=4, unit="cm").per("cm") == (3, 4)


@pytest.mark.parametrize(
    ("resolution", "whole"),
    [
        (Resolution(x=300, y=150), (300, 150, "inch")),
        (Resolution(x=300.4, y=0.2), (300, 1, "inch")),
        (Resolution(x=118, y=59, unit="cm"), (118, 59, "cm")),
        (Resolution(x=118.11, y=118.11, unit="cm"), (300, 300, "inch")),
        (Resolution(x=1e9, y=1e300), (65_535, 65_535, "inch")),
    ],
)
def test_whole_pixels_are_per_inch_where_a_centimetre_has_no_whole_number(resolution: Resolution, whole: object):
    assert resolution.whole(65_535) == whole


def test_metres_are_counted_in_whole_pixels_within_the_formats_limit():
    assert Resolution(x=300, y=72).per_metre(1 << 31) == (11_811, 2835)
    assert Resolution(x=1e-9, y=1e30).per_metre(1000) == (1, 1000)
    assert Resolution.from_metre(11_811, 2835) == Resolution(x=118.11, y=28.35, unit="cm")
    assert Resolution.from_metre(0, 5) is Resolution.from_metre(5, -1) is None
