from functools import partial

import cv2
import numpy as np
import pytest
from cv2.typing import MatLike

from photochrom.files.jpeg_bands import encode_bands
from photochrom.threads import shared_threads

SETTINGS = [
    *(cv2.IMWRITE_JPEG_QUALITY, 95),
    *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
]


def encode(pixels: MatLike, *settings: int) -> bytes:
    return cv2.imencode(".jpg", pixels, [*SETTINGS, *settings])[1].tobytes()


def picture(*shape: int) -> MatLike:
    noise = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 3)


@pytest.mark.parametrize(
    ("shape", "rows"),
    [((2100, 1500, 3), 696), ((2101, 1003), 1040), ((40, 60_000, 3), 16), ((21_000, 100, 3), 10_480)],
)
def test_the_file_is_that_of_an_encoder_which_restarts_as_often(shape, rows):
    pixels = picture(*shape)
    blocks = -(-shape[1] // 8) * rows // 8

    banded = bytes(encode_bands(pixels, lambda part: memoryview(encode(part))))

    assert banded == encode(pixels, cv2.IMWRITE_JPEG_RST_INTERVAL, blocks)


def test_more_than_eight_bands_number_their_markers_from_the_beginning_again():
    pixels = picture(160, 65_000)

    banded = bytes(encode_bands(pixels, lambda part: memoryview(encode(part))))

    assert banded == encode(pixels, cv2.IMWRITE_JPEG_RST_INTERVAL, 2 * 8125)


def test_how_many_threads_there_are_does_not_change_the_file():
    pixels = picture(2100, 1500)
    files = []
    for threads in (1, 2, 5):
        with shared_threads(partial(int, threads)):
            files.append(bytes(encode_bands(pixels, lambda part: memoryview(encode(part)))))

    assert files[0] == files[1] == files[2]


def test_a_small_picture_is_encoded_whole():
    pixels = picture(500, 700, 3)

    assert bytes(encode_bands(pixels, lambda part: memoryview(encode(part)))) == encode(pixels)


def test_what_the_encoder_refuses_comes_out():
    def refuse(part: MatLike) -> memoryview:
        raise ValueError(f"no {part.shape}")

    with pytest.raises(ValueError, match="no "):
        encode_bands(picture(2100, 1500), refuse)
