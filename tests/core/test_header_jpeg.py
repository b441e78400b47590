"""JPEG headers: every kind that is read is read rightly, and no broken scan becomes a picture unnoticed."""

import io
import struct

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from photochrom.errors import ImageError
from photochrom.files.decoder import decode_image
from photochrom.files.encoder import encode_image
from photochrom.files.formats import read_header

WIDTH, HEIGHT = 700, 150


def photograph(height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """Waves with grain, as rich in detail as a scan."""
    rows, columns = np.mgrid[:height, :width]
    waves = np.dstack([np.sin(rows / 9), np.cos(columns / 13), np.sin((rows + columns) / 17)]) * 80 + 110
    return (waves + np.random.default_rng(0).normal(0, 8, waves.shape)).clip(0, 255).astype(np.uint8)


def jpeg(rgb: NDArray[np.uint8], **options: object) -> bytearray:
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=90, **options)
    return bytearray(file.getvalue())


KINDS: dict[str, dict[str, object]] = {
    "sequential": {},
    "optimized": {"optimize": True},
    "progressive": {"progressive": True},
    "with restart markers": {"restart_marker_rows": 1},
    "with restart markers in a row": {"restart_marker_blocks": 7},
    "of full colour resolution": {"subsampling": 0},
    "of half colour resolution": {"subsampling": 1},
}


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("grey", [False, True])
def test_every_kind_of_jpeg_is_read(options: dict[str, object], grey: bool):
    pixels = photograph()[:, :, 0] if grey else photograph()
    data = jpeg(pixels, **options)
    header, read = read_header(data), decode_image(data).pixels
    assert np.abs(read.astype(int) - (pixels if grey else pixels[:, :, ::-1])).mean() < 8
    assert (header.width, header.height, header.decoded_size) == (WIDTH, HEIGHT, read.nbytes)


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_a_jpeg_that_broke_off_and_was_given_an_end_is_refused(options: dict[str, object]):
    whole = jpeg(photograph(), **options)
    for share in (0.3, 0.5):
        with pytest.raises(ImageError, match="it is damaged"):
            decode_image(whole[: int(len(whole) * share)] + b"\xff\xd9")


def test_a_jpeg_of_more_scans_than_anything_writes_is_refused():
    """Each takes as long to decode as the whole picture."""
    data = bytes(jpeg(photograph()[:, :, 0], progressive=True))
    last = data.rindex(b"\xff\xda")
    before = data.count(b"\xff\xda") - 1

    def with_scans(count: int) -> bytearray:
        return bytearray(data[:last] + data[last:-2] * (count - before) + data[-2:])

    assert with_scans(before + 1) == data
    assert read_header(with_scans(500)).width == WIDTH
    with pytest.raises(ImageError, match="it has more than 500 scans"):
        read_header(with_scans(501))


def test_a_jpeg_that_lost_a_piece_in_the_middle_is_refused():
    whole = jpeg(photograph())
    middle = len(whole) // 2
    with pytest.raises(ImageError, match="the end of its picture is missing"):
        decode_image(whole[:middle] + whole[middle + 6000 :])


@pytest.mark.parametrize("kind", ["sequential", "optimized", "with restart markers", "of full colour resolution"])
def test_a_jpeg_with_zeros_in_place_of_a_piece_is_refused(kind: str):
    whole = jpeg(photograph(), **KINDS[kind])
    middle = len(whole) // 2
    whole[middle : middle + 512] = bytes(512)
    with pytest.raises(ImageError, match=f"zeros stand at byte {middle}|restart markers"):
        decode_image(whole)


@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_with_another_files_bytes_in_place_of_a_piece_is_refused(kind: str):
    whole = jpeg(photograph(), **KINDS[kind])
    middle = len(whole) // 2
    whole[middle : middle + 4096] = np.random.default_rng(1).bytes(4096)
    with pytest.raises(ImageError, match=r"it is damaged|it is a JPEG of"):
        decode_image(whole)


def test_a_jpeg_without_one_of_its_restart_markers_is_refused():
    whole = jpeg(photograph(), restart_marker_rows=1)
    third = whole.index(b"\xff\xd2")
    del whole[third : third + 2]
    with pytest.raises(ImageError, match="restart markers"):
        read_header(whole)


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("width", [40, WIDTH])
def test_a_jpeg_that_ends_in_even_grey_of_its_own_is_read(options: dict[str, object], width: int):
    pixels = photograph(300, width)
    pixels[-250:] = 128
    assert (decode_image(jpeg(pixels, **options)).pixels[-100:] == 128).all()


def test_what_stands_behind_the_end_of_a_jpeg_is_of_no_matter():
    whole = jpeg(photograph())
    assert np.array_equal(decode_image(whole + whole + b"garbage").pixels, decode_image(whole).pixels)


def test_of_a_camera_with_two_lenses_the_first_picture_is_read():
    file = io.BytesIO()
    first, second = Image.fromarray(photograph()), Image.fromarray(photograph()[::-1])
    first.save(file, "MPO", save_all=True, append_images=[second], quality=90)
    assert np.abs(decode_image(bytearray(file.getvalue())).pixels[:, :, ::-1].astype(int) - photograph()).mean() < 8


def test_cmyk_is_refused_because_its_colours_need_its_profile():
    file = io.BytesIO()
    Image.fromarray(photograph()).convert("CMYK").save(file, "JPEG")
    with pytest.raises(ImageError, match="CMYK, for print: convert it to grey or RGB"):
        decode_image(bytearray(file.getvalue()))


@pytest.mark.parametrize(
    ("marker", "bits", "reason"),
    [(0xC1, 12, "12 bits, and OpenCV reads 8"), (0xC3, 8, "rare kind"), (0xC5, 8, "rare kind")],
    ids=["12 bits", "lossless", "hierarchical"],
)
def test_kinds_that_are_not_read_are_named(marker: int, bits: int, reason: str):
    data = jpeg(photograph())
    frame = data.index(b"\xff\xc0")
    data[frame + 1], data[frame + 4] = marker, bits
    with pytest.raises(ImageError, match=reason):
        decode_image(data)


def test_a_jpeg_whose_end_was_overwritten_with_zeros_is_refused():
    whole = jpeg(photograph())
    with pytest.raises(ImageError, match="the mark that ends a JPEG is missing"):
        decode_image(whole[: len(whole) * 3 // 4].ljust(len(whole), b"\0"))


def test_a_jpeg_whose_embedded_thumbnail_is_whole_but_itself_is_not_is_refused():
    whole, thumbnail = jpeg(photograph()), jpeg(photograph(20, 30))
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    assert read_header(whole[:2] + segment + whole[2:]).width == WIDTH
    with pytest.raises(ImageError, match="cut off"):
        decode_image(whole[:2] + segment + whole[2 : len(whole) * 3 // 4])


def test_a_jpeg_that_claims_more_pixels_than_its_bytes_can_hold_is_refused_and_a_flat_one_is_not():
    flat = bytearray(encode_image(np.full((2000, 2000, 3), 128, np.uint8), ".jpg"))
    assert read_header(flat).width == 2000
    claims = jpeg(photograph())
    struct.pack_into(">HH", claims, claims.index(b"\xff\xc0") + 5, 30_000, 8000)
    with pytest.raises(ImageError, match="cannot hold 8000 x 30000 pixels"):
        read_header(claims)


def test_padding_before_a_mark_is_of_no_matter_however_long():
    data = jpeg(photograph())
    padded = data[:2] + b"\xff" * 5000 + data[2:]
    assert read_header(padded) == read_header(data)
