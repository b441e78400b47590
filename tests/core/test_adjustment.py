"""What a user does to the network's colours: which values are taken, and how colours fade by confidence."""

import numpy as np
import pytest

from photochrom import ImageError
from photochrom.colour.adjustment import MAX_SATURATION, Adjustment

CONFIDENCE = np.linspace(0, 1, 101, dtype=np.float32)[None]
CHROMA = np.stack([np.full_like(CONFIDENCE, 40), np.full_like(CONFIDENCE, -20)])


def test_by_default_nothing_is_adjusted():
    np.testing.assert_array_equal(Adjustment().apply(CHROMA, CONFIDENCE), CHROMA)


@pytest.mark.parametrize("factor", [0, 0.5, 3, MAX_SATURATION])
def test_saturation_is_a_factor_on_chroma(factor):
    np.testing.assert_allclose(Adjustment(saturation=factor).apply(CHROMA, CONFIDENCE), CHROMA * factor, rtol=1e-6)


def test_strength_is_left_to_where_the_photographs_own_chroma_is_known():
    np.testing.assert_array_equal(Adjustment(strength=0.2).apply(CHROMA, CONFIDENCE), CHROMA)


def test_full_fading_turns_guesses_grey_and_leaves_sure_colours_alone():
    faded = Adjustment(fade_uncertain=1).apply(CHROMA, CONFIDENCE)

    np.testing.assert_array_equal(faded[:, CONFIDENCE <= 0.35], 0)
    np.testing.assert_array_equal(faded[:, CONFIDENCE >= 0.7], CHROMA[:, CONFIDENCE >= 0.7])


@pytest.mark.parametrize("fading", [0.1, 0.5, 0.9])
def test_fading_takes_its_share_of_guesses_and_nothing_of_sure_colours(fading):
    faded = Adjustment(fade_uncertain=fading).apply(CHROMA, CONFIDENCE)

    np.testing.assert_allclose(faded[:, CONFIDENCE <= 0.35], (1 - fading) * CHROMA[:, CONFIDENCE <= 0.35], rtol=1e-6)
    np.testing.assert_array_equal(faded[:, CONFIDENCE >= 0.7], CHROMA[:, CONFIDENCE >= 0.7])


def test_surer_colours_are_never_weaker_and_more_fading_never_makes_a_colour_stronger():
    kept = np.stack(
        [Adjustment(fade_uncertain=fading).apply(CHROMA, CONFIDENCE)[0, 0] for fading in np.linspace(0, 1, 21)]
    )

    assert (np.diff(kept, axis=1) >= 0).all()
    assert (np.diff(kept, axis=0) <= 1e-5).all()
    assert np.abs(np.diff(kept[-1])).max() < 0.05 * CHROMA[0, 0, 0]


def test_saturation_and_fading_work_together():
    both = Adjustment(saturation=2, fade_uncertain=0.5).apply(CHROMA, CONFIDENCE)

    np.testing.assert_allclose(both, 2 * Adjustment(fade_uncertain=0.5).apply(CHROMA, CONFIDENCE), rtol=1e-6)


@pytest.mark.parametrize("name", ["strength", "saturation", "fade_uncertain"])
@pytest.mark.parametrize("value", [-0.1, 10.1, np.nan, np.inf, "1", None, True, 1j, [1]])
def test_what_is_no_number_in_range_is_refused_by_its_name(name, value):
    with pytest.raises(ImageError, match=f"{name} is .*give a number from 0 to"):
        Adjustment(**{name: value})


@pytest.mark.parametrize("name", ["strength", "fade_uncertain"])
def test_shares_end_at_1(name):
    with pytest.raises(ImageError, match="from 0 to 1:"):
        Adjustment(**{name: 1.01})


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float32(0.25), np.float64(1), np.int64(1)])
def test_every_kind_of_real_number_is_taken(value):
    adjusted = Adjustment(strength=value, saturation=value, fade_uncertain=value).apply(CHROMA, CONFIDENCE)

    assert adjusted.dtype == np.float32
