"""Headers of PNG, WebP, AVIF, JPEG 2000, GIF, BMP and PNM: right pictures, or a refusal with the reason."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from cv2.typing import MatLike
from numpy.typing import NDArray
from PIL import Image

from photochrom.errors import ImageError
from photochrom.files.boxes import read_boxes
from photochrom.files.decoder import decode_image
from photochrom.files.encoder import encode_image
from photochrom.files.formats import read_header

WIDTH, HEIGHT = 43, 37


def colour() -> NDArray[np.uint8]:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.dstack([rows * 6, columns * 5, 255 - rows * 2 - columns * 3]).astype(np.uint8)


def alpha() -> NDArray[np.uint8]:
    return np.ascontiguousarray(colour()[::-1, :, 0])


def by_pillow(picture: Image.Image, name: str, **options: object) -> bytearray:
    file = io.BytesIO()
    picture.save(file, name, **options)
    return bytearray(file.getvalue())


def read(data: bytearray) -> MatLike:
    """The pixels, after the header was held against them."""
    header, pixels = read_header(data), decode_image(data).pixels
    assert header.upright_size == pixels.shape[1::-1]
    assert header.opaque or header.decoded_size == pixels.nbytes
    return pixels


def bgr(rgb: NDArray[np.generic]) -> NDArray[np.generic]:
    return rgb[:, :, [2, 1, 0, 3][: rgb.shape[2]]]


# PNG


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(rows: NDArray[np.generic], bits: int, colours: int, extra: bytes = b"", *, height: int = HEIGHT) -> bytearray:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, height, bits, colours, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows)))
    return bytearray(b"\x89PNG\r\n\x1a\n" + head + extra + pixels + chunk(b"IEND", b""))


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_png_of_few_grey_levels_is_stretched_to_8_bits(bits: int):
    levels = colour()[:, :, 0] % (1 << bits)
    packed = np.packbits((levels[:, :, None] >> np.arange(bits - 1, -1, -1) & 1).reshape(HEIGHT, -1), axis=1)
    assert np.array_equal(read(png(packed, bits, 0)), levels * (255 // ((1 << bits) - 1)))


def test_a_png_palette_is_read_as_its_colours_with_and_without_transparency():
    picture = Image.fromarray(colour()).quantize(90)
    rgb, index = np.asarray(picture.convert("RGB")), np.asarray(picture)
    assert np.array_equal(read(by_pillow(picture, "PNG")), bgr(rgb))
    opacity = np.arange(256, dtype=np.uint8)
    see_through = by_pillow(picture, "PNG", transparency=opacity[:90].tobytes())
    assert np.array_equal(read(see_through), bgr(np.dstack([rgb, opacity[index]])))


@pytest.mark.parametrize(("dtype", "bits"), [(">u1", 8), (">u2", 16)])
def test_grey_with_alpha_and_a_transparent_colour_become_bgra(dtype: str, bits: int):
    white = (1 << bits) - 1
    grey, opacity = (plane.astype(dtype) * (white // 255) for plane in (colour()[:, :, 0], alpha()))
    assert np.array_equal(read(png(np.dstack([grey, opacity]), bits, 4)), np.dstack([grey] * 3 + [opacity]))
    rgb = colour().astype(dtype) * (white // 255)
    key = rgb[5, 6]
    transparent = chunk(b"tRNS", struct.pack(">3H", *map(int, key)))
    expected = np.dstack([rgb, np.where((rgb == key).all(axis=2), 0, white)])
    assert np.array_equal(read(png(rgb, bits, 2, transparent)), bgr(expected))


def test_a_grey_png_with_a_transparent_level_is_refused():
    with pytest.raises(ImageError, match="one transparent grey level"):
        read(png(colour()[:, :, 0], 8, 0, chunk(b"tRNS", b"\0\0")))


@pytest.mark.parametrize(("curve", "name"), [(16, "PQ"), (18, "HLG")])
def test_a_png_for_hdr_screens_is_refused_and_one_that_says_srgb_is_read(curve: int, name: str):
    assert np.array_equal(read(png(colour(), 8, 2, chunk(b"cICP", bytes([1, 13, 0, 1])))), bgr(colour()))
    with pytest.raises(ImageError, match=rf"HDR screens \({name}\)"):
        read(png(colour(), 8, 2, chunk(b"cICP", bytes([9, curve, 0, 1]))))


def test_a_png_whose_pixels_end_early_is_refused():
    with pytest.raises(ImageError, match="cannot decode this PNG"):
        read(png(colour()[:-3], 8, 2))


def test_a_png_with_a_changed_bit_is_refused(capfd: pytest.CaptureFixture[str]):
    whole = bytes(encode_image(colour(), ".png"))
    for position in range(16, len(whole), 37):
        damaged = bytearray(whole)
        damaged[position] ^= 0x10
        with pytest.raises(ImageError):
            decode_image(damaged)
    assert capfd.readouterr() == ("", "")


# WebP


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_every_kind_of_webp_is_read(lossless: bool, mode: str):
    rgba = np.dstack([colour(), alpha()])[:, :, : len(mode)]
    pixels = read(by_pillow(Image.fromarray(rgba), "WEBP", lossless=lossless, exact=True, quality=95))
    assert np.abs(pixels.astype(int) - bgr(rgba)).mean() <= (0 if lossless else 6)


# AVIF


def avif(*, bits: int = 8, channels: int = 3) -> bytearray:
    rgba = np.dstack([colour(), alpha()])
    pixels = rgba[:, :, 0] if channels == 1 else rgba[:, :, :channels]
    deep = (pixels.astype(np.uint16) * 257) >> (16 - bits)
    stored = np.ascontiguousarray(pixels if bits == 8 else deep)
    _, data = cv2.imencode(".avif", stored, [cv2.IMWRITE_AVIF_DEPTH, bits])
    return bytearray(data.tobytes())


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("bits", [8, 10, 12])
def test_an_avif_of_any_depth_has_its_white_at_the_types_white(bits: int, channels: int):
    pixels = read(avif(bits=bits, channels=channels))
    rgba = np.dstack([colour(), alpha()])
    expected = rgba[:, :, 0] if channels == 1 else rgba[:, :, :channels]
    scale = 1 if bits == 8 else 257
    assert pixels.dtype == (np.uint8 if bits == 8 else np.uint16)
    assert np.abs(pixels.astype(int) - expected.astype(int) * scale).mean() <= 3 * scale


_MUST = 0x80
"""Says that a property may not be ignored."""


def turned(data: bytearray, *properties: bytes) -> bytearray:
    """An AVIF whose main picture has more properties; what stands behind is moved, and the table of items with it."""
    boxes = {box.kind: box for box in read_boxes(data)}
    meta = boxes[b"meta"]
    inner = {box.kind: box for box in read_boxes(data, meta.begin + 4, meta.end)}
    parts = {box.kind: box for box in read_boxes(data, inner[b"iprp"].begin, inner[b"iprp"].end)}
    first = len(list(read_boxes(data, parts[b"ipco"].begin, parts[b"ipco"].end))) + 1
    added, numbers = b"".join(properties), bytes(_MUST | first + index for index in range(len(properties)))
    grown = bytearray(data)
    grown[parts[b"ipma"].begin + 10] += len(numbers)
    grown[parts[b"ipma"].end : parts[b"ipma"].end] = numbers
    grown[parts[b"ipco"].end : parts[b"ipco"].end] = added
    for box, more in (
        (parts[b"ipco"], len(added)),
        (parts[b"ipma"], len(numbers)),
        (inner[b"iprp"], len(added) + len(numbers)),
        (meta, len(added) + len(numbers)),
    ):
        start = box.begin - 8 + (len(added) if box.kind == b"ipma" else 0)
        struct.pack_into(">I", grown, start, box.end - box.begin + 8 + more)
    (offset,) = struct.unpack_from(">I", grown, inner[b"iloc"].begin + 14)
    struct.pack_into(">I", grown, inner[b"iloc"].begin + 14, offset + len(added) + len(numbers))
    return grown


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("mirror", [None, 0, 1])
def test_an_avif_is_turned_and_mirrored_as_its_properties_say(quarters: int, mirror: int | None):
    plain = avif()
    properties = [box(b"irot", bytes([quarters]))] + ([] if mirror is None else [box(b"imir", bytes([mirror]))])
    expected = np.rot90(read(plain), quarters)
    if mirror is not None:
        expected = expected[::-1] if mirror == 0 else expected[:, ::-1]
    assert np.array_equal(read(turned(plain, *properties)), expected)


def test_an_avif_that_shows_a_part_of_its_picture_or_glows_is_refused():
    with pytest.raises(ImageError, match="shows a part of its picture only"):
        read(turned(avif(), box(b"clap", bytes(32))))
    with pytest.raises(ImageError, match=r"HDR screens \(PQ\)"):
        read(turned(avif(), box(b"colr", b"nclx" + struct.pack(">HHHB", 9, 16, 9, 0x80))))


def test_an_avif_of_grey_in_the_range_of_video_is_refused():
    """OpenCV would show it pale; in colour it expands it."""
    limited = box(b"colr", b"nclx" + struct.pack(">HHHB", 1, 13, 6, 0))
    with pytest.raises(ImageError, match="its greys are in the range of video"):
        read(turned(avif(channels=1), limited))
    assert read_header(turned(avif(channels=3), limited)).channels == 3
    full = box(b"colr", b"nclx" + struct.pack(">HHHB", 1, 13, 6, 0x80))
    assert read_header(turned(avif(channels=1), full)).channels == 1


def test_an_animated_avif_is_refused():
    animation = cv2.Animation()
    animation.frames, animation.durations = [colour(), colour()[::-1]], [100, 100]
    _, data = cv2.imencodeanimation(".avif", animation)
    with pytest.raises(ImageError, match="animated AVIF"):
        read(bytearray(data.tobytes()))


# JPEG 2000


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_jpeg_2000_is_read_exactly_with_and_without_boxes(bare: bool, dtype: type[np.unsignedinteger], channels: int):
    bgra = (np.dstack([colour(), alpha()]).astype(np.uint32) * (np.iinfo(dtype).max // 255)).astype(dtype)
    stored = np.ascontiguousarray(bgra[:, :, 0] if channels == 1 else bgra[:, :, :channels])
    by_opencv = cv2.imencode(".jp2", stored)[1].tobytes
    data = bytes(by_pillow(Image.fromarray(stored), "JPEG2000")) if channels == 1 else by_opencv()
    if bare:
        (codestream,) = (box for box in read_boxes(data) if box.kind == b"jp2c")
        data = codestream.content(data)
    assert np.array_equal(read(bytearray(data)), stored)


@pytest.mark.parametrize(("mode", "reason"), [("LA", "2 channels"), ("YCbCr", "YCbCr"), ("CMYK", "CMYK")])
def test_jpeg_2000_that_opencv_does_not_read_rightly_is_refused(mode: str, reason: str):
    with pytest.raises(ImageError, match=reason):
        read(by_pillow(Image.fromarray(colour()).convert(mode), "JPEG2000"))


def test_a_jpeg_2000_tile_without_a_length_is_the_last_one():
    # Fuzzing found it: such a tile, and the mark of another where the end belongs, were looked at for ever.
    data = bytearray(cv2.imencode(".jp2", colour())[1].tobytes()) + bytes(12)
    end = data.rindex(b"\xff\xd9")
    tile = data.index(b"\xff\x90")
    data[tile + 6 : tile + 10] = bytes(4)
    assert np.array_equal(read(data), colour())
    data[end : end + 2] = b"\xff\x90"
    with pytest.raises(ImageError, match="the mark that ends a JPEG 2000 picture is missing"):
        read_header(data)


def test_jpeg_2000_of_12_bits_has_its_white_at_the_types_white():
    _, encoded = cv2.imencode(".jp2", colour()[:, :, 0].astype(np.uint16) * 16)
    data = bytearray(encoded.tobytes())
    depth = data.index(b"\xff\x4f\xff\x51") + 42
    assert data[depth] == 15
    header = read_header(data)
    assert header.largest is None
    data[depth] = 11
    assert read_header(data).largest == 4095


# GIF


def test_a_gif_of_one_picture_is_read_with_and_without_transparency():
    picture = Image.fromarray(colour()).quantize(90)
    rgb, index = np.asarray(picture.convert("RGB")), np.asarray(picture)
    for interlace in (0, 1):
        assert np.array_equal(read(by_pillow(picture, "GIF", interlace=interlace)), bgr(rgb))
    pixels = read(by_pillow(picture, "GIF", transparency=7))
    assert np.array_equal(pixels[:, :, 3], np.where(index == 7, 0, 255))
    assert np.array_equal(pixels[index != 7][:, 2::-1], rgb[index != 7])


def test_an_animated_gif_and_one_that_does_not_cover_its_canvas_are_refused():
    first, second = (Image.fromarray(pixels).quantize(90) for pixels in (colour(), colour()[::-1].copy()))
    with pytest.raises(ImageError, match="animated GIF"):
        read(by_pillow(first, "GIF", save_all=True, append_images=[second]))
    data = by_pillow(first, "GIF")
    struct.pack_into("<HH", data, 6, WIDTH + 3, HEIGHT)
    with pytest.raises(ImageError, match=f"covers {WIDTH} x {HEIGHT} of {WIDTH + 3} x {HEIGHT}"):
        read(data)


# BMP


def bmp(bits: int, body: bytes, *, masks: tuple[int, ...] = (), info: int = 40, packing: int = 0) -> bytearray:
    header = struct.pack("<IiiHHIIiiII", info, WIDTH, HEIGHT, 1, bits, packing, len(body), 0, 0, 0, 0)
    header += struct.pack(f"<{len(masks)}I", *masks)
    header = header.ljust(info, b"\0")
    begin = 14 + len(header)
    return bytearray(b"BM" + struct.pack("<IHHI", begin + len(body), 0, 0, begin) + header + body)


BGR_MASKS, BY_MASKS = (0xFF0000, 0xFF00, 0xFF), 3


def test_a_bmp_is_read_with_the_alpha_that_it_declares_and_no_other():
    bgra = np.dstack([colour(), alpha()])
    body = bgra[::-1].tobytes()
    declared = bmp(32, body, masks=(*BGR_MASKS, 0xFF000000), info=108, packing=BY_MASKS)
    assert np.array_equal(read(declared), bgra)
    assert np.array_equal(read(bmp(32, body, masks=BGR_MASKS, packing=BY_MASKS)), colour())
    unused = np.dstack([colour(), np.zeros_like(alpha())])[::-1].tobytes()
    assert np.array_equal(read(bmp(32, unused)), colour())
    with pytest.raises(ImageError, match="seems to be alpha"):
        read(bmp(32, body))


def test_bmp_palettes_are_read_as_their_colours():
    grey = Image.fromarray(colour()[:, :, 0])
    assert np.array_equal(read(by_pillow(grey, "BMP")), colour()[:, :, 0])
    bilevel = grey.convert("1")
    assert np.array_equal(read(by_pillow(bilevel, "BMP")), np.asarray(bilevel) * np.uint8(255))
    picture = Image.fromarray(colour()).quantize(90)
    assert np.array_equal(read(by_pillow(picture, "BMP")), bgr(np.asarray(picture.convert("RGB"))))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bmp(16, bytes(44 * 2 * HEIGHT)), "16 bits, which OpenCV reads too dark"),
        (bmp(32, bytes(WIDTH * 4 * HEIGHT), masks=(0xFF, 0xFF00, 0xFF0000), packing=BY_MASKS), "another order"),
        (bmp(32, bytes(WIDTH * 4 * HEIGHT), masks=(0x3FF, 0xFFC00, 0x3FF00000), packing=BY_MASKS), "8 bits each"),
        (bmp(0, b"", packing=4), "packed like another format's"),
        (bmp(24, bytes(WIDTH * 3 * HEIGHT)), "cut off"),
    ],
    ids=["5 bits", "red first", "10 bits", "jpeg", "rows without padding"],
)
def test_a_bmp_that_opencv_would_misread_is_refused(data: bytearray, reason: str):
    with pytest.raises(ImageError, match=reason):
        read(data)


# PPM, PGM, PBM


@pytest.mark.parametrize(("largest", "digits"), [(1, 1), (100, 1), (254, 1), (1023, 2), (4095, 2)])
def test_a_pgm_with_another_largest_value_has_its_white_stretched_to_white(largest: int, digits: int):
    levels = np.array([[0, 1, largest // 2, largest]])
    pixels = read(bytearray(b"P5 4 1 %d\n" % largest + levels.astype(f">u{digits}").tobytes()))
    assert pixels.dtype.itemsize == digits
    assert pixels.tolist() == np.rint(levels * ((256**digits - 1) / largest)).tolist()


def test_a_pgm_that_holds_more_than_its_largest_value_is_refused():
    with pytest.raises(ImageError, match="holds the value 101, and says that 100 is white"):
        read(bytearray(b"P5 2 1 100\n\x64\x65"))


@pytest.mark.parametrize("ending", [b"", b"\n"])
@pytest.mark.parametrize("largest", [255, 65_535])
def test_pixels_in_digits_are_read_whatever_stands_behind_the_last(ending: bytes, largest: int):
    levels = np.arange(18).reshape(2, 3, 3) * (largest // 17)
    digits = b" ".join(b"%d" % level for level in levels.ravel())
    assert np.array_equal(read(bytearray(b"P3\n# by hand\n3 2\n%d\n" % largest + digits + ending)), bgr(levels))
    assert read(bytearray(b"P1 3 2\n1 0 1\n0 1 0" + ending)).tolist() == [[0, 255, 0], [255, 0, 255]]


def test_a_plain_pgm_that_opencv_would_darken_is_refused():
    with pytest.raises(ImageError, match="largest possible value is 100"):
        read(bytearray(b"P2 2 1 100\n0 100\n"))


@pytest.mark.parametrize("suffix", [".pgm", ".pbm"])
def test_a_grey_pnm_that_is_cut_off_is_refused(suffix: str):
    _, encoded = cv2.imencode(suffix, colour()[:, :, 0])
    whole = encoded.tobytes()
    assert read(bytearray(whole)).shape == (HEIGHT, WIDTH)
    with pytest.raises(ImageError, match="cut off"):
        read(bytearray(whole[:-1]))
