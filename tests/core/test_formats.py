"""What holds for files of all formats: damaged, misleading and foreign ones never become a wrong picture."""

import io
import random
import struct
import zlib

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from photochrom.errors import ImageError
from photochrom.files.decoder import decode_image
from photochrom.files.encoder import COLOUR_SUFFIXES, encode_image
from photochrom.files.formats import FORMAT_NAMES, read_header
from photochrom.files.header import MAX_PIXELS

WIDTH, HEIGHT = 43, 37
CONTAINERS = (".jpg", ".png", ".tif", ".webp", ".avif", ".jp2", ".gif", ".bmp", ".ppm")


def colour() -> NDArray[np.uint8]:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.dstack([rows * 6, columns * 5, 255 - rows * 2 - columns * 3]).astype(np.uint8)


def file(suffix: str) -> bytes:
    if suffix == ".gif":
        buffer = io.BytesIO()
        Image.fromarray(colour()).quantize(90).save(buffer, "GIF")
        return buffer.getvalue()
    return bytes(encode_image(colour(), suffix))


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *, colour_type: int = 0, extra: bytes = b"") -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(bytes((width + 1) * height if width * height < 1000 else 100)))
    return b"\x89PNG\r\n\x1a\n" + header + extra + pixels + png_chunk(b"IEND", b"")


@pytest.fixture
def nothing_printed(capfd: pytest.CaptureFixture[str]):
    yield
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", [*COLOUR_SUFFIXES, ".gif"])
def test_the_header_of_a_file_says_its_size_and_what_the_pixels_will_take(suffix: str):
    data = bytearray(file(suffix))
    header, pixels = read_header(data), decode_image(data).pixels
    assert (header.width, header.height) == (WIDTH, HEIGHT)
    assert header.decoded_size == pixels.nbytes
    assert header.decoding_size >= 2 * pixels.nbytes


@pytest.mark.usefixtures("nothing_printed")
@pytest.mark.parametrize("suffix", CONTAINERS)
def test_a_file_that_is_cut_off_anywhere_is_refused(suffix: str):
    whole = file(suffix)
    for length in {*range(1, len(whole), max(1, len(whole) // 50)), len(whole) - 1}:
        with pytest.raises(ImageError):
            decode_image(bytearray(whole[:length]))


@pytest.mark.usefixtures("nothing_printed")
@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(png(60_000, 60_000), id="png"),
        pytest.param(png(2_000_000, 1), id="png too wide"),
        pytest.param(b"II*\0" + struct.pack("<IHHHIIHHIII", 8, 2, 256, 4, 1, 50_000, 257, 4, 1, 50_000, 0), id="tiff"),
        pytest.param(
            b"BM" + struct.pack("<IHHIIiiHHIIiiII", 0, 0, 0, 54, 40, 40_000, -40_000, 1, 24, 1, 0, 0, 0, 0, 0),
            id="bmp rle",
        ),
        pytest.param(
            b"\xff\xd8\xff\xc0"
            + struct.pack(">HBHHB", 17, 8, 65_000, 65_000, 3)
            + bytes(9)
            + b"\xff\xda\0\x02"
            + bytes(65_000**2 // 512)
            + b"\xff\xd9",
            id="jpeg",
        ),
        pytest.param(b"P5 100000 100000 255\n", id="pgm"),
        pytest.param(b"\xff\x4f\xff\x51" + struct.pack(">HHII", 41, 0, 70_000, 70_000) + bytes(40), id="jpeg 2000"),
        pytest.param(
            b"RIFF" + struct.pack("<I4s4sIB3x", 40, b"WEBP", b"VP8X", 10, 0) + b"\xff\xff\xff" * 2 + bytes(18),
            id="webp",
        ),
    ],
)
def test_a_header_that_claims_too_many_pixels_is_refused_before_anything_is_decoded(bomb: bytes):
    with pytest.raises(ImageError, match=rf"at most {MAX_PIXELS} pixels"):
        decode_image(bytearray(bomb))


@pytest.mark.parametrize("content", [b"", b"\0", b"hello, this is a letter", b"PK\x03\x04" + bytes(99), b"P5", b"RIFF"])
def test_what_is_no_image_is_refused_and_told_the_formats(content: bytes):
    with pytest.raises(ImageError, match=FORMAT_NAMES):
        decode_image(bytearray(content))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\xff\xd8\xff\xf7\0\x0b", "JPEG-LS"),
        (b"8BPS\0\1", "Photoshop"),
        (b"gimp xcf v011", "GIMP"),
        (b"%PDF-1.7", "print"),
        (b"#?RADIANCE\n", "Radiance"),
        (b"v/1\x01", "OpenEXR"),
        (b"PF\n2 1\n-1.0\n", "PFM"),
        (b"P7\nWIDTH 1", "PAM"),
        (b"\x59\xa6\x6a\x95", "Sun raster"),
        (b"FUJIFILMCCD-RAW", "raw file"),
        (b"IIU\0\x18\0", "raw file"),
        (b"<!DOCTYPE html>", "HTML"),
    ],
)
def test_what_is_often_taken_for_a_photograph_is_refused_by_name(content: bytes, name: str):
    with pytest.raises(ImageError, match=rf"it is .*{name}.*, which is not read: "):
        decode_image(bytearray(content))


def test_a_picture_without_pixels_is_refused():
    with pytest.raises(ImageError, match="0 x 7 pixels"):
        decode_image(bytearray(png(0, 7)))


def test_animations_and_many_pages_are_refused_because_all_but_the_first_picture_would_be_lost():
    with pytest.raises(ImageError, match="animated PNG"):
        decode_image(bytearray(png(3, 2, extra=png_chunk(b"acTL", struct.pack(">II", 2, 0)))))
    animation = cv2.Animation()
    animation.frames = [colour(), colour()[::-1]]
    animation.durations = [100, 100]
    _, encoded = cv2.imencodeanimation(".webp", animation)
    with pytest.raises(ImageError, match="animated WebP"):
        decode_image(bytearray(encoded.tobytes()))
    _, pages = cv2.imencodemulti(".tif", [colour(), colour(), colour()])
    with pytest.raises(ImageError, match="3 pages"):
        decode_image(bytearray(pages.tobytes()))


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_headers_with_random_damage_are_read_or_refused_and_nothing_else(suffix: str):
    whole, chance = file(suffix), random.Random(suffix)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(min(len(damaged), 400))] = chance.randrange(256)
        try:
            read_header(damaged)
        except ImageError:
            refused += 1
    assert refused
