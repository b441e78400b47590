"""TIFF headers, of files made byte by byte: what OpenCV reads rightly is read, all else is refused with the reason."""

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from photochrom.errors import ImageError
from photochrom.files.decoder import decode_image
from photochrom.files.formats import read_header
from photochrom.files.tiff import Tag

WIDTH, HEIGHT = 43, 37
COMPRESSION, ROWS_PER_STRIP, PREDICTOR, PALETTE, DNG_VERSION, SUB_DIRECTORIES = 259, 278, 317, 320, 50706, 330
DEFLATE = 8


def colour() -> NDArray[np.uint8]:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.dstack([rows * 6, columns * 5, 255 - rows * 2 - columns * 3]).astype(np.uint8)


def packed(values: NDArray[np.integer], bits: int) -> bytes:
    """Rows of values of so many bits, each row in whole bytes."""
    rows = values.reshape(len(values), -1)[:, :, None] >> np.arange(bits - 1, -1, -1) & 1
    return np.packbits(rows.astype(np.uint8).reshape(len(values), -1), axis=1).tobytes()


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
        COMPRESSION: (1,),
        Tag.COLOURS: (2 if channels >= 3 else 1,),
        Tag.STRIP_POSITIONS: (begin,),
        Tag.CHANNELS: (channels,),
        ROWS_PER_STRIP: (pixels.shape[0],),
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
        pytest.param(colour(), {COMPRESSION: (34_712,)}, "compressed with JPEG 2000", id="jpeg 2000"),
        pytest.param(colour(), {PREDICTOR: (2,)}, "predictor", id="predictor without compression"),
        pytest.param((colour() / 255).astype(np.float16), {}, "floating-point numbers of 16 bits", id="half precision"),
        pytest.param(colour().astype(np.uint32), {}, "whole numbers of 32 bits", id="32 bits"),
        pytest.param(colour(), {Tag.BITS: (8, 8, 4)}, "of 4 and 8 bits", id="mixed bits"),
        pytest.param(colour(), {ROWS_PER_STRIP: (10,)}, "gaps", id="too few strips"),
        pytest.param(colour(), {Tag.STRIP_SIZES: (0,)}, "gaps", id="empty strip"),
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


def by_pillow(picture: Image.Image, compression: str) -> bytearray:
    file = io.BytesIO()
    picture.save(file, "TIFF", compression=compression)
    return bytearray(file.getvalue())


def by_tifffile(
    pixels: NDArray[np.generic],
    *,
    tile: tuple[int, int] | None = None,
    rowsperstrip: int | None = None,
    bigtiff: bool = False,
    byteorder: Literal["<", ">"] = "<",
) -> bytearray:
    file, kind = io.BytesIO(), "rgb" if pixels.ndim == 3 else "minisblack"
    tifffile.imwrite(
        file,
        pixels,
        photometric=kind,
        tile=tile,
        rowsperstrip=rowsperstrip,
        bigtiff=bigtiff,
        byteorder=byteorder,
    )
    return bytearray(file.getvalue())


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "I;16"])
def test_what_another_program_compresses_without_loss_is_read_exactly(mode: str, compression: str):
    picture = Image.fromarray(colour()).convert("RGB" if mode == "I;16" else mode)
    stored = colour()[:, :, 0].astype(np.uint16) * 257 if mode == "I;16" else np.asarray(picture)
    data = by_pillow(Image.fromarray(stored) if mode == "I;16" else picture, compression)
    header, read = read_header(data), decode_image(data).pixels
    assert np.array_equal(read, stored if stored.ndim == 2 else stored[:, :, [2, 1, 0, 3][: stored.shape[2]]])
    assert header.decoded_size == read.nbytes


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_lzw"])
def test_a_bilevel_scan_is_read_as_black_and_white(compression: str):
    bilevel = Image.fromarray(colour()[:, :, 0]).convert("1")
    assert np.array_equal(decode_image(by_pillow(bilevel, compression)).pixels, np.asarray(bilevel) * np.uint8(255))


def test_a_palette_is_read_as_its_colours():
    picture = Image.fromarray(colour()).quantize(100)
    data = by_pillow(picture, "tiff_lzw")
    assert np.array_equal(decode_image(data).pixels, np.asarray(picture.convert("RGB"))[:, :, ::-1])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize(
    "write",
    [
        partial(by_tifffile, tile=(32, 32)),
        partial(by_tifffile, rowsperstrip=5),
        partial(by_tifffile, bigtiff=True),
        partial(by_tifffile, byteorder=">"),
    ],
    ids=["tiles", "strips", "bigtiff", "big endian"],
)
def test_tiles_strips_and_byte_orders_of_another_program_are_read_exactly(
    dtype: type[np.generic], write: Callable[[NDArray[np.generic]], bytearray]
):
    pixels = (colour() / 255).astype(dtype) if dtype == np.float32 else colour().astype(dtype)
    assert np.array_equal(decode_image(write(pixels)).pixels, pixels[:, :, ::-1])


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("inverted", [False, True])
def test_white_of_less_than_16_bits_is_white_of_16(bits: int, inverted: bool):
    white = (1 << bits) - 1
    values = np.linspace(0, white, WIDTH * HEIGHT).round().astype(np.int64).reshape(HEIGHT, WIDTH)
    content = np.frombuffer(packed(white - values if inverted else values, bits), np.uint8).reshape(HEIGHT, -1)
    shape: dict[int, tuple[int, ...]] = {Tag.WIDTH: (WIDTH,), Tag.BITS: (bits,), Tag.COLOURS: (0 if inverted else 1,)}
    read = decode_image(tiff(content, shape)).pixels
    assert read.dtype == np.uint16
    assert np.abs(read - values * (65_535 / white)).max() <= 0.5


@pytest.mark.parametrize("planes", [1, 2])
def test_channels_of_8_bits_may_stand_together_or_one_after_the_other(planes: int):
    stored = colour() if planes == 1 else np.moveaxis(colour(), 2, 0)
    tags: dict[int, tuple[int, ...]] = {}
    if planes == 2:
        size = WIDTH * HEIGHT
        tags = {
            Tag.PLANES: (2,),
            Tag.WIDTH: (WIDTH,),
            Tag.HEIGHT: (HEIGHT,),
            Tag.CHANNELS: (3,),
            Tag.BITS: (8, 8, 8),
            Tag.COLOURS: (2,),
            Tag.STRIP_POSITIONS: (16, 16 + size, 16 + 2 * size),
            Tag.STRIP_SIZES: (size,) * 3,
            ROWS_PER_STRIP: (HEIGHT,),
            Tag.NUMBER_KIND: (1,) * 3,
        }
    assert np.array_equal(decode_image(tiff(stored, tags)).pixels, colour()[:, :, ::-1])


def deflated(damage: slice | None = None, rows: int = HEIGHT, *, more: int = 0) -> bytearray:
    """A TIFF whose only strip Deflate packed: with zeros in a part of it, with less rows than it says, or more."""
    content = bytearray(zlib.compress(colour()[:rows].tobytes() + bytes(more)))
    if damage is not None:
        content[damage] = bytes(len(content[damage]))
    whole: dict[int, tuple[int, ...]] = {
        Tag.WIDTH: (WIDTH,),
        Tag.HEIGHT: (HEIGHT,),
        Tag.CHANNELS: (3,),
        Tag.BITS: (8, 8, 8),
        Tag.COLOURS: (2,),
    }
    tags = {**whole, COMPRESSION: (DEFLATE,), ROWS_PER_STRIP: (HEIGHT,), Tag.NUMBER_KIND: (1, 1, 1)}
    return tiff(np.frombuffer(bytes(content), np.uint8)[None], tags)


def test_a_part_that_deflate_packed_is_held_against_its_checksum_which_opencv_does_not_do():
    assert np.array_equal(decode_image(deflated()).pixels, colour()[:, :, ::-1])
    for damage in (slice(30, 60), slice(-3, None)):
        with pytest.raises(ImageError, match="strip or tile at byte 16 is not whole"):
            decode_image(deflated(damage))
    with pytest.raises(ImageError, match="strip or tile at byte 16 is not whole"):
        decode_image(deflated(rows=HEIGHT - 1))


def test_a_part_that_unpacks_to_far_more_than_it_shows_is_not_unpacked_to_its_end():
    assert np.array_equal(decode_image(deflated(more=1000)).pixels, colour()[:, :, ::-1])
    with pytest.raises(ImageError, match="strip or tile at byte 16 unpacks to far too much"):
        decode_image(deflated(more=5_000_000))


@pytest.mark.parametrize(
    "tags",
    [{DNG_VERSION: (1,)}, {Tag.SUBFILE_TYPE: (1,), SUB_DIRECTORIES: (16,)}],
    ids=["dng", "thumbnail before the picture"],
)
def test_the_thumbnail_of_a_raw_file_is_never_taken_for_the_photograph(tags: dict[int, tuple[int, ...]]):
    with pytest.raises(ImageError, match="raw file"):
        decode_image(tiff(colour(), tags))


def test_the_memory_for_one_large_strip_is_told():
    in_one = tiff(np.zeros((200, 300), np.uint8), {ROWS_PER_STRIP: (200,)})
    assert read_header(in_one).decoding_size == 200 * 300 * (1 + 5)
    in_strips = by_tifffile(np.zeros((200, 300), np.uint8), rowsperstrip=10)
    assert read_header(in_strips).decoding_size == 200 * 300 * 2
