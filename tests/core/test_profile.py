"""ICC profiles: LittleCMS agrees about colours, lightness stays, and what cannot be used is refused."""

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest

from photochrom import Colorizer, ImageError
from photochrom.colour import profile
from photochrom.colour.icc import read_icc
from photochrom.colour.lab import Float32, Pixels, from_linear, lightness, split_lab, white
from photochrom.colour.profile import colour_space, result_profile
from photochrom.colour.space import SRGB, Curve, GreySpace, MatrixSpace, WorkingSpace
from photochrom.painting.painting import Painting

FLOAT32 = np.dtype(np.float32)
D50 = (0.9642, 1.0, 0.8249)
RELATIVE_COLORIMETRIC = 1
UNOPTIMIZED = 0x0100
"""LittleCMS's own short cuts are coarser than its formulas."""

SRGB_PROFILE = imagecodecs.cms_profile("srgb")
XYZ_PROFILE = imagecodecs.cms_profile("xyz")


def made(primaries: tuple[float, ...], gamma: float, white_point: tuple[float, float] = (0.3127, 0.3290)) -> bytes:
    return imagecodecs.cms_profile("rgb", whitepoint=white_point, primaries=primaries, gamma=gamma)


def icc(tags: dict[str, bytes], *, kind: str = "mntr", pixels: str = "RGB ", connection: str = "XYZ ") -> bytes:
    """A profile of some tags."""
    table, body = b"", b""
    start = 132 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name.encode(), start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(
        ">II4s4s4s4s", start + len(body), 0, b"\2\x40\0\0", *(t.encode() for t in (kind, pixels, connection))
    )
    header += bytes(12) + b"acsp" + bytes(28) + xyz(*D50)[8:]
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def xyz(x: float, y: float, z: float) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *(round(value * 65536) for value in (x, y, z)))


def curv(*values: int) -> bytes:
    return struct.pack(f">4s4xI{len(values)}H", b"curv", len(values), *values)


def para(function: int, *numbers: float) -> bytes:
    return struct.pack(f">4s4xH2x{len(numbers)}i", b"para", function, *(round(number * 65536) for number in numbers))


def rgb(*curves: bytes, white_xyz: tuple[float, float, float] = D50) -> dict[str, bytes]:
    """Tags of a space by a matrix, with primaries like Adobe RGB's: curves of R, G and B, or one for all."""
    colorants = np.array([[0.6097, 0.2053, 0.1492], [0.3111, 0.6257, 0.0632], [0.0195, 0.0609, 0.7446]])
    colorants *= np.array(white_xyz)[:, None] / colorants.sum(axis=1, keepdims=True)
    tags = {f"{channel}XYZ": xyz(*column) for channel, column in zip("rgb", colorants.T, strict=True)}
    return tags | {f"{channel}TRC": curves[at % len(curves)] for at, channel in enumerate("rgb")}


def srgb_colorants(drift: float = 0) -> dict[str, bytes]:
    """Tags of sRGB's primaries, with a little of green's light given to red."""
    return {
        "rXYZ": xyz(0.43607 + drift, 0.22249 + drift, 0.01392),
        "gXYZ": xyz(0.38515 - drift, 0.71687 - drift, 0.09708),
        "bXYZ": xyz(0.14307, 0.06061, 0.71410),
    }


def scanner(side: int = 9, *, grey: bool = False) -> bytes:
    """A profile by a table of side³ colours, Adobe RGB's: L*a*b* in 16 bits (lut16Type)."""
    level = np.linspace(0, 1, side, dtype=np.float32)
    grid = np.stack(np.meshgrid(level, level, level, indexing="ij"), axis=-1).reshape(1, -1, 3)
    if grey:
        grid = np.repeat(level[None, :, None], 3, axis=2)
    lab = converted(grid[..., ::-1], ADOBE_RGB, imagecodecs.cms_profile("lab4"), "lab")[0]
    codes = (lab + np.array([0, 128, 128])) * np.array([652.8, 256, 256])
    inputs = 1 if grey else 3
    table = struct.pack(">4s4x4B9i2H", b"mft2", inputs, 3, side, 0, 65536, 0, 0, 0, 65536, 0, 0, 0, 65536, 2, 2)
    table += struct.pack(">2H", 0, 65535) * inputs
    table += np.clip(np.rint(codes), 0, 65535).astype(">u2").tobytes() + struct.pack(">2H", 0, 65535) * 3
    return icc({"A2B0": table}, kind="scnr", pixels="GRAY" if grey else "RGB ", connection="Lab ")


def converted(bgr: Float32, source: bytes, target: bytes, into: str = "bgr") -> Float32:
    """What LittleCMS makes of (H, W, 3) BGR, or (H, W) grey, in [0, 1]."""
    colours = imagecodecs.cms_transform(
        np.ascontiguousarray(bgr),
        source,
        target,
        colorspace="bgr" if bgr.ndim == 3 else "gray",
        outcolorspace=into,
        outdtype=np.float32,
        intent=RELATIVE_COLORIMETRIC,
        flags=UNOPTIMIZED,
    )
    return np.asarray(colours, np.float32)


def of_type(pixels: Float32, dtype: type[np.generic]) -> Pixels:
    scaled = np.clip(pixels, 0, 1) * white(np.dtype(dtype))
    return np.asarray(scaled if dtype == np.float32 else np.rint(scaled), dtype)


def unit(pixels: Pixels) -> Float32:
    """Pixels of any type in [0, 1]."""
    return np.asarray(pixels / white(pixels.dtype), np.float32)


def random_colours(*shape: int) -> Float32:
    return np.random.default_rng(3).random(shape, np.float32)


def soft_colours(height: int, width: int) -> Float32:
    """A photograph without detail, which is the same at every size."""
    return np.clip(cv2.resize(random_colours(5, 6, 3), (width, height), interpolation=cv2.INTER_LINEAR), 0, 1)


ADOBE_RGB = imagecodecs.cms_profile("adobergb")
DISPLAY_P3 = made((0.68, 0.32, 0.265, 0.69, 0.15, 0.06), 2.2)
PROPHOTO = made((0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001), 1.8, (0.3457, 0.3585))
COLOR_MATCH = made((0.63, 0.34, 0.295, 0.605, 0.15, 0.075), 1.8, (0.3457, 0.3585))
"""It does not hold all of sRGB."""
UNEQUAL_CURVES = icc(rgb(curv(round(1.8 * 256)), curv(round(2.2 * 256)), para(3, 2.4, 0.948, 0.052, 0.077, 0.04)))
WORKING_SPACES = {
    "adobe-rgb": ADOBE_RGB,
    "display-p3": DISPLAY_P3,
    "prophoto": PROPHOTO,
    "colormatch": COLOR_MATCH,
    "unequal-curves": UNEQUAL_CURVES,
}
SRGB_CURVE = para(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
SRGB_TABLE = curv(
    *np.rint(
        np.where((c := np.linspace(0, 1, 1024)) < 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) * 65535
    ).astype(int)
)
DOT_GAIN = curv(*np.rint(np.linspace(0, 1, 64) ** 1.75 * 65535).astype(int))
"""As of a printed grey of 20 % dot gain, more or less."""


def named(cases: dict[str, bytes]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in cases.items()])


CURVES = {
    "none": curv(),
    "gamma": curv(round(2.2 * 256)),
    "table": DOT_GAIN,
    "two-entries": curv(0, 65535),
    "function-0": para(0, 1.9),
    "function-1": para(1, 2.2, 0.9, 0.1),
    "function-2": para(2, 2.2, 0.85, 0.05, 0.1),
    "function-3": SRGB_CURVE,
    "function-4": para(4, 2.4, 0.948, 0.052, 0.077, 0.04, 0.02, 0.02),
}


@named(CURVES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_grey_by_every_kind_of_curve_is_as_light_as_littlecms_says(data, dtype):
    grey = of_type(np.linspace(0, 1, 1001, dtype=np.float32)[None], dtype)
    whole = icc({"kTRC": data}, pixels="GRAY")

    y = colour_space(whole, grey).luminance(grey)

    expected = np.clip(converted(unit(grey), whole, XYZ_PROFILE, "xyz")[..., 1], 0, 1)
    # Where the curve is a table, LittleCMS rounds codes and light to 16 bits.
    np.testing.assert_allclose(y, expected, atol=2 / 65535)


def test_a_grey_curve_may_lead_to_lightness():
    grey = np.arange(256, dtype=np.uint8)[None]
    whole = icc({"kTRC": curv()}, pixels="GRAY", connection="Lab ")

    y = colour_space(whole, grey).luminance(grey)

    np.testing.assert_allclose(lightness(y), grey / 2.55, atol=1e-3)


@named(WORKING_SPACES)
def test_colours_of_a_working_space_are_what_littlecms_says(data):
    bgr = random_colours(40, 50, 3)
    space = colour_space(data, bgr)

    assert isinstance(space, WorkingSpace)
    ours = from_linear(space.linear(bgr), FLOAT32)
    np.testing.assert_allclose(ours, np.clip(converted(bgr, data, SRGB_PROFILE), 0, 1), atol=0.5 / 255)


@named(WORKING_SPACES)
@pytest.mark.parametrize("strength", [1, 0.5])
@pytest.mark.parametrize(
    ("dtype", "mean", "most"), [(np.uint8, 0.6, 4), (np.uint16, 0.03, 1.5), (np.float32, 0.03, 1.5)]
)
def test_colours_are_those_that_a_copy_in_srgb_gets(model: Path, data, strength, dtype, mean, most):
    painter = Colorizer(model)
    src = of_type(converted(soft_colours(150, 200), SRGB_PROFILE, data), dtype)
    copy = np.clip(converted(unit(src), data, SRGB_PROFILE), 0, 1)

    coloured = np.asarray(painter.colorize(src, strength=strength, profile=data), dtype)

    assert result_profile(data) == data
    seen = np.clip(converted(unit(coloured), data, SRGB_PROFILE), 0, 1)
    (l_star, chroma), (_, expected) = split_lab(seen), split_lab(np.asarray(painter.colorize(copy, strength=strength)))
    difference = np.hypot(*(chroma - expected))
    assert difference.mean() <= mean
    assert difference.max() <= most
    np.testing.assert_allclose(l_star, split_lab(copy)[0], atol=100 / 255)


@named(WORKING_SPACES)
@pytest.mark.parametrize(("dtype", "most"), [(np.uint8, 100 / 255), (np.uint16, 3 * 100 / 65535)])
def test_lightness_stays_whatever_the_profile(data, dtype, most):
    grey = of_type(random_colours(60, 80), dtype)
    space = colour_space(data, grey)
    chroma = np.random.default_rng(2).uniform(-70, 70, (2, 6, 8)).astype(np.float32)
    out = np.empty((60, 80, 3), dtype)

    Painting(grey, chroma, np.full((6, 8), 50, np.float32), space=space).whole(out)

    before, after = (lightness(space.luminance(pixels)) for pixels in (grey, out))
    np.testing.assert_allclose(after, before, atol=most)
    assert np.ptp(out, axis=2).mean() > 0.1 * white(out.dtype)


@named({name: data for name, data in WORKING_SPACES.items() if data != UNEQUAL_CURVES})
@pytest.mark.parametrize(("dtype", "most"), [(np.uint8, 0), (np.uint16, 8)])
def test_without_chroma_every_grey_of_a_working_space_has_its_own_code_in_all_channels(data, dtype, most):
    codes = np.arange(white(np.dtype(dtype)) + 1, dtype=dtype).reshape(256, -1)
    out = np.empty((*codes.shape, 3), dtype)
    nothing, space = np.zeros((2, 4, 4), np.float32), colour_space(data, codes)

    Painting(codes, nothing, nothing[0], space=space).whole(out)

    # Next to black the curves are so steep that rounding of float32 shows in 16 bits: by less than 1e-6 L*.
    drift = np.abs(out.astype(int) - codes[:, :, None])
    assert drift.max() <= most
    assert (drift > 0).mean() < 0.001


@named(WORKING_SPACES | {"srgb": SRGB_PROFILE})
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_without_strength_a_photograph_comes_back_with_the_colours_that_srgb_cannot_show(model: Path, data, dtype):
    src = of_type(random_colours(50, 60, 3), dtype)
    src[:10] = of_type(np.round(random_colours(10, 60, 3)), dtype)

    back = np.asarray(Colorizer(model).colorize(src, strength=0, profile=data), dtype)

    # A 16-bit code of a channel near 0 is finer than what float32 knows of the other two: at a gamma of 2.2, code 123
    # is a light of 1e-6, eight roundings of 1. How many there are depends on the processor.
    np.testing.assert_allclose(back.astype(int), src, atol=0 if dtype == np.uint8 else 123)
    assert np.percentile(np.abs(back.astype(int) - src), 90) <= 1


@named(
    {
        "made": SRGB_PROFILE,
        "table": icc(srgb_colorants() | dict.fromkeys(("rTRC", "gTRC", "bTRC"), SRGB_TABLE)),
        "rounded": icc(srgb_colorants(0.0003) | dict.fromkeys(("rTRC", "gTRC", "bTRC"), SRGB_CURVE)),
    }
)
def test_a_profile_that_is_srgb_in_effect_is_taken_for_srgb_and_kept(data):
    assert colour_space(data, np.zeros((1, 1), np.uint8)) is SRGB
    assert result_profile(data) == data


@named({"gamma": icc(srgb_colorants() | dict.fromkeys(("rTRC", "gTRC", "bTRC"), curv(563))), "p3": DISPLAY_P3})
def test_a_profile_that_is_nearly_srgb_is_not_taken_for_it(data):
    assert isinstance(colour_space(data, np.zeros((1, 1), np.uint8)), WorkingSpace)


def test_no_profile_is_srgb_and_the_result_has_none_either():
    assert colour_space(b"", np.zeros((1, 1), np.uint8)) is SRGB
    assert result_profile(b"") == b""


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_photograph_in_a_grey_space_becomes_srgb_of_the_same_lightness(model: Path, dtype, channels):
    data = icc({"kTRC": DOT_GAIN}, pixels="GRAY", kind="prtr")
    grey = of_type(random_colours(30, 40), dtype)
    src = grey if channels == 1 else np.repeat(grey[:, :, None], channels, axis=2)

    coloured = np.asarray(Colorizer(model).colorize(src, profile=data), dtype)

    expected = lightness(GreySpace(Curve(read_icc(data).curve("kTRC"))).luminance(grey))
    np.testing.assert_allclose(lightness(SRGB.luminance(coloured)), expected, atol=100 / 255)
    assert coloured.shape[2] == max(channels, 3)
    assert abs(expected - lightness(SRGB.luminance(grey))).max() > 5


def test_a_grey_photograph_in_a_grey_space_fades_to_itself_and_not_to_its_codes(model: Path):
    data = icc({"kTRC": DOT_GAIN}, pixels="GRAY")
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    src = np.repeat(grey[:, :, None], 3, axis=2)

    faded = np.asarray(Colorizer(model).colorize(src, strength=0, profile=data))

    expected = from_linear(colour_space(data, grey).luminance(grey), grey.dtype)
    np.testing.assert_allclose(faded.astype(int), np.repeat(expected[:, :, None], 3, axis=2), atol=1)


def test_the_profile_of_the_result_of_a_grey_one_is_srgb_and_always_the_same(monkeypatch):
    data = icc({"kTRC": curv()}, pixels="GRAY")
    once = result_profile(data)
    profile._open.cache_clear()
    profile._srgb_profile.cache_clear()
    another_day = bytearray(SRGB_PROFILE)
    another_day[24:36] = struct.pack(">6H", 1999, 12, 31, 23, 59, 59)
    monkeypatch.setattr(imagecodecs, "cms_profile", lambda name: {"srgb": bytes(another_day)}[name])

    assert result_profile(data) == once
    assert colour_space(once, np.zeros((1, 1), np.uint8)) is SRGB


def test_grey_pixels_may_come_with_an_rgb_profile_and_are_equal_channels(model: Path):
    grey = of_type(soft_colours(60, 80)[:, :, 0], np.uint8)
    painter = Colorizer(model)

    from_grey, from_colour = (
        painter.colorize(src, profile=PROPHOTO) for src in (grey, np.repeat(grey[:, :, None], 3, axis=2))
    )

    np.testing.assert_allclose(np.asarray(from_grey, int), from_colour, atol=1)


def test_a_table_of_colours_is_read_as_littlecms_does_and_the_result_is_srgb(model: Path):
    data, src = scanner(), of_type(soft_colours(60, 80), np.uint16)
    space = colour_space(data, src)

    ours = from_linear(space.linear(src), FLOAT32)
    coloured = np.asarray(Colorizer(model).colorize(src, profile=data), np.uint16)

    expected = np.clip(converted(unit(src), data, SRGB_PROFILE), 0, 1)
    np.testing.assert_allclose(ours, expected, atol=0.5 / 255)
    assert colour_space(result_profile(data), coloured) is SRGB
    np.testing.assert_allclose(
        lightness(SRGB.luminance(coloured)), lightness(space.luminance(src)), atol=2 * 100 / 65535
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_grey_by_a_table_of_colours_is_read_too(dtype):
    data = scanner(grey=True)
    grey = of_type(random_colours(10, 20), dtype)

    y = colour_space(data, grey).luminance(grey)

    expected = converted(unit(grey), data, XYZ_PROFILE, "xyz")[..., 1]
    np.testing.assert_allclose(y, np.clip(expected, 0, 1), atol=1e-4)
    assert colour_space(result_profile(data), grey) is SRGB


@named(
    {
        "white-of-d65": icc(rgb(curv(563), white_xyz=(0.9505, 1.0, 1.089))),
        "falling": icc(rgb(curv(0, 65535, 60000))),
        "flat": icc(rgb(curv(563), curv(65535, 65535), curv(563))),
    }
)
def test_a_space_that_cannot_be_written_gives_a_result_in_srgb(model: Path, data):
    src = of_type(soft_colours(30, 40), np.uint8)
    space = colour_space(data, src)

    coloured = np.asarray(Colorizer(model).colorize(src, profile=data), np.uint8)

    assert isinstance(space, MatrixSpace)
    assert not isinstance(space, WorkingSpace)
    assert colour_space(result_profile(data), src) is SRGB
    np.testing.assert_allclose(lightness(SRGB.luminance(coloured)), lightness(space.luminance(src)), atol=100 / 255)


def test_colours_with_a_grey_profile_are_refused():
    with pytest.raises(ImageError, match="grey pixels"):
        colour_space(icc({"kTRC": curv()}, pixels="GRAY"), np.arange(12, dtype=np.uint8).reshape(2, 2, 3))


def changed(position: int, new: bytes, data: bytes = ADOBE_RGB) -> bytes:
    return data[:position] + new + data[position + len(new) :]


def without(tag: str) -> bytes:
    tags = rgb(curv())
    del tags[tag]
    return icc(tags)


REFUSED = {
    "text": (b"no profile" * 30, "no ICC profile"),
    "short": (ADOBE_RGB[:100], "no ICC profile"),
    "cut-off": (ADOBE_RGB[:400], "says that it has"),
    "size-zero": (changed(0, bytes(4)), "says that it has 0"),
    "many-tags": (changed(128, b"\xff" * 4), "tags, which do not fit"),
    "tag-outside": (changed(136, b"\x7f\xff\xff\xff"), "lies outside"),
    "cmyk": (changed(16, b"CMYK"), "for CMYK pixels"),
    "a space that is none in latin-1 alone, found by fuzzing": (changed(16, b"RGB\xa0"), "for RGB\xa0 pixels"),
    "lab": (changed(16, b"Lab "), "for Lab pixels"),
    "link": (changed(12, b"link"), "class link"),
    "named": (changed(12, b"nmcl"), "class nmcl"),
    "no-curve": (without("gTRC"), "it has no gTRC"),
    "no-colorant": (without("bXYZ"), "it has no bXYZ"),
    "no-grey-curve": (icc({}, pixels="GRAY"), "it has no kTRC"),
    "lab-matrix": (icc(rgb(curv()), connection="Lab "), "leads to Lab"),
    "cut-curve": (icc(rgb(curv(1, 2, 3)[:-2])), "cut off"),
    "curve-of-nothing": (icc(rgb(b"curv")), "cut off"),
    "long-curve": (icc(rgb(struct.pack(">4s4xI", b"curv", 0xFFFFFFFF))), "cut off"),
    "text-for-curve": (icc(rgb(b"text" + bytes(20))), "unknown kind b'text'"),
    "unknown-function": (icc(rgb(para(5, 1))), "unknown function 5"),
    "cut-function": (icc(rgb(para(4, 1, 1))), "cut off"),
    "infinite-curve": (icc(rgb(para(0, -1))), "no value at some"),
    "cut-colorant": (icc(rgb(curv()) | {"rXYZ": b"XYZ " + bytes(8)}), "colour rXYZ is cut off"),
    "black-white": (icc(rgb(curv(0, 0))), "white has the luminance 0"),
    "black-grey": (icc({"kTRC": curv(65535, 0)}, pixels="GRAY"), "white has the luminance 0"),
    "broken-table": (icc({"A2B0": b"mft2" + bytes(60)}, connection="Lab "), "LittleCMS cannot use it"),
    "cut-table": (icc({"A2B0": read_icc(scanner()).tags["A2B0"][:500]}, connection="Lab "), "LittleCMS cannot use it"),
}


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("asked", [result_profile, lambda data: colour_space(data, np.zeros((1, 1), np.uint8))])
def test_a_profile_that_cannot_be_used_is_refused_with_what_to_do(
    asked: Callable[[bytes], object], data: bytes, reason: str
):
    with pytest.raises(ImageError, match=f"(?s){reason}.*taken as sRGB"):
        asked(data)


@pytest.mark.parametrize("data", ["sRGB", None, 3, Path("profile.icc")])
def test_what_is_no_bytes_is_refused(data):
    with pytest.raises(ImageError, match="profile is a"):
        result_profile(data)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_other_kinds_of_bytes_are_as_good(kind):
    assert result_profile(kind(ADOBE_RGB)) == ADOBE_RGB


def test_what_follows_a_profile_is_left_out():
    assert result_profile(ADOBE_RGB + bytes(3)) == ADOBE_RGB


MUTATE = """
import sys
import numpy as np
from photochrom import ImageError
from photochrom.painting.painting import Painting
from photochrom.colour.profile import colour_space

seed = open(sys.argv[1], "rb").read()
random = np.random.default_rng(0)
bgr = random.integers(0, 256, (2, 3, 3), np.uint8)
outcome = {True: 0, False: 0}
for _ in range(400):
    data = bytearray(seed)
    for _ in range(random.integers(1, 5)):
        position = int(random.integers(len(data)) if random.random() < 0.5 else random.integers(128, 260))
        data[position] = random.integers(256)
    try:
        space = colour_space(bytes(data), bgr)
    except ImageError:
        outcome[False] += 1
        continue
    assert ((y := space.luminance(bgr)) >= 0).all() and (y <= 1).all()
    out = np.zeros_like(bgr)
    chroma, guide = np.full((2, 3, 3), 30, np.float32), np.full((3, 3), 50, np.float32)
    Painting(bgr, chroma, guide, space=space, strength=0.5).whole(out)
    outcome[True] += 1
print(outcome[True], outcome[False])
"""


@named({"table": scanner(5), "curves": icc(rgb(curv(), SRGB_CURVE, DOT_GAIN))})
def test_damaged_profiles_never_crash(data, tmp_path):
    path = tmp_path / "profile.icc"
    path.write_bytes(data)

    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", MUTATE, str(path)], capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr
    assert min(map(int, run.stdout.split())) > 20


def test_littlecms_is_loaded_for_tables_of_colours_alone():
    program = f"""
import sys
import numpy as np
from photochrom.colour.profile import colour_space, result_profile
space = colour_space({ADOBE_RGB!r}, np.zeros((2, 2), np.uint8))
space.luminance(np.zeros((2, 2), np.uint8))
assert "imagecodecs" not in sys.modules
colour_space({scanner(3)!r}, np.zeros((2, 2), np.uint8))
assert "imagecodecs" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
