"""One photograph: from file to file or from bytes to bytes, in the depth that is wanted, within the memory allowed."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from photochrom import Colorizer, ConvertOptions, convert
from photochrom.conversion.converter import Converter
from photochrom.conversion.system_memory import own_memory
from photochrom.conversion.task import Task
from photochrom.errors import ImageError, JobError
from photochrom.files.decoder import decode_image
from photochrom.files.encoder import encode_image
from photochrom.files.imageio import read_image, write_image


def grey(dtype: type[np.generic] = np.uint8) -> np.ndarray:
    soft = cv2.resize(np.random.default_rng(0).random((4, 5), np.float32), (50, 40), interpolation=cv2.INTER_CUBIC)
    white = {np.uint8: 255, np.uint16: 65535, np.float32: 1}[dtype]
    return (soft.clip(0, 1) * white).astype(dtype)


@pytest.fixture
def options(model: Path) -> ConvertOptions:
    return ConvertOptions(model=model)


def data(suffix: str, pixels: np.ndarray | None = None) -> bytearray:
    return bytearray(encode_image(grey() if pixels is None else pixels, suffix))


def test_one_file_alone_is_converted_as_among_many(tmp_path: Path, options: ConvertOptions):
    write_image(tmp_path / "in" / "a.png", grey())
    task = Task(source=tmp_path / "in" / "a.png", target=tmp_path / "a.png", confidence=None)
    result, preview = Converter(options).convert_file(task)
    assert (result.status, result.target, result.width, result.height) == ("done", tmp_path / "a.png", 50, 40)
    assert preview is None
    convert(tmp_path / "in", tmp_path / "out", options)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "out" / "a.png").read_bytes()
    result, _ = Converter(options).convert_file(task)
    assert result.status == "failed"
    assert "exists already" in result.reason


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".bmp", ".ppm"])
def test_bytes_become_the_file_that_would_have_been_written(tmp_path: Path, options: ConvertOptions, suffix: str):
    source = data(suffix, np.dstack([grey()] * 3))
    (tmp_path / f"a{suffix}").write_bytes(source)
    convert(tmp_path / f"a{suffix}", tmp_path / f"b{suffix}", options)
    assert bytes(Converter(options).convert_bytes(source)) == (tmp_path / f"b{suffix}").read_bytes()


def test_bytes_come_in_the_format_asked_for(options: ConvertOptions):
    copy = Converter(replace(options, suffix=".tif")).convert_bytes(data(".jpg"))
    assert bytes(copy[:4]) in (b"II*\0", b"MM\0*")


def test_a_format_that_cannot_be_written_becomes_png(options: ConvertOptions):
    done, gif = cv2.imencode(".gif", np.dstack([grey()] * 3))
    assert done
    assert bytes(Converter(options).convert_bytes(bytearray(gif))[:4]) == b"\x89PNG"


def test_the_map_of_bytes_goes_into_the_file_named(tmp_path: Path, options: ConvertOptions):
    maps = replace(options, confidence_output=tmp_path / "sure.png")
    copy = Converter(maps).convert_bytes(data(".png"))
    expected = Colorizer(options.model).predict(grey())
    assert np.array_equal(decode_image(bytearray(copy)).pixels, expected.image)
    assert np.array_equal(read_image(tmp_path / "sure.png").pixels, np.rint(expected.confidence * 255))
    with pytest.raises(ImageError, match=r"sure\.png: exists already"):
        Converter(maps).convert_bytes(data(".png"))


@pytest.mark.parametrize("broken", [b"", b"no image", bytes(data(".png")[:-20])])
def test_bytes_that_are_no_picture_are_refused(options: ConvertOptions, broken: bytes):
    with pytest.raises(ImageError):
        Converter(options).convert_bytes(bytearray(broken))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("depth", [8, 16])
def test_copies_come_in_the_depth_asked_for(options: ConvertOptions, dtype: type[np.generic], depth: int):
    pixels = grey(dtype)
    converter = Converter(replace(options, depth=depth, suffix=".tif"))  # type: ignore[arg-type]
    copy = decode_image(bytearray(converter.convert_bytes(data(".tif", pixels)))).pixels
    white = 2**depth - 1
    assert copy.dtype == np.dtype(f"uint{depth}")
    source_white = {np.uint8: 255, np.uint16: 65535, np.float32: 1}[dtype]
    exact = Colorizer(options.model).colorize((pixels / source_white).astype(np.float32))
    step = 1 if depth == 8 or dtype == np.uint8 else 3
    assert np.abs(copy / white - exact).max() <= (step + 0.01) / white


def test_colours_of_16_bits_from_8_have_values_in_between(options: ConvertOptions):
    converter = Converter(replace(options, depth=16))
    copy = decode_image(bytearray(converter.convert_bytes(data(".png")))).pixels
    assert (copy % 257 != 0).mean() > 0.5


def test_a_photograph_that_alone_needs_more_than_the_limit_fails_and_says_how_much(
    tmp_path: Path, options: ConvertOptions
):
    write_image(tmp_path / "in" / "large.png", np.zeros((4000, 6000), np.uint8))
    write_image(tmp_path / "in" / "small.png", grey())
    limit = own_memory() + 100_000_000
    report = convert(tmp_path / "in", tmp_path / "out", replace(options, memory=limit))
    (failure,) = report.failures
    assert failure.reason.startswith(f"{tmp_path / 'in' / 'large.png'}: it takes ")
    assert " MB of memory, and the limit leaves " in failure.reason
    assert "--memory" in failure.reason
    assert report.count("done") == 1
    with pytest.raises(ImageError, match="--memory"):
        Converter(replace(options, memory=limit)).convert_bytes(data(".png", np.zeros((4000, 6000), np.uint8)))


def test_without_a_limit_a_large_photograph_is_done_alone(
    tmp_path: Path, options: ConvertOptions, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("photochrom.conversion.memory.free_memory", lambda: 1000)
    for number in range(4):
        write_image(tmp_path / "in" / f"{number}.png", grey())
    assert convert(tmp_path / "in", tmp_path / "out", replace(options, workers=4)).count("done") == 4


def test_a_limit_below_what_the_program_takes_begins_nothing(tmp_path: Path, options: ConvertOptions):
    write_image(tmp_path / "a.png", grey())
    with pytest.raises(JobError, match=r"the memory limit is 10 MB, and the program with its network takes"):
        convert(tmp_path / "a.png", tmp_path / "b.png", replace(options, memory=10_000_000))
    assert not (tmp_path / "b.png").exists()
