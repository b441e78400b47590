"""Conversions on a cluster whose machines die."""

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from tests.ray.conftest import LocalCluster

import photochrom
from photochrom import ConvertOptions, ConvertReport, JobError, ModelError, Progress, convert
from photochrom.cluster.convert_on_ray import convert_on_ray

SAMPLE = Path(__file__).parents[2] / "samples" / "raccoon.jpg"
OPTIONS = ConvertOptions(device="cpu")


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Fifteen small photographs of two formats, one of them in a folder, and a broken one."""
    photograph = cv2.imread(str(SAMPLE), cv2.IMREAD_GRAYSCALE)
    assert photograph is not None
    folder = tmp_path / "album"
    (folder / "below").mkdir(parents=True)
    for number in range(15):
        small = cv2.resize(photograph, (320 + number, 240), interpolation=cv2.INTER_AREA)
        assert cv2.imwrite(str(folder / f"{number:02d}.{'png' if number % 4 else 'jpg'}"), small)
    (folder / "14.png").rename(folder / "below" / "14.png")
    (folder / "broken.jpg").write_bytes((folder / "00.jpg").read_bytes()[:500])
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def outcomes(report: ConvertReport) -> list[tuple[Path, str, str]]:
    return [(result.source, result.status, result.reason) for result in report.results]


def test_where_nobody_listens_there_is_no_cluster(album: Path, tmp_path: Path):
    with pytest.raises(JobError, match=r"no Ray cluster to be had at '127\.0\.0\.1:1': .*Connection refused"):
        convert_on_ray(album, tmp_path / "out", OPTIONS, address="127.0.0.1:1")
    assert not (tmp_path / "out").exists()


def test_a_machine_that_is_killed_in_the_middle_costs_nothing(cluster: LocalCluster, album: Path, tmp_path: Path):
    options = replace(OPTIONS, confidence_output=tmp_path / "maps", preview_side=64)
    seen: list[Progress] = []

    def on_progress(progress: Progress) -> None:
        seen.append(progress)
        if progress.finished == 4:
            cluster.kill_one()

    report = convert_on_ray([album], tmp_path / "out", options, on_progress, address=cluster.address)
    expected = convert([album], tmp_path / "expected", replace(OPTIONS, confidence_output=tmp_path / "expected-maps"))
    assert outcomes(report) == outcomes(expected)
    assert (report.count("done"), report.count("failed"), report.remaining) == (15, 1, 0)
    assert (report.model, report.device, report.engine) == (expected.model, expected.device, expected.engine)
    assert contents(tmp_path / "out") == contents(tmp_path / "expected")
    assert contents(tmp_path / "maps") == contents(tmp_path / "expected-maps")
    assert [progress.finished for progress in seen] == list(range(17))
    ends = [(progress.result.status, progress.preview is not None) for progress in seen if progress.result]
    assert sorted(ends) == [("done", True)] * 15 + [("failed", False)]

    again = convert_on_ray(
        [album], tmp_path / "out", replace(options, existing="skip", preview_side=None), address=cluster.address
    )
    assert (again.count("skipped"), again.count("failed"), again.remaining) == (15, 1, 0)
    assert contents(tmp_path / "out") == contents(tmp_path / "expected")


@pytest.mark.usefixtures("connected")
def test_a_photograph_that_kills_whoever_converts_it_fails_alone(
    album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("photochrom.cluster.run._ATTEMPTS", 2)
    (album / "03.png").rename(album / "deadly.png")
    report = convert_on_ray(album, tmp_path / "out", OPTIONS)
    assert report.count("done") == len(contents(tmp_path / "out")) == 14
    reasons = {failure.source.name: failure.reason for failure in report.failures}
    assert reasons.keys() == {"broken.jpg", "deadly.png"}
    assert reasons["deadly.png"].startswith(f"{album / 'deadly.png'}: lost 2 times with the worker that converted it: ")


@pytest.mark.usefixtures("connected")
def test_a_cancelled_conversion_finishes_what_is_begun(album: Path, tmp_path: Path):
    finished = 0

    def on_progress(progress: Progress) -> None:
        nonlocal finished
        finished = progress.finished

    report = convert_on_ray(album, tmp_path / "out", OPTIONS, on_progress, lambda: finished >= 2)
    assert 0 < report.remaining < 14
    assert report.count("done") == len(contents(tmp_path / "out")) == 16 - report.remaining - report.count("failed")


@pytest.mark.usefixtures("connected")
def test_what_another_program_wrote_meanwhile_is_left_alone(album: Path, tmp_path: Path):
    taken = tmp_path / "out" / "13.png"

    def on_progress(progress: Progress) -> None:
        if progress.finished == 0:
            taken.parent.mkdir()
            taken.write_text("theirs")

    report = convert_on_ray([album / "12.jpg", album / "13.png"], tmp_path / "out", OPTIONS, on_progress)
    assert [result.status for result in report.results] == ["done", "failed"]
    assert report.results[1].reason.startswith(f"{taken}: exists already")
    assert taken.read_text() == "theirs"


@pytest.mark.usefixtures("connected")
def test_a_machine_with_another_version_is_refused(album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    theirs = photochrom.__version__
    monkeypatch.setattr(photochrom, "__version__", "99.0")
    with pytest.raises(JobError, match=rf"machine [\d.]+ has photochrom {theirs}, and this one 99\.0: install"):
        convert_on_ray(album, tmp_path / "out", OPTIONS)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("connected")
def test_what_is_wrong_with_the_network_is_told_as_it_is_without_a_cluster(album: Path, tmp_path: Path):
    models = Path(__file__).parents[2] / "models" / "photochrom_models"
    shutil.copy(models / "colorize.json", tmp_path)
    (tmp_path / "colorize.onnx").write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"^machine [\d.]+: .*colorize\.onnx"):
        convert_on_ray(album, tmp_path / "out", replace(OPTIONS, model=tmp_path / "colorize.onnx"))
    assert not (tmp_path / "out").exists()


def test_the_loss_of_all_machines_is_an_error_that_keeps_what_is_done(
    connected: LocalCluster, album: Path, tmp_path: Path
):
    done: list[str] = []

    def on_progress(progress: Progress) -> None:
        if progress.result is not None and progress.result.status == "done":
            done.append(progress.result.source.name)
        if progress.finished == 3:
            connected.kill_one()
            connected.kill_one()

    with pytest.raises(JobError, match=r"all machines of the Ray cluster are lost, with \d+ photographs still to do"):
        convert_on_ray(album, tmp_path / "out", OPTIONS, on_progress)
    written = contents(tmp_path / "out")
    assert set(done) <= written.keys()
    assert not [name for name in written if name.endswith(".part")]
