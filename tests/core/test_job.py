"""Jobs: every photograph is done or named, and nothing begins with a bad network."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from cv2.typing import MatLike

from photochrom.colorizer import Colorizer
from photochrom.device import opencv_devices
from photochrom.errors import DeviceError, JobError, ModelError
from photochrom.imageio import read_image, write_image
from photochrom.job import ColorizeJob, Progress, run_job
from photochrom.metadata import Metadata


def photograph(dtype: type[np.generic] = np.uint8, channels: int = 1, seed: int = 0) -> MatLike:
    """Soft blobs of grey, and noise for alpha."""
    rng = np.random.default_rng(seed)
    grey = cv2.resize(rng.random((4, 5), np.float32), (50, 40), interpolation=cv2.INTER_CUBIC).clip(0.1, 0.9)
    white = {np.uint8: 255, np.uint16: 65535, np.float32: 1}[dtype]
    planes = [grey] * min(channels, 3) + [rng.random(grey.shape, np.float32)] * (channels == 4)
    return (np.dstack(planes) * white).astype(dtype)


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A folder with a photograph of each kind."""
    folder = tmp_path / "album"
    write_image(folder / "a.jpg", photograph(seed=1))
    write_image(folder / "1920" / "b.png", photograph(np.uint16, seed=2))
    write_image(folder / "1920" / "c.tif", photograph(np.float32, 3, seed=3))
    write_image(folder / "d.png", photograph(np.uint8, 4, seed=4))
    return folder


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_every_photograph_comes_out_as_the_colorizer_makes_it(album: Path, tmp_path: Path, model: Path):
    before = {name: (album / name).read_bytes() for name in files(album)}
    report = run_job(ColorizeJob(inputs=(album,), output=tmp_path / "out", model=model))
    assert files(tmp_path / "out") == files(album) == sorted(before)
    assert (len(report.done), report.failures, report.remaining) == (4, (), 0)
    assert (report.device, report.engine) == (Colorizer(model).device, "opencv")
    colorizer = Colorizer(model)
    for name in ("1920/b.png", "1920/c.tif", "d.png"):
        expected = colorizer.colorize(read_image(album / name).pixels)
        written = read_image(tmp_path / "out" / name).pixels
        assert written.dtype == expected.dtype
        assert np.array_equal(written, expected)
    assert np.ptp(read_image(tmp_path / "out" / "a.jpg").pixels.astype(int), axis=2).mean() > 5, "it is still grey"
    assert {name: (album / name).read_bytes() for name in files(album)} == before


def test_confidence_maps_hold_the_confidence_in_grey(album: Path, tmp_path: Path, model: Path):
    run_job(ColorizeJob(inputs=(album,), output=tmp_path / "out", confidence_output=tmp_path / "maps", model=model))
    assert files(tmp_path / "maps") == ["1920/b.png.png", "1920/c.tif.png", "a.jpg.png", "d.png.png"]
    written = read_image(tmp_path / "maps" / "1920" / "b.png.png").pixels
    result = Colorizer(model).predict(read_image(album / "1920" / "b.png").pixels)
    assert written.dtype == np.uint8
    assert np.array_equal(written, np.rint(result.confidence * 255))
    assert np.array_equal(read_image(tmp_path / "out" / "1920" / "b.png").pixels, result.image)


def test_a_photograph_with_or_without_a_map_has_the_same_colours(album: Path, tmp_path: Path, model: Path):
    for out, maps in ((tmp_path / "one", None), (tmp_path / "two", tmp_path / "maps")):
        run_job(ColorizeJob(inputs=(album,), output=out, confidence_output=maps, model=model))
    for name in files(album):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_saturation_scales_the_colours_down_to_grey(album: Path, tmp_path: Path, model: Path):
    spread = []
    for saturation in (0.0, 0.5, 1.0):
        out = tmp_path / f"{saturation}.png"
        run_job(ColorizeJob(inputs=(album / "1920" / "b.png",), output=out, model=model, saturation=saturation))
        spread.append(np.ptp(read_image(out).pixels.astype(int), axis=2).mean())
    assert spread[0] <= 1
    assert spread[0] < spread[1] < spread[2]


def test_broken_photographs_are_named_and_the_others_done(album: Path, tmp_path: Path, model: Path):
    (album / "b broken.jpg").write_bytes((album / "a.jpg").read_bytes()[:-20])
    (album / "c empty.png").write_bytes(b"")
    write_image(album / "d bright.tif", photograph(np.float32, 3) * np.float32(3))
    report = run_job(ColorizeJob(inputs=(album, tmp_path / "gone.jpg"), output=tmp_path / "out", model=model))
    assert len(report.done) == 4
    assert files(tmp_path / "out") == ["1920/b.png", "1920/c.tif", "a.jpg", "d.png"]
    reasons = {failure.source.name: failure.reason for failure in report.failures}
    assert sorted(reasons) == ["b broken.jpg", "c empty.png", "d bright.tif", "gone.jpg"]
    for failure in report.failures:
        assert failure.reason.startswith(f"{failure.source}: ")
    assert "cut off" in reasons["b broken.jpg"]
    assert "[0, 1]" in reasons["d bright.tif"]


def test_what_cannot_be_written_is_a_failure_too(album: Path, tmp_path: Path, model: Path):
    report = run_job(ColorizeJob(inputs=(album / "1920" / "b.png",), output=tmp_path / "o.jpg", model=model))
    assert "o.jpg: JPEG holds uint8, and this picture is uint16" in report.failures[0].reason
    assert not (tmp_path / "o.jpg").exists()


def test_too_little_memory_for_one_photograph_is_a_failure_of_that_one(
    album: Path, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
):
    def read(path: Path) -> object:
        if path.name == "a.jpg":
            raise MemoryError
        return read_image(path)

    monkeypatch.setattr("photochrom.job.read_image", read)
    report = run_job(ColorizeJob(inputs=(album,), output=tmp_path / "out", model=model))
    assert len(report.done) == 3
    assert report.failures[0].reason == f"{album / 'a.jpg'}: there is not enough memory for it"


def test_the_copy_of_a_lying_photograph_stands_and_keeps_its_facts(tmp_path: Path, model: Path):
    lying = b"II*\0\x08\0\0\0\x02\0\x0f\x01\x02\0\x04\0\0\0Abc\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    write_image(tmp_path / "in.jpg", photograph(), metadata=Metadata(exif=lying))
    run_job(ColorizeJob(inputs=(tmp_path / "in.jpg",), output=tmp_path / "out.jpg", model=model))
    copy = read_image(tmp_path / "out.jpg")
    assert copy.pixels.shape == (50, 40, 3)
    assert copy.metadata.exif == lying.replace(b"\x01\0\0\0\x06", b"\x01\0\0\0\x01")


def test_a_bad_network_or_device_ends_the_job_before_anything_is_written(album: Path, tmp_path: Path, model: Path):
    with pytest.raises(ModelError):
        run_job(ColorizeJob(inputs=(album,), output=tmp_path / "out", model=tmp_path / "none.onnx"))
    if "cuda" not in opencv_devices():
        with pytest.raises(DeviceError):
            run_job(ColorizeJob(inputs=(album,), output=tmp_path / "out", model=model, device="cuda"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("saturation", [-0.1, 10.1, float("nan"), float("inf")])
def test_a_saturation_that_makes_no_sense_is_refused(saturation: float):
    with pytest.raises(JobError, match="give a number from 0"):
        ColorizeJob(inputs=(Path("a.jpg"),), output=Path("out"), saturation=saturation)


def test_a_job_without_inputs_is_refused():
    with pytest.raises(JobError, match="at least one input"):
        ColorizeJob(inputs=(), output=Path("out"))


def test_progress_counts_every_photograph_and_tells_of_failures(album: Path, tmp_path: Path, model: Path):
    (album / "b.jpg").write_bytes(b"no image")
    steps: list[Progress] = []
    run_job(ColorizeJob(inputs=(album,), output=tmp_path / "out", model=model), steps.append)
    assert [(step.finished, step.total) for step in steps] == [(count, 5) for count in range(6)]
    assert [step.failure.source.name for step in steps if step.failure] == ["b.jpg"]


def test_a_cancelled_job_keeps_what_is_done_and_counts_the_rest(album: Path, tmp_path: Path, model: Path):
    steps: list[Progress] = []
    job = ColorizeJob(inputs=(album,), output=tmp_path / "out", model=model)
    report = run_job(job, steps.append, cancelled=lambda: steps[-1].finished == 2)
    assert (len(report.done), report.remaining) == (2, 2)
    assert files(tmp_path / "out") == sorted(str(task.target.relative_to(tmp_path / "out")) for task in report.done)


def test_an_interrupt_in_the_middle_of_writing_leaves_no_part_of_a_file(
    album: Path, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
):
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_job(ColorizeJob(inputs=(album,), output=tmp_path / "out", model=model))
    assert files(tmp_path / "out") == []
