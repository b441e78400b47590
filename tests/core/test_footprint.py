"""What a photograph takes is told high enough: encoding noise stays below it in every format."""

import numpy as np
import pytest

from photochrom import ConvertOptions
from photochrom.conversion.footprint import FIXED, footprint
from photochrom.files.encoder import COLOUR_SUFFIXES, encode_image
from photochrom.files.header import Header

AREA = 4000 * 3000


def of(header: Header, suffix: str = ".jpg", *, file: int = 0, with_map: bool = False, **choices: object) -> int:
    options = ConvertOptions(**choices)  # type: ignore[arg-type]
    return footprint(header, file, suffix, options, with_map=with_map)


def header(channels: int = 3, sample: int = 1, **more: object) -> Header:
    return Header(format="PNG", width=4000, height=3000, channels=channels, sample_size=sample, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", COLOUR_SUFFIXES)
def test_an_encoded_file_of_noise_is_no_longer_than_what_encoding_is_said_to_take(suffix: str):
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    for quality in (95, 100):
        told = of(Header(format="PNG", width=400, height=300, channels=3), suffix, quality=quality) - FIXED
        assert noise.nbytes + 2 * len(encode_image(noise, suffix, quality=quality)) <= told


def test_more_of_anything_takes_more():
    least = of(header(1))
    for other in (
        of(header(4)),
        of(header(1, 2)),
        of(header(1), ".png"),
        of(header(1), quality=100),
        of(header(1), depth=16),
        of(header(1), with_map=True),
    ):
        assert other > least


def test_a_grey_photograph_takes_its_copy_and_the_file_being_written():
    assert of(header(1), ".bmp") == FIXED + 3 * AREA * 3


def test_a_decoder_that_takes_much_decides():
    decoding = header(3, working_size=100 * AREA)
    assert of(decoding) == FIXED + 103 * AREA
    assert of(decoding, file=50 * AREA) == of(decoding), "the file is still there while it is decoded"


def test_memory_of_the_file_is_free_again_when_it_is_encoded():
    assert of(header(3), ".png") - of(header(3), ".png", file=AREA) == AREA


def test_a_depth_that_is_changed_takes_both_for_a_while():
    assert of(header(3, 2), ".bmp", depth=8) == FIXED + max(12, 9, 9) * AREA
