"""Conversions that are watched, cancelled or interrupted: what is begun is finished, and files are whole."""

import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from cv2.typing import MatLike

from photochrom import Colorizer, ConvertOptions, Progress, convert
from photochrom.painting.painting import Painting


def files(folder: Path) -> dict[str, bytes]:
    """What is in a folder, hidden files too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


NAMES = ["1920/b.png", "1920/c.tif", "a.jpg", "d.png"]


def test_progress_counts_every_photograph_and_brings_its_result_once(
    album: Path, tmp_path: Path, options: ConvertOptions
):
    (album / "b.jpg").write_bytes(b"no image")
    steps: list[Progress] = []
    threads = set()

    def note(progress: Progress) -> None:
        steps.append(progress)
        threads.add(threading.get_ident())

    report = convert(album, tmp_path / "out", options, note)
    assert [(step.finished, step.total) for step in steps] == [(count, 5) for count in range(6)]
    results = [step.result for step in steps if step.result is not None]
    assert sorted(results, key=lambda result: result.source) == sorted(report.results, key=lambda result: result.source)
    assert threads == {threading.get_ident()}


def test_a_result_is_told_while_later_ones_are_in_work(
    album: Path, tmp_path: Path, options: ConvertOptions, monkeypatch: pytest.MonkeyPatch
):
    told, real = threading.Event(), Colorizer.paint

    def wait_for_the_first(self: Colorizer, src: MatLike, *, profile: bytes, **choices: float) -> Painting:
        if src.ndim == 3:  # c.tif and d.png
            assert told.wait(20)
        return real(self, src, profile=profile, **choices)

    monkeypatch.setattr(Colorizer, "paint", wait_for_the_first)
    report = convert(
        album,
        tmp_path / "out",
        replace(options, workers=2),
        lambda progress: told.set() if progress.finished == 1 else None,
    )
    assert report.count("done") == 4


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("after", range(5))
def test_a_cancelled_conversion_keeps_what_is_done_and_counts_the_rest(
    album: Path, tmp_path: Path, options: ConvertOptions, workers: int, after: int
):
    finished = 0

    def note(progress: Progress) -> None:
        nonlocal finished
        finished = progress.finished

    report = convert(
        album, tmp_path / "out", replace(options, workers=workers), note, cancelled=lambda: finished >= after
    )
    assert report.count("done") + report.remaining == 4
    assert report.count("done") >= after
    written = {str(result.target.relative_to(tmp_path / "out")) for result in report.results if result.target}
    assert set(files(tmp_path / "out") if (tmp_path / "out").exists() else ()) == written


def test_cancelling_is_heard_while_a_photograph_waits_for_memory(
    album: Path, tmp_path: Path, options: ConvertOptions, monkeypatch: pytest.MonkeyPatch
):
    begun, cancel = threading.Event(), threading.Event()
    monkeypatch.setattr("photochrom.conversion.converter.footprint", lambda *_, **__: 1 << 50)
    real = Colorizer.paint

    def wait(self: Colorizer, src: MatLike, *, profile: bytes, **choices: float) -> Painting:
        begun.set()
        assert cancel.wait(20)
        return real(self, src, profile=profile, **choices)

    answers: list[bool] = []

    def cancelled() -> bool:
        if True in answers:
            cancel.set()  # only when it was heard may the first one end, and make room
        answers.append(begun.is_set())
        return answers[-1]

    monkeypatch.setattr(Colorizer, "paint", wait)
    report = convert(album, tmp_path / "out", replace(options, workers=4), cancelled=cancelled)
    assert (report.count("done"), report.remaining) == (1, 3)


class BrokenError(Exception):
    """What a caller's function raises."""


@pytest.mark.parametrize("after", range(4))
def test_what_a_callback_raises_comes_out_and_leaves_whole_files_only(
    album: Path, tmp_path: Path, options: ConvertOptions, after: int
):
    def fail(progress: Progress) -> None:
        if progress.finished == after:
            raise BrokenError

    with pytest.raises(BrokenError):
        convert(album, tmp_path / "out", replace(options, workers=2), fail)
    whole = files(tmp_path / "out") if (tmp_path / "out").exists() else {}
    assert set(whole) <= set(NAMES)
    report = convert(album, tmp_path / "out", replace(options, existing="skip"))
    assert report.count("skipped") == len(whole) >= after
    assert {name: data for name, data in files(tmp_path / "out").items() if name in whole} == whole


def test_what_cancelled_raises_comes_out_too(album: Path, tmp_path: Path, options: ConvertOptions):
    def fail() -> bool:
        raise BrokenError

    with pytest.raises(BrokenError):
        convert(album, tmp_path / "out", options, cancelled=fail)


def test_an_interrupt_leaves_no_part_of_a_file_and_no_thread(album: Path, tmp_path: Path, options: ConvertOptions):
    def interrupt(progress: Progress) -> None:
        if progress.finished == 1:
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        convert(album, tmp_path / "out", options, interrupt)
    assert set(files(tmp_path / "out")) <= set(NAMES)
    assert threading.active_count() == before


def test_ctrl_c_is_heard_while_photographs_are_in_work(
    album: Path, tmp_path: Path, options: ConvertOptions, monkeypatch: pytest.MonkeyPatch
):
    real = Colorizer.paint
    calls: list[MatLike] = []

    def press(self: Colorizer, src: MatLike, *, profile: bytes, **choices: float) -> Painting:
        if not calls:
            signal.raise_signal(signal.SIGINT)
        calls.append(src)
        return real(self, src, profile=profile, **choices)

    monkeypatch.setattr(Colorizer, "paint", press)
    with pytest.raises(KeyboardInterrupt):
        convert(album, tmp_path / "out", replace(options, workers=1))
    written = files(tmp_path / "out")
    assert set(written) <= set(NAMES)
    assert len(written) == len(calls) < 4, "what is begun is finished, and the rest is not begun"


def test_an_error_of_the_program_itself_comes_out(
    album: Path, tmp_path: Path, options: ConvertOptions, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object, **__: object) -> MatLike:
        raise AssertionError("a mistake in the program")

    monkeypatch.setattr(Colorizer, "paint", fail)
    with pytest.raises(AssertionError, match="a mistake"):
        convert(album, tmp_path / "out", options)
    assert files(tmp_path / "out") == {} if (tmp_path / "out").exists() else True
