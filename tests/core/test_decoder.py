"""Bytes to pictures: every photograph upright, whatever way it lies in its file."""

import io
import struct
from dataclasses import replace

import cv2
import numpy as np
import pytest
import tifffile
from cv2.typing import MatLike

from photochrom.errors import ImageError
from photochrom.files.decoder import decode_image
from photochrom.files.encoder import encode_image
from photochrom.files.exif import read_orientation
from photochrom.files.formats import read_header
from photochrom.files.tiff import Tag, read_directory
from photochrom.files.tiff_table import Table, short, with_table

ORIENTATIONS = range(1, 9)


def picture() -> MatLike:
    """Blocks of colour, no two sides alike; smooth enough for JPEG."""
    blocks = np.random.default_rng(3).integers(40, 216, (3, 4, 3)).astype(np.uint8)
    return blocks.repeat(16, axis=0).repeat(16, axis=1)


def lying(upright: MatLike, orientation: int) -> MatLike:
    """How a camera with this Exif orientation stores an upright picture, from the standard's table of row and column 0.

    The standard says which side of the scene the stored row 0 and column 0 show.
    """
    row_0, column_0 = {
        1: ("top", "left"),
        2: ("top", "right"),
        3: ("bottom", "right"),
        4: ("bottom", "left"),
        5: ("left", "top"),
        6: ("right", "top"),
        7: ("right", "bottom"),
        8: ("left", "bottom"),
    }[orientation]
    if row_0 in ("left", "right"):
        upright = upright.swapaxes(0, 1)
    return np.ascontiguousarray(
        upright[:: -1 if row_0 in ("bottom", "right") else 1, :: -1 if column_0 in ("bottom", "right") else 1]
    )


def exif(orientation: int, *, order: str = "<") -> bytes:
    """An Exif block with nothing but an orientation."""
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}HI", 42, 8)
    return head + struct.pack(f"{order}HHHIHHI", 1, Tag.ORIENTATION, 3, 1, orientation, 0, 0)


def profile(space: bytes = b"RGB ", length: int = 256) -> bytes:
    """The header of an ICC profile with no tag and some filling."""
    icc = bytearray(132) + np.random.default_rng(0).bytes(length - 132)
    struct.pack_into(">I4sI4s4s4s", icc, 0, length, b"test", 0x02400000, b"mntr", space, b"XYZ ")
    struct.pack_into(">4s", icc, 36, b"acsp")
    struct.pack_into(">III", icc, 68, 0xF6D6, 0x10000, 0xD32D)
    return bytes(icc)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_a_photograph_is_upright_whichever_way_it_lies_in_the_file(suffix: str, order: str, orientation: int):
    upright = picture()
    block = np.frombuffer(exif(orientation, order=order), np.uint8)
    _, data = cv2.imencodeWithMetadata(
        suffix, lying(upright, orientation), [cv2.IMAGE_METADATA_EXIF], [block], [cv2.IMWRITE_WEBP_QUALITY, 101]
    )
    read = decode_image(bytearray(data.tobytes()))
    assert read.pixels.shape == upright.shape
    assert np.abs(read.pixels.astype(int) - upright).mean() <= (3 if suffix == ".jpg" else 0)
    assert read_orientation(read.metadata.exif) == 1


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_opencvs_own_turning_agrees(orientation: int):
    block = np.frombuffer(exif(orientation), np.uint8)
    stored = lying(picture(), orientation)
    _, data = cv2.imencodeWithMetadata(".png", stored, [cv2.IMAGE_METADATA_EXIF], [block])
    turned = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert turned is not None
    assert np.array_equal(turned, picture())


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_tiffs_own_orientation_is_applied_once(orientation: int):
    plain = bytearray(encode_image(lying(picture(), orientation), ".tif"))
    layout = read_directory(plain).layout
    turned = bytearray(with_table(plain, Table({Tag.ORIENTATION: short(layout, orientation)})))
    assert np.array_equal(decode_image(turned).pixels, picture())


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("compression", [None, "deflate"])
@pytest.mark.parametrize("kind", ["grey", "colour", "alpha", "deep"])
def test_a_tiff_of_tiles_is_turned_as_a_whole(kind: str, compression: str | None, orientation: int):
    """OpenCV turns 8-bit tiles one by one."""
    upright = picture()
    if kind == "grey":
        upright = upright[:, :, 0]
    elif kind == "alpha":
        upright = np.dstack([upright, upright[:, :, 1]])
    elif kind == "deep":
        upright = upright.astype(np.uint16) * 257
    stored = lying(upright, orientation)
    order = stored if stored.ndim == 2 else stored[:, :, [2, 1, 0, 3][: stored.shape[2]]]
    out = io.BytesIO()
    tifffile.imwrite(
        out,
        order,
        photometric="minisblack" if order.ndim == 2 else "rgb",
        extrasamples=["unassalpha"] if kind == "alpha" else None,
        tile=(32, 32),
        compression=compression,
        metadata=None,
        extratags=[(Tag.ORIENTATION, "H", 1, orientation, True)],
    )
    data = bytearray(out.getvalue())
    assert read_header(data).upright_size[0] in upright.shape[:2]
    assert np.array_equal(decode_image(data).pixels, upright)


@pytest.mark.parametrize("icc", [profile(b"GRAY"), profile(b"CMYK")], ids=["grey", "cmyk"])
def test_a_profile_that_would_be_wrong_for_a_colour_picture_is_dropped(icc: bytes):
    _, data = cv2.imencodeWithMetadata(".jpg", picture(), [cv2.IMAGE_METADATA_ICCP], [np.frombuffer(icc, np.uint8)])
    assert decode_image(bytearray(data.tobytes())).metadata.icc == b""


@pytest.mark.parametrize(
    ("icc", "grey", "kept"),
    [
        (profile(), False, True),
        (profile(), True, True),
        (profile(b"GRAY"), True, True),
        (profile(b"CMYK"), True, False),
        (profile()[:-1], False, True),
        (b"\0" * 200, False, False),
    ],
    ids=["rgb", "rgb of a grey picture", "grey", "cmyk", "cut off", "nonsense"],
)
def test_a_profile_that_speaks_of_such_pixels_is_kept_and_so_is_one_that_is_cut_off(icc: bytes, grey: bool, kept: bool):
    pixels = picture()[:, :, 0] if grey else picture()
    _, data = cv2.imencodeWithMetadata(".jpg", pixels, [cv2.IMAGE_METADATA_ICCP], [np.frombuffer(icc, np.uint8)])
    assert decode_image(bytearray(data.tobytes())).metadata.icc == (icc if kept else b"")


def test_a_grey_profile_of_grey_with_alpha_is_kept():
    grey = picture()[:, :, 0]
    pixels = cv2.merge([grey, grey, grey, 255 - grey])
    icc = profile(b"GRAY")
    lossless = cv2.imencodeWithMetadata(
        ".webp", pixels, [cv2.IMAGE_METADATA_ICCP], [np.frombuffer(icc, np.uint8)], [cv2.IMWRITE_WEBP_QUALITY, 101]
    )[1]
    assert decode_image(bytearray(lossless.tobytes())).metadata.icc == icc


def test_a_header_that_was_read_before_is_not_read_again():
    data = bytearray(encode_image(picture(), ".png"))
    header = replace(read_header(data), orientation=3)
    assert np.array_equal(decode_image(data, header).pixels, picture()[::-1, ::-1])


def test_a_picture_of_another_size_than_the_header_says_is_refused():
    data = bytearray(encode_image(picture(), ".png"))
    height, width = picture().shape[:2]
    with pytest.raises(ImageError, match=f"says {width + 1} x {height} pixels, and it holds {width} x {height}"):
        decode_image(data, replace(read_header(data), width=width + 1))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.nan, "NaN"),
        (np.inf, "values from 0.25 to inf"),
        (1.5, "values from 0.25 to 1.5"),
        (-0.5, "values from -0.5 to 0.25"),
    ],
)
def test_a_floating_point_picture_that_leaves_0_to_1_is_refused_and_never_clipped(value: float, said: str):
    pixels = np.full((9, 7, 3), 0.25, np.float32)
    assert np.array_equal(decode_image(bytearray(encode_image(pixels, ".tif"))).pixels, pixels)
    pixels[4, 5, 1] = value
    _, data = cv2.imencode(".tif", pixels)
    with pytest.raises(ImageError, match=rf"holds {said}.*black is 0 and white is 1"):
        decode_image(bytearray(data.tobytes()))


def test_light_beyond_float32_is_refused_without_a_warning():
    pixels = np.full((4, 5), 0.5)
    pixels[2, 3] = 1e300
    encoded = cv2.imencode(".tiff", pixels)[1]
    with pytest.raises(ImageError, match="inf"):
        decode_image(bytearray(encoded.tobytes()))
