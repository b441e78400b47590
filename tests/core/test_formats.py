"""Files made byte by byte: what their headers say, and that no damaged or misleading one becomes a wrong picture."""

import random
import struct
import zlib
from collections.abc import Mapping

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from photochrom.decoder import decode_image
from photochrom.encoder import COLOUR_SUFFIXES, encode_image
from photochrom.errors import ImageError
from photochrom.formats import FORMAT_NAMES, read_header
from photochrom.header import MAX_PIXELS
from photochrom.tiff import Tag

WIDTH, HEIGHT = 43, 37
CONTAINERS = (".jpg", ".png", ".tif", ".webp", ".bmp", ".ppm")


def colour() -> NDArray[np.uint8]:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.dstack([rows * 6, columns * 5, 255 - rows * 2 - columns * 3]).astype(np.uint8)


def file(suffix: str) -> bytes:
    return bytes(encode_image(colour(), suffix))


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *, colour_type: int = 0, extra: bytes = b"") -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(bytes((width + 1) * height if width * height < 1000 else 100)))
    return b"\x89PNG\r\n\x1a\n" + header + extra + pixels + png_chunk(b"IEND", b"")


_SHORT, _LONG = 3, 4


def tiff(
    pixels: NDArray[np.generic],
    tags: Mapping[int, tuple[int, ...]],
    *,
    order: str = "<",
    big: bool = False,
    after: int = 0,
) -> bytearray:
    """An uncompressed TIFF of one strip; `tags` complete or replace the usual ones, an empty tuple takes one out."""
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    content = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()  # type: ignore[arg-type]
    begin = 16
    entries: dict[int, tuple[int, ...]] = {
        Tag.WIDTH: (pixels.shape[1],),
        Tag.HEIGHT: (pixels.shape[0],),
        Tag.BITS: (pixels.itemsize * 8,) * channels,
        259: (1,),
        Tag.COLOURS: (2 if channels >= 3 else 1,),
        Tag.STRIP_POSITIONS: (begin,),
        Tag.CHANNELS: (channels,),
        278: (pixels.shape[0],),
        Tag.STRIP_SIZES: (len(content),),
        Tag.NUMBER_KIND: ({"u": 1, "i": 2, "f": 3}[pixels.dtype.kind],) * channels,
        **tags,
    }
    entries = {tag: values for tag, values in sorted(entries.items()) if values}
    count, entry, offset, room = ("Q", "HHQ", "Q", 8) if big else ("H", "HHI", "I", 4)
    directory = begin + len(content) + len(content) % 2
    behind = directory + struct.calcsize(f"={count}") + len(entries) * (struct.calcsize(f"={entry}") + room) + room
    table, values_behind = struct.pack(order + count, len(entries)), b""
    for tag, values in entries.items():
        kind = _LONG if max(values) > 0xFFFF or tag == Tag.STRIP_POSITIONS else _SHORT
        packed = struct.pack(f"{order}{len(values)}{'I' if kind == _LONG else 'H'}", *values)
        if len(packed) > room:
            where = struct.pack(order + offset, behind + len(values_behind))
            values_behind += packed
        else:
            where = packed.ljust(room, b"\0")
        table += struct.pack(order + entry, tag, kind, len(values)) + where
    table += struct.pack(order + offset, after)
    mark = {"<": b"II", ">": b"MM"}[order]
    head = mark + (
        struct.pack(f"{order}HHHQ", 43, 8, 0, directory) if big else struct.pack(f"{order}HI", 42, directory)
    )
    return bytearray(head.ljust(begin, b"\0") + content + bytes(len(content) % 2) + table + values_behind)


@pytest.fixture
def nothing_printed(capfd: pytest.CaptureFixture[str]):
    yield
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", COLOUR_SUFFIXES)
def test_the_header_of_a_file_says_its_size(suffix: str):
    header = read_header(file(suffix))
    assert (header.width, header.height) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("channels", [3, 4])
def test_every_kind_of_webp_says_its_size(lossless: bool, channels: int):
    pixels = np.dstack([colour(), colour()[:, :, :1]])[:, :, :channels]
    _, encoded = cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, 101 if lossless else 80])
    header = read_header(encoded.tobytes())
    assert (header.width, header.height) == (WIDTH, HEIGHT)


@pytest.mark.usefixtures("nothing_printed")
@pytest.mark.parametrize("suffix", CONTAINERS)
def test_a_file_that_is_cut_off_anywhere_is_refused(suffix: str):
    whole = file(suffix)
    for length in {*range(1, len(whole), max(1, len(whole) // 50)), len(whole) - 1}:
        with pytest.raises(ImageError):
            decode_image(bytearray(whole[:length]))


@pytest.mark.parametrize("suffix", [".pgm", ".pbm"])
def test_a_grey_pnm_that_is_cut_off_is_refused(suffix: str):
    _, encoded = cv2.imencode(suffix, colour()[:, :, 0])
    whole = encoded.tobytes()
    assert decode_image(bytearray(whole)).pixels.shape == (HEIGHT, WIDTH)
    with pytest.raises(ImageError, match="cut off"):
        decode_image(bytearray(whole[:-1]))


def test_a_jpeg_whose_end_was_overwritten_with_zeros_is_refused():
    whole = file(".jpg")
    with pytest.raises(ImageError, match="the mark that ends a JPEG is missing"):
        decode_image(bytearray(whole[: len(whole) * 3 // 4].ljust(len(whole), b"\0")))


def test_a_jpeg_whose_embedded_thumbnail_is_whole_but_itself_is_not_is_refused():
    whole, thumbnail = file(".jpg"), file(".jpg")
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    with pytest.raises(ImageError, match="cut off"):
        decode_image(bytearray(whole[:2] + segment + whole[2 : len(whole) * 3 // 4]))


def test_a_jpeg_that_claims_more_pixels_than_its_bytes_can_hold_is_refused_and_a_flat_one_is_not():
    flat = bytearray(encode_image(np.full((3000, 3000, 3), 128, np.uint8), ".jpg"))
    assert read_header(flat).width == 3000
    claims = bytearray(file(".jpg"))
    struct.pack_into(">HH", claims, claims.index(b"\xff\xc0") + 5, 3000, 3000)
    with pytest.raises(ImageError, match="cannot hold 3000 x 3000 pixels"):
        read_header(claims)


@pytest.mark.usefixtures("nothing_printed")
def test_a_png_with_a_changed_bit_is_refused():
    whole = file(".png")
    for position in range(16, len(whole), 37):
        damaged = bytearray(whole)
        damaged[position] ^= 0x10
        with pytest.raises(ImageError):
            decode_image(damaged)


@pytest.mark.usefixtures("nothing_printed")
@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(png(60_000, 60_000), id="png"),
        pytest.param(png(2_000_000, 1), id="png too wide"),
        pytest.param(bytes(tiff(colour(), {Tag.WIDTH: (50_000,), Tag.HEIGHT: (50_000,)})), id="tiff"),
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


def test_a_tiff_with_a_thumbnail_behind_it_is_read():
    one, two = tiff(colour(), {}), tiff(colour(), {Tag.SUBFILE_TYPE: (1,)})
    (first,) = struct.unpack_from("<I", one, 4)
    (entries,) = struct.unpack_from("<H", one, first)
    joined = bytearray(one)
    second = _moved(two, len(joined))
    struct.pack_into("<I", joined, first + 2 + entries * 12, second[0])
    joined += second[1]
    assert np.array_equal(decode_image(joined).pixels, colour()[:, :, ::-1])


def _moved(data: bytearray, distance: int) -> tuple[int, bytearray]:
    """Where the directory of a TIFF is when the file stands behind another one, and the file changed for that."""
    (directory,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, directory)
    for start in range(directory + 2, directory + 2 + entries * 12, 12):
        tag, kind, count, value = struct.unpack_from("<HHII", data, start)
        if tag == Tag.STRIP_POSITIONS or count * {_SHORT: 2, _LONG: 4}[kind] > 4:
            struct.pack_into("<I", data, start + 8, value + distance)
    return directory + distance, data


def test_a_grey_png_with_a_transparent_level_is_refused():
    with pytest.raises(ImageError, match="alpha"):
        decode_image(bytearray(png(3, 2, extra=png_chunk(b"tRNS", b"\0\0"))))


@pytest.mark.parametrize(("largest", "digits"), [(1, 1), (100, 1), (254, 1), (1023, 2), (4095, 2)])
def test_a_pgm_with_another_largest_value_has_its_white_stretched_to_white(largest: int, digits: int):
    levels = np.array([[0, 1, largest // 2, largest]])
    content = b"P5 4 1 %d\n" % largest + levels.astype(f">u{digits}").tobytes()
    pixels = decode_image(bytearray(content)).pixels
    white = 256**digits - 1
    assert pixels.dtype.itemsize == digits
    assert pixels.tolist() == np.rint(levels * (white / largest)).tolist()


def test_a_pgm_that_holds_more_than_its_largest_value_is_refused():
    with pytest.raises(ImageError, match="holds the value 101, and says that 100 is white"):
        decode_image(bytearray(b"P5 2 1 100\n\x64\x65"))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_tiffs_of_either_byte_order_and_size_are_read_exactly(order: str, big: bool, dtype: type[np.generic]):
    pixels = (colour() / 255).astype(dtype) if dtype == np.float32 else colour().astype(dtype)
    picture = decode_image(tiff(pixels, {}, order=order, big=big))
    assert picture.pixels.dtype == dtype
    assert np.array_equal(picture.pixels, pixels[:, :, ::-1])


def test_a_double_precision_tiff_is_read_in_single_precision():
    picture = decode_image(tiff(colour() / 255, {}))
    assert picture.pixels.dtype == np.float32
    assert np.array_equal(picture.pixels, (colour() / 255).astype(np.float32)[:, :, ::-1])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_tiff_negative_comes_out_positive(dtype: type[np.unsignedinteger]):
    stored = (colour()[:, :, 0].astype(np.uint32) * (np.iinfo(dtype).max // 255)).astype(dtype)
    assert np.array_equal(decode_image(tiff(stored, {Tag.COLOURS: (0,)})).pixels, np.iinfo(dtype).max - stored)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("order", ["<", ">"])
def test_colours_under_a_tiffs_straight_alpha_stay_as_they_are(dtype: type[np.unsignedinteger], order: str):
    rgba = np.dstack([colour(), colour()[::-1, :, 0]]).astype(dtype)
    picture = decode_image(tiff(rgba, {Tag.EXTRA_CHANNELS: (2,)}, order=order))
    assert np.array_equal(picture.pixels, rgba[:, :, [2, 1, 0, 3]])


def test_colours_multiplied_with_alpha_are_refused_unless_alpha_is_opaque():
    rgba = np.dstack([colour(), np.full((HEIGHT, WIDTH), 255, np.uint8)])
    premultiplied: dict[int, tuple[int, ...]] = {Tag.EXTRA_CHANNELS: (1,)}
    assert np.array_equal(decode_image(tiff(rgba, premultiplied)).pixels, rgba[:, :, [2, 1, 0, 3]])
    rgba[3, 4, 3] = 254
    with pytest.raises(ImageError, match="multiplied with alpha"):
        decode_image(tiff(rgba, premultiplied))


@pytest.mark.parametrize(
    ("pixels", "tags", "reason"),
    [
        pytest.param(np.dstack([colour(), colour()[:, :, :1]]), {Tag.COLOURS: (5,)}, "CMYK", id="cmyk"),
        pytest.param(colour(), {Tag.COLOURS: (8,)}, "Lab", id="lab"),
        pytest.param(colour(), {Tag.COLOURS: ()}, "unknown", id="no colours"),
        pytest.param(colour()[:, :, :2], {Tag.COLOURS: (1,), Tag.EXTRA_CHANNELS: (2,)}, "2 channels", id="grey alpha"),
        pytest.param(colour().astype(np.uint16), {Tag.PLANES: (2,)}, "interleaved", id="planes of 16 bits"),
        pytest.param(colour()[:, :, 0] / np.float32(255), {Tag.COLOURS: (0,)}, "negative", id="float negative"),
        pytest.param(colour()[:, :, 0].astype(np.int16), {}, "signed whole numbers of 16 bits", id="signed"),
        pytest.param(colour(), {Tag.STRIP_SIZES: ()}, "damaged", id="no strips"),
        pytest.param(colour(), {Tag.STRIP_POSITIONS: (1 << 30,)}, "cut off", id="strip outside"),
        pytest.param(colour(), {259: (50_000,)}, "compressed with Zstandard", id="zstandard"),
    ],
)
def test_a_tiff_that_opencv_would_misread_is_refused(
    pixels: NDArray[np.generic], tags: dict[int, tuple[int, ...]], reason: str
):
    with pytest.raises(ImageError, match=reason):
        decode_image(tiff(pixels, tags))


def test_tiff_directories_in_a_ring_are_refused():
    ring = tiff(colour(), {})
    (directory,) = struct.unpack_from("<I", ring, 4)
    with pytest.raises(ImageError, match="ring"):
        decode_image(tiff(colour(), {}, after=directory))


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
