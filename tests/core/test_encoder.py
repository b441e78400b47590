"""Pictures to bytes and back: nothing lost, every photograph upright, metadata true for the coloured copy."""

import struct
import tracemalloc

import cv2
import numpy as np
import pytest
from cv2.typing import MatLike

from photochrom.errors import ImageError
from photochrom.files.container import read_metadata
from photochrom.files.decoder import decode_image
from photochrom.files.encoder import COLOUR_SUFFIXES, encode_image
from photochrom.files.metadata import Metadata
from photochrom.files.resolution import Resolution
from photochrom.files.tiff import Tag, read_directories


def picture(dtype: type[np.generic] = np.uint8, channels: int = 3) -> MatLike:
    """Blocks of colour, no two sides alike; smooth enough for JPEG."""
    blocks = np.random.default_rng(3).integers(40, 216, (3, 4, channels)).astype(np.uint8)
    pixels = blocks.repeat(16, axis=0).repeat(16, axis=1)
    if channels == 1:
        pixels = pixels[:, :, 0]
    if dtype == np.float32:
        return pixels.astype(np.float32) / np.float32(255)
    return pixels.astype(dtype) * (257 if dtype == np.uint16 else 1) + (pixels[:1, :1] % 2 if dtype == np.uint16 else 0)


def exif(orientation: int, *, order: str = "<") -> bytes:
    """An Exif block with a maker, an orientation, and a thumbnail's directory behind."""
    mark = {"<": b"II", ">": b"MM"}[order]
    head = mark + struct.pack(f"{order}HI", 42, 8)
    thumbnail = 8 + 2 + 2 * 12 + 4
    maker = struct.pack(f"{order}HHI4s", 271, 2, 4, b"Abc\0")
    turned = struct.pack(f"{order}HHIHH", Tag.ORIENTATION, 3, 1, orientation, 0)
    first = struct.pack(f"{order}H", 2) + maker + turned + struct.pack(f"{order}I", thumbnail)
    second = struct.pack(f"{order}HHHIII", 1, 513, 4, 1, 0, 0)
    return head + first + second


def profile(space: bytes = b"RGB ", length: int = 256) -> bytes:
    """The header of an ICC profile with no tag and some filling."""
    icc = bytearray(132) + np.random.default_rng(0).bytes(length - 132)
    struct.pack_into(">I4sI4s4s4s", icc, 0, length, b"test", 0x02400000, b"mntr", space, b"XYZ ")
    struct.pack_into(">4s", icc, 36, b"acsp")
    struct.pack_into(">III", icc, 68, 0xF6D6, 0x10000, 0xD32D)
    return bytes(icc)


@pytest.mark.parametrize(
    ("suffix", "dtype", "channels"),
    [
        (suffix, dtype, channels)
        for suffix, dtypes, most in [
            (".png", (np.uint8, np.uint16), 4),
            (".tif", (np.uint8, np.uint16, np.float32), 4),
            (".TIFF", (np.uint8,), 4),
            (".bmp", (np.uint8,), 4),
            (".ppm", (np.uint8, np.uint16), 3),
        ]
        for dtype in dtypes
        for channels in (1, 3, 4)
        if channels <= most
    ],
)
def test_what_is_written_without_loss_is_read_back_bit_for_bit(suffix: str, dtype: type[np.generic], channels: int):
    pixels = picture(dtype, channels)
    back = decode_image(bytearray(encode_image(pixels, suffix))).pixels
    assert back.dtype == dtype
    assert np.array_equal(back, pixels)


def test_nothing_is_printed_when_a_tiff_with_alpha_is_read_back(capfd: pytest.CaptureFixture[str]):
    decode_image(bytearray(encode_image(picture(channels=4), ".tif")))
    assert capfd.readouterr() == ("", "")


def test_a_tiff_says_that_its_alpha_is_straight_where_opencv_leaves_it_open():
    data = bytes(encode_image(picture(np.uint16, 4), ".tif"))
    assert read_directories(data)[0].numbers(Tag.EXTRA_CHANNELS) == (2,)
    _, plain = cv2.imencode(".tif", picture(np.uint16, 4))
    assert read_directories(plain.tobytes())[0].numbers(Tag.EXTRA_CHANNELS) == ()


def test_a_jpeg_keeps_full_colour_resolution():
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::2] = (200, 60, 60)
    stripes[:, 1::2] = (60, 60, 200)
    data = encode_image(stripes, ".jpg")
    assert np.abs(decode_image(bytearray(data)).pixels.astype(int) - stripes).mean() < 6
    _, halved = cv2.imencode(".jpg", stripes, [cv2.IMWRITE_JPEG_QUALITY, 95])
    assert np.abs(decode_image(bytearray(halved.tobytes())).pixels.astype(int) - stripes).mean() > 30


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif"])
def test_quality_buys_fidelity_with_bytes(suffix: str):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    sizes, errors = [], []
    for quality in (30, 95):
        data = bytearray(encode_image(noise, suffix, quality=quality))
        sizes.append(len(data))
        errors.append(np.abs(decode_image(data).pixels.astype(int) - noise).mean())
    assert sizes[0] < sizes[1]
    assert errors[0] > errors[1]


@pytest.mark.parametrize("suffix", [".bmp", ".ppm"])
def test_metadata_for_a_format_without_it_are_left_out_silently(suffix: str, capfd: pytest.CaptureFixture[str]):
    data = encode_image(picture(), suffix, metadata=Metadata(exif=exif(1), xmp=b"<x/>", iptc=b"\x1c", icc=profile()))
    read = decode_image(bytearray(data))
    assert np.array_equal(read.pixels, picture())
    assert read.metadata == Metadata()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "suffix", [suffix for suffix in COLOUR_SUFFIXES if suffix not in (".bmp", ".dib", ".ppm", ".pnm")]
)
def test_a_profile_for_other_pixels_is_refused(suffix: str):
    for pixels, space in ((picture(), b"GRAY"), (picture(channels=1), b"RGB "), (picture(), b"CMYK")):
        own = "GRAY" if pixels.ndim == 2 and suffix != ".webp" else "RGB"
        if own == space.decode().strip():
            continue
        with pytest.raises(ImageError, match=f"profile is for {space.decode().strip()} pixels.* holds {own} ones"):
            encode_image(pixels, suffix, metadata=Metadata(icc=profile(space)))
    with pytest.raises(ImageError, match="profile is for no pixels"):
        encode_image(picture(), suffix, metadata=Metadata(icc=b"short"))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".jp2", ".avif"])
def test_a_grey_picture_takes_a_grey_profile(suffix: str):
    data = encode_image(picture(channels=1), suffix, metadata=Metadata(icc=profile(b"GRAY")))
    read = decode_image(bytearray(data))
    assert read.metadata.icc == profile(b"GRAY")
    assert read.pixels.shape == picture(channels=1).shape


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_jpeg_2000_loses_next_to_nothing_of_a_smooth_picture(dtype: type[np.unsignedinteger], channels: int):
    smooth = cv2.resize(picture(dtype, channels), (160, 128), interpolation=cv2.INTER_CUBIC)
    back = decode_image(bytearray(encode_image(smooth, ".jp2"))).pixels
    assert back.dtype == dtype
    assert back.shape == smooth.shape
    assert np.abs(back.astype(int) - smooth).mean() < np.iinfo(dtype).max / 255


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_avif_of_quality_100_loses_nothing(channels: int):
    back = decode_image(bytearray(encode_image(picture(channels=channels), ".avif", quality=100))).pixels
    assert np.array_equal(back, picture(channels=channels))


def test_a_tiff_is_compressed():
    flat = np.full((500, 500, 3), 7, np.uint8)
    assert len(encode_image(flat, ".tif")) < flat.nbytes / 10


def test_a_tiff_longer_than_opencv_reads_is_refused_before_it_is_encoded():
    huge = np.lib.stride_tricks.as_strided(np.zeros(1, np.float32), (16_000, 16_000, 3), (0, 0, 0))
    assert huge.nbytes > 1 << 31
    with pytest.raises(ImageError, match="3072000000 bytes, and TIFF is written with at most 2147483647"):
        encode_image(huge, ".tif")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".jp2"])
def test_metadata_take_no_more_than_one_copy_of_the_file(suffix: str):
    noise = np.random.default_rng(0).integers(0, 256, (400, 500, 3), dtype=np.uint8)
    metadata = Metadata(exif=exif(1), resolution=Resolution(x=300, y=300))
    plain = len(encode_image(noise, suffix))
    tracemalloc.start()
    data = encode_image(noise, suffix, metadata=metadata)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # What OpenCV gives counts too, as memory of numpy.
    assert plain < len(data) < plain + 2000
    assert peak < 2 * plain + 200_000


@pytest.mark.parametrize(
    ("pixels", "suffix", "reason"),
    [
        (picture(np.uint16), ".jpg", "JPEG holds uint8, and this picture is uint16: .* PNG or TIFF, or .*--depth 8"),
        (picture(np.uint16), ".webp", "WebP holds uint8"),
        (picture(np.uint16), ".bmp", "BMP holds uint8"),
        (picture(np.float32), ".png", "PNG holds uint8 and uint16, and this picture is float32: write it as TIFF"),
        (picture(channels=4), ".jpg", "no alpha"),
        (picture(channels=4), ".ppm", "no alpha"),
        (picture(), ".gif", r"\.gif is no format that can be written in colour; give one of \.jpg"),
        (picture(), ".pgm", r"\.pgm is no format that can be written in colour"),
        (picture(), "", "no suffix"),
        (picture(np.uint16), ".avif", "AVIF holds uint8"),
        (picture(np.float32), ".jp2", "JPEG 2000 holds uint8 and uint16"),
        (
            picture()[:31],
            ".jp2",
            "JPEG 2000 holds at least 32 pixels a side, and this picture is 64 x 31: write it as PNG",
        ),
        (np.zeros((1, 32_769, 3), np.uint8), ".avif", "AVIF holds at most 32768 pixels a side"),
        (np.zeros((1, 65_501, 3), np.uint8), ".jpg", "at most 65500 pixels a side, and this picture is 65501 x 1"),
        (np.zeros((16_384, 1, 3), np.uint8), ".webp", "at most 16383 pixels a side"),
    ],
)
def test_a_format_that_cannot_hold_the_picture_is_refused(pixels: MatLike, suffix: str, reason: str):
    with pytest.raises(ImageError, match=reason):
        encode_image(pixels, suffix)


def test_the_longest_sides_that_are_promised_are_written():
    for suffix, longest in ((".jpg", 65_500), (".webp", 16_383), (".avif", 32_768)):
        row = np.zeros((1, longest, 3), np.uint8)
        assert decode_image(bytearray(encode_image(row, suffix))).pixels.shape == row.shape


def test_more_exif_than_a_jpeg_holds_is_refused_and_the_most_it_holds_is_written():
    for size in (65_527, 65_528):
        metadata = Metadata(exif=exif(1).ljust(size, b"\0"))
        assert read_metadata(encode_image(picture(), ".png", metadata=metadata), "PNG") == metadata
        if size == 65_527:
            assert read_metadata(encode_image(picture(), ".jpg", metadata=metadata), "JPEG") == metadata
        else:
            with pytest.raises(ImageError, match="JPEG holds 65527 bytes of Exif, and this picture has 65528"):
                encode_image(picture(), ".jpg", metadata=metadata)


@pytest.mark.parametrize("quality", [0, 101, -5])
def test_a_quality_that_does_not_exist_is_refused(quality: int):
    with pytest.raises(ImageError, match="1 to 100"):
        encode_image(picture(), ".jpg", quality=quality)
