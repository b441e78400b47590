"""The benchmark measures every step of every case, tells of failures, and leaves nothing behind."""

import json
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from photochrom import JobError
from photochrom.bench import measurement
from photochrom.bench.bench import BenchOptions, BenchProgress, run_bench, size_of
from photochrom.bench.case import Case, Kind
from photochrom.bench.made_up import make_photograph
from photochrom.bench.measurement import peak_memory

STEPS = ("decode", "prepare", "network", "enlarge", "merge", "encode", "write")


def test_every_case_is_measured_and_told(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    options = BenchOptions(megapixels=(0.01,), kinds=("colour-png16",), repeats=1, model=str(model), device="cpu")
    told: list[BenchProgress] = []

    report = run_bench(options, told.append)

    (case,) = report.cases
    assert (case.kind, case.width, case.height) == ("colour-png16", 115, 87)
    assert all(getattr(case, step) > 0 for step in STEPS if step != "merge")
    assert case.merge >= 0
    assert case.decode + case.encode_alone == case.alone
    assert case.total / case.alone == case.ratio > 0
    assert 10_000_000 < case.memory_alone < case.memory < 1_000_000_000
    assert case.source_bytes > 1000
    assert case.copy_bytes > 1000
    assert report.start > 0
    assert told == [
        BenchProgress(finished=0, total=1, now="colour-png16 0.01 MP"),
        BenchProgress(finished=1, total=1, now=""),
    ]
    assert set(tmp_path.iterdir()) == before

    tables = report.to_markdown()
    assert tables.count("\n| colour-png16 0.01 |") == 2
    assert cv2.__version__ in tables
    record = json.loads(report.to_json())
    assert record["cases"][0]["memory"] == case.memory
    assert {*STEPS, "total"} <= set(record["cases"][0])


def test_what_goes_wrong_in_a_process_is_told(tmp_path: Path):
    options = BenchOptions(megapixels=(0.01,), repeats=1, model=str(tmp_path / "none.onnx"))

    with pytest.raises(JobError, match=r"grey-jpeg of 115 x 87 pixels cannot be measured: .*none\.json: no such file"):
        run_bench(options)


@pytest.mark.parametrize("megapixels", [(), (0.0,), (1, 1000), (float("nan"),)])
def test_sizes_that_cannot_be_measured_are_refused(megapixels):
    with pytest.raises(JobError, match="give"):
        BenchOptions(megapixels=megapixels)


def test_less_than_one_repeat_is_refused():
    with pytest.raises(JobError, match="repeats is 0; give 1 or more"):
        BenchOptions(repeats=0)


def test_sizes_are_as_many_pixels_as_asked_for():
    for megapixels in (0.01, 1, 12, 100):
        width, height = size_of(megapixels)
        assert width * height / 1e6 == pytest.approx(megapixels, rel=0.01)
        assert width / height == pytest.approx(4 / 3, rel=0.02)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("colour", [False, True])
def test_made_up_photographs_are_always_the_same_and_use_the_whole_range(colour, dtype):
    photograph = make_photograph(300, 200, colour=colour, dtype=np.dtype(dtype))

    assert photograph.dtype == dtype
    assert photograph.shape == ((200, 300, 3) if colour else (200, 300))
    np.testing.assert_array_equal(photograph, make_photograph(300, 200, colour=colour, dtype=np.dtype(dtype)))
    white = 1 if dtype == np.float32 else np.iinfo(dtype).max
    low, high = np.percentile(photograph, (5, 95)) / white
    assert low < 0.3
    assert high > 0.6


def test_a_file_of_a_made_up_photograph_is_as_large_as_that_of_a_real_one():
    photograph = make_photograph(2000, 1500, colour=False, dtype=np.dtype(np.uint8))

    encoded = cv2.imencode(".jpg", photograph, [cv2.IMWRITE_JPEG_QUALITY, 90])[1]

    assert 1 < len(encoded) * 8 / photograph.size < 3  # the samples of this repository have 1.3 to 2.2


@pytest.mark.parametrize("kind", ["grey-jpeg", "colour-jpeg", "grey-png", "colour-png", "grey-tiff16", "colour-tiff16"])
def test_photographs_are_of_the_kind_asked_for(kind: Kind, tmp_path: Path):
    case = Case(
        kind=kind, width=64, height=48, folder=str(tmp_path), repeats=1, model="", device="cpu", engine="opencv"
    )

    measurement.make(case)

    pixels = cv2.imread(str(case.source), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    assert pixels.shape == ((48, 64, 3) if kind.startswith("colour") else (48, 64))
    assert pixels.dtype == (np.uint16 if kind.endswith("16") else np.uint8)


def test_peak_memory_grows_with_what_is_taken():
    before = peak_memory()

    taken = np.ones(max(400_000_000, before), np.uint8)

    assert peak_memory() > 0.9 * taken.nbytes
