"""Conversions: every photograph is done, skipped or named, in whatever order they end."""

import os
import re
import stat
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from cv2.typing import MatLike

import photochrom
from photochrom import Colorizer, ConvertOptions, Progress, Shard, convert
from photochrom.errors import DeviceError, JobError, ModelError
from photochrom.files.imageio import read_image, write_image
from photochrom.files.metadata import Metadata
from photochrom.networks.device import opencv_devices
from photochrom.painting.painting import Painting


def photograph(dtype: type[np.generic] = np.uint8, channels: int = 1, seed: int = 0) -> MatLike:
    """Soft blobs of grey, and noise for alpha."""
    rng = np.random.default_rng(seed)
    grey = cv2.resize(rng.random((4, 5), np.float32), (50, 40), interpolation=cv2.INTER_CUBIC).clip(0.1, 0.9)
    white = {np.uint8: 255, np.uint16: 65535, np.float32: 1}[dtype]
    planes = [grey] * min(channels, 3) + [rng.random(grey.shape, np.float32)] * (channels == 4)
    return (np.dstack(planes) * white).astype(dtype)


def files(folder: Path) -> dict[str, bytes]:
    """What is in a folder, hidden files too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


NAMES = ["1920/b.png", "1920/c.tif", "a.jpg", "d.png"]


def test_every_photograph_comes_out_as_the_colorizer_makes_it(album: Path, tmp_path: Path, options: ConvertOptions):
    before = files(album)
    report = convert([album], tmp_path / "out", options)
    assert list(files(tmp_path / "out")) == NAMES
    assert [str(result.source.relative_to(album)) for result in report.results] == ["a.jpg", "d.png", *NAMES[:2]]
    assert {result.status for result in report.results} == {"done"}
    assert all((result.width, result.height) == (50, 40) and result.seconds > 0 for result in report.results)
    colorizer = Colorizer(options.model)
    assert (report.model, report.device, report.engine) == ("tiny 1.0", colorizer.device, "opencv")
    assert (report.remaining, report.passed_over) == (0, 0)
    for name in ("1920/b.png", "1920/c.tif", "d.png"):
        expected = colorizer.colorize(read_image(album / name).pixels)
        written = read_image(tmp_path / "out" / name).pixels
        assert written.dtype == expected.dtype
        assert np.array_equal(written, expected)
    assert np.ptp(read_image(tmp_path / "out" / "a.jpg").pixels.astype(int), axis=2).mean() > 5, "it is still grey"
    assert files(album) == before


def test_one_path_or_text_will_do(album: Path, tmp_path: Path, options: ConvertOptions):
    maps = replace(options, confidence_output=str(tmp_path / "sure.png"))  # type: ignore[arg-type]
    report = photochrom.convert(str(album / "a.jpg"), str(tmp_path / "o.png"), maps)
    assert report.count("done") == 1
    assert (tmp_path / "o.png").is_file()
    assert (tmp_path / "sure.png").is_file()


def test_a_crowd_of_workers_writes_the_same_bytes_as_one(tmp_path: Path, options: ConvertOptions):
    for number in range(24):
        write_image(tmp_path / "in" / f"{number:02}.png", photograph(channels=1 + 2 * (number % 2), seed=number))
    out = {}
    for workers in (1, 7):
        changed = replace(options, workers=workers, confidence_output=tmp_path / f"maps{workers}", preview_side=30)
        report = convert(tmp_path / "in", tmp_path / f"out{workers}", changed)
        assert [result.source.name for result in report.results] == [f"{number:02}.png" for number in range(24)]
        out[workers] = files(tmp_path / f"out{workers}") | files(tmp_path / f"maps{workers}")
    assert len(out[1]) == 48
    assert out[1] == out[7]


def test_confidence_maps_hold_the_confidence_in_grey(album: Path, tmp_path: Path, options: ConvertOptions):
    convert(album, tmp_path / "out", replace(options, confidence_output=tmp_path / "maps"))
    assert list(files(tmp_path / "maps")) == ["1920/b.png.png", "1920/c.tif.png", "a.jpg.png", "d.png.png"]
    written = read_image(tmp_path / "maps" / "1920" / "b.png.png").pixels
    result = Colorizer(options.model).predict(read_image(album / "1920" / "b.png").pixels)
    assert written.dtype == np.uint8
    assert np.array_equal(written, np.rint(result.confidence * 255))
    assert np.array_equal(read_image(tmp_path / "out" / "1920" / "b.png").pixels, result.image)


def test_a_photograph_with_or_without_a_map_has_the_same_colours(album: Path, tmp_path: Path, options: ConvertOptions):
    convert(album, tmp_path / "one", options)
    convert(album, tmp_path / "two", replace(options, confidence_output=tmp_path / "maps"))
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_choices_about_the_colours_reach_them(album: Path, tmp_path: Path, options: ConvertOptions):
    source = album / "1920" / "c.tif"
    pixels = read_image(source).pixels
    for number, choice in enumerate(({"strength": 0.3}, {"saturation": 0.5}, {"fade_uncertain": 1.0})):
        out = tmp_path / f"{number}.tif"
        convert(source, out, replace(options, **choice))  # type: ignore[arg-type]
        expected = Colorizer(options.model).colorize(pixels, **choice)  # type: ignore[call-overload]
        assert np.array_equal(read_image(out).pixels, expected)
        assert not np.array_equal(expected, Colorizer(options.model).colorize(pixels))


def test_a_format_for_all_copies_changes_their_suffix(album: Path, tmp_path: Path, options: ConvertOptions):
    report = convert(album, tmp_path / "out", replace(options, suffix=".tif"))
    assert list(files(tmp_path / "out")) == ["1920/b.tif", "1920/c.tif", "a.tif", "d.tif"]
    assert not report.failures


def test_quality_decides_the_size_of_a_jpeg(album: Path, tmp_path: Path, options: ConvertOptions):
    sizes = []
    for quality in (30, 95):
        convert(album / "a.jpg", tmp_path / f"{quality}.jpg", replace(options, quality=quality))
        sizes.append((tmp_path / f"{quality}.jpg").stat().st_size)
    assert sizes[0] < sizes[1]


def test_broken_photographs_are_named_and_the_others_done(album: Path, tmp_path: Path, options: ConvertOptions):
    (album / "b broken.jpg").write_bytes((album / "a.jpg").read_bytes()[:-20])
    (album / "c empty.png").write_bytes(b"")
    (album / "d.tif").write_bytes(b"II*\0" + b"\xff" * 100)
    report = convert([album, tmp_path / "gone.jpg"], tmp_path / "out", options)
    assert report.count("done") == 4
    assert list(files(tmp_path / "out")) == NAMES
    reasons = {failure.source.name: failure.reason for failure in report.failures}
    assert list(reasons) == ["b broken.jpg", "c empty.png", "d.tif", "gone.jpg"], "not in the order of the inputs"
    for failure in report.failures:
        assert failure.reason.startswith(f"{failure.source}: ")
    assert "cut off" in reasons["b broken.jpg"]
    assert "empty" in reasons["c empty.png"]


def test_what_cannot_be_written_is_a_failure_that_names_the_output(
    album: Path, tmp_path: Path, options: ConvertOptions
):
    (failure,) = convert(album / "1920" / "b.png", tmp_path / "o.jpg", options).failures
    assert failure.reason.startswith(f"{tmp_path / 'o.jpg'}: JPEG holds uint8, and this picture is uint16")
    assert not (tmp_path / "o.jpg").exists()


def test_a_photograph_that_vanishes_before_it_is_read_is_a_failure_of_that_one(
    album: Path, tmp_path: Path, options: ConvertOptions
):
    def vanish(progress: Progress) -> None:
        if progress.finished == 0:
            (album / "d.png").unlink()

    report = convert(album, tmp_path / "out", options, vanish)
    (failure,) = report.failures
    assert failure.reason == f"{album / 'd.png'}: cannot be read: No such file or directory"
    assert report.count("done") == 3


def test_a_full_disk_is_a_failure_of_each_and_leaves_nothing(
    album: Path, tmp_path: Path, options: ConvertOptions, monkeypatch: pytest.MonkeyPatch
):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    report = convert(album, tmp_path / "out", options)
    assert [failure.reason.split(": ", 1)[1] for failure in report.failures] == [
        "cannot be written: No space left on device"
    ] * 4
    assert files(tmp_path / "out") == {}


def test_a_network_that_fails_in_the_middle_fails_those_photographs_alone(
    album: Path, tmp_path: Path, options: ConvertOptions, monkeypatch: pytest.MonkeyPatch
):
    predict, calls = Colorizer.paint, iter(range(10))

    def fail_twice(self: Colorizer, src: MatLike, *, profile: bytes, **choices: float) -> Painting:
        if next(calls) in (1, 2):
            raise ModelError("tiny.onnx on cpu: broke")
        return predict(self, src, profile=profile, **choices)

    monkeypatch.setattr(Colorizer, "paint", fail_twice)
    report = convert(album, tmp_path / "out", replace(options, workers=1))
    assert [result.status for result in report.results] == ["done", "failed", "failed", "done"]
    assert report.failures[0].reason == f"{album / 'd.png'}: tiny.onnx on cpu: broke"


def test_too_little_memory_for_one_photograph_is_a_failure_of_that_one(
    album: Path, tmp_path: Path, options: ConvertOptions, monkeypatch: pytest.MonkeyPatch
):
    def read(path: Path) -> bytearray:
        if path.name == "a.jpg":
            raise MemoryError
        return bytearray(path.read_bytes())

    monkeypatch.setattr("photochrom.conversion.converter.read_bytes", read)
    report = convert(album, tmp_path / "out", options)
    assert report.count("done") == 3
    assert report.failures[0].reason == f"{album / 'a.jpg'}: there is not enough memory for it"


def test_outputs_that_exist_are_refused_skipped_or_replaced(album: Path, tmp_path: Path, options: ConvertOptions):
    out = tmp_path / "out"
    write_image(out / "a.jpg", photograph(seed=9))
    old = (out / "a.jpg").read_bytes()
    report = convert(album, out, options)
    assert [result.status for result in report.results] == ["failed", "done", "done", "done"]
    assert "exists already" in report.failures[0].reason
    report = convert(album, out, replace(options, existing="skip"))
    assert [result.status for result in report.results] == ["skipped"] * 4
    assert (out / "a.jpg").read_bytes() == old
    report = convert(album, out, replace(options, existing="overwrite"))
    assert [result.status for result in report.results] == ["done"] * 4
    assert (out / "a.jpg").read_bytes() != old


def test_an_output_that_comes_to_be_meanwhile_is_not_replaced(album: Path, tmp_path: Path, options: ConvertOptions):
    def come_first(progress: Progress) -> None:
        if progress.finished == 0:
            (tmp_path / "out").mkdir(exist_ok=True)
            (tmp_path / "out" / "a.jpg").write_bytes(b"mine")

    for existing, status in (("refuse", "failed"), ("skip", "skipped")):
        report = convert(album / "a.jpg", tmp_path / "out", replace(options, existing=existing), come_first)  # type: ignore[arg-type]
        assert [result.status for result in report.results] == [status]
        assert files(tmp_path / "out") == {"a.jpg": b"mine"}
        (tmp_path / "out" / "a.jpg").unlink()


def test_a_run_that_was_broken_off_is_completed_to_the_same_bytes(album: Path, tmp_path: Path, options: ConvertOptions):
    maps = replace(options, confidence_output=tmp_path / "whole" / "maps")
    convert(album, tmp_path / "whole" / "out", maps)
    whole = files(tmp_path / "whole")
    for name in ("out/a.jpg", "maps/d.png.png", "out/1920/c.tif", "maps/1920/c.tif.png"):
        (tmp_path / "whole" / name).unlink()
    (tmp_path / "whole" / "out" / ".photochrom-0123456789abcdef.part").write_bytes(b"half")
    report = convert(album, tmp_path / "whole" / "out", replace(maps, existing="skip"))
    assert [result.status for result in report.results] == ["done", "done", "skipped", "done"]
    assert files(tmp_path / "whole") == whole


def test_the_shares_of_several_machines_make_the_whole(album: Path, tmp_path: Path, options: ConvertOptions):
    counts = []
    for number in (1, 2, 3):
        report = convert(album, tmp_path / "out", replace(options, shard=Shard(number=number, count=3)))
        counts.append(len(report.results))
        assert report.count("done") == len(report.results)
    assert sum(counts) == 4
    assert list(files(tmp_path / "out")) == NAMES


def test_the_copy_of_a_lying_photograph_stands_and_keeps_its_facts(tmp_path: Path, options: ConvertOptions):
    lying = b"II*\0\x08\0\0\0\x02\0\x0f\x01\x02\0\x04\0\0\0Abc\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    write_image(tmp_path / "in.jpg", photograph(), metadata=Metadata(exif=lying))
    (result,) = convert(tmp_path / "in.jpg", tmp_path / "out.jpg", options).results
    copy = read_image(tmp_path / "out.jpg")
    assert copy.pixels.shape == (50, 40, 3)
    assert (result.width, result.height) == (40, 50)
    assert b"Abc\0" in copy.metadata.exif


def test_a_bad_network_or_device_ends_it_before_anything_is_written(
    album: Path, tmp_path: Path, options: ConvertOptions
):
    with pytest.raises(ModelError):
        convert(album, tmp_path / "out", replace(options, model=tmp_path / "none.onnx"))
    if "cuda" not in opencv_devices():
        with pytest.raises(DeviceError):
            convert(album, tmp_path / "out", replace(options, device="cuda"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("choice", "value"),
    [
        ("saturation", -0.1),
        ("saturation", float("nan")),
        ("strength", 1.1),
        ("fade_uncertain", -1),
        ("quality", 0),
        ("depth", 12),
        ("workers", 0),
        ("memory", 0),
        ("preview_side", 0),
        ("most_reviews", 0),
        ("existing", "Overwrite"),
        ("existing", None),
        ("quality", 95.5),
        ("quality", "95"),
        ("workers", 1.5),
        ("workers", True),
        ("memory", "2G"),
        ("suffix", 1),
        ("shard", (1, 2)),
        ("base", 5),
        ("confidence_output", 3),
    ],
)
def test_choices_that_make_no_sense_are_refused_by_name(choice: str, value: object):
    with pytest.raises(JobError, match=re.escape(f"{choice} is {value!r}; give")):
        ConvertOptions(**{choice: value})  # type: ignore[arg-type]


def test_half_a_share_does_not_exist():
    with pytest.raises(JobError, match=r"shard 1\.5/2 does not exist"):
        Shard(number=1.5, count=2)  # type: ignore[arg-type]


def test_nothing_to_convert_is_refused(tmp_path: Path, options: ConvertOptions):
    with pytest.raises(JobError, match="at least one photograph or folder"):
        convert([], tmp_path / "out", options)


def test_an_empty_name_is_not_the_folder_at_hand(album: Path, options: ConvertOptions, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(album)
    before = files(album)
    for paths, out in (("", "out"), (["a.jpg", ""], "out"), (album, "")):
        with pytest.raises(JobError, match="is empty"):
            convert(paths, out, options)
    with pytest.raises(JobError, match="is empty"):
        replace(options, confidence_output="")  # type: ignore[arg-type]
    assert files(album) == before


def test_an_image_name_with_a_slash_is_taken_for_a_folder_only_where_it_is_one(
    album: Path, tmp_path: Path, options: ConvertOptions
):
    out = f"{tmp_path / 'out.png'}/"
    with pytest.raises(
        JobError, match=r"out\.png/: named as an image, with a slash at its end: make that folder first"
    ):
        convert(album / "a.jpg", out, options)
    with pytest.raises(JobError, match="make that folder first"):
        replace(options, confidence_output=out)  # type: ignore[arg-type]
    assert not Path(out).exists()
    Path(out).mkdir()
    assert not convert(album / "a.jpg", out, options).failures
    assert files(Path(out)).keys() == {"a.jpg"}


def test_an_output_folder_without_permission_fails_before_anything_is_read(
    album: Path, tmp_path: Path, options: ConvertOptions, monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "out"
    out.mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    # Whoever runs the tests may be root, to whom nothing is forbidden.
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != out)
    with pytest.raises(JobError, match="no permission to write"):
        convert(album, out, options)
