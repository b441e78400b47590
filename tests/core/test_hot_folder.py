"""A watched folder: what arrives is converted once, what is half there is not read, and nothing in it is touched."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from photochrom import ConvertOptions, ConvertReport, FileResult, Progress, convert
from photochrom.conversion.hot_folder import watch
from photochrom.errors import JobError
from photochrom.files.imageio import write_image

INTERVAL = 0.02
"""Between two looks [s]."""
PATIENCE = 30.0
"""How long something is waited for [s]."""


def photograph(seed: int) -> np.ndarray:
    grey = np.random.default_rng(seed).random((4, 5), np.float32)
    return (cv2.resize(grey, (50, 40), interpolation=cv2.INTER_CUBIC).clip(0, 1) * 255).astype(np.uint8)


class Watch:
    """A watch in its own thread."""

    def __init__(self, folder: Path, out: Path, options: ConvertOptions) -> None:
        self.results: list[FileResult] = []
        self.steps: list[Progress] = []
        self.report: ConvertReport | None = None
        self._end = threading.Event()

        def note(progress: Progress) -> None:
            self.steps.append(progress)
            if progress.result is not None:
                self.results.append(progress.result)

        def run() -> None:
            self.report = watch(folder, out, options, note, self._end.is_set, interval=INTERVAL)

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def told(self) -> list[tuple[str, str]]:
        return [(result.source.name, result.status) for result in self.results]

    def until(self, ready: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not ready():
            assert self._thread.is_alive(), "the watch ended"
            assert time.monotonic() < end, f"it never came to that: {self.told()}"
            time.sleep(INTERVAL / 2)

    def for_results(self, count: int) -> None:
        self.until(lambda: len(self.results) >= count)

    def for_looks(self, count: int) -> None:
        """Let it look some times more."""
        time.sleep(count * INTERVAL * 1.5)

    def end(self) -> None:
        self._end.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


Start = Callable[..., Watch]


@pytest.fixture
def start(tmp_path: Path, model: Path) -> Iterator[Start]:
    """Begins to watch tmp_path / in, and ends that with the test."""
    (tmp_path / "in").mkdir()
    watches = []

    def begin(out: Path = tmp_path / "out", **choices: object) -> Watch:
        watches.append(Watch(tmp_path / "in", out, ConvertOptions(model=model, **choices)))  # type: ignore[arg-type]
        return watches[-1]

    yield begin
    for one in watches:
        one.end()


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_what_is_there_and_what_comes_is_converted_as_otherwise(tmp_path: Path, start: Start, model: Path):
    write_image(tmp_path / "in" / "a.png", photograph(1))
    watched = start()
    watched.for_results(1)
    (tmp_path / "in" / "1920").mkdir()
    cv2.imwrite(str(tmp_path / "in" / "1920" / "b.pgm"), photograph(2))
    (tmp_path / "in" / "notes.txt").write_text("no photograph")
    watched.for_results(2)
    watched.for_looks(3)
    watched.end()
    assert watched.told() == [("a.png", "done"), ("b.pgm", "done")]
    assert [(step.finished, step.total) for step in watched.steps] == [(1, 1), (2, 2)]
    convert(tmp_path / "in", tmp_path / "other", ConvertOptions(model=model))
    assert files(tmp_path / "out") == files(tmp_path / "other")
    assert list(files(tmp_path / "in")) == ["1920/b.pgm", "a.png", "notes.txt"]
    assert watched.report is not None
    assert [result.source.name for result in watched.report.results] == ["a.png", "b.pgm"]
    assert (watched.report.passed_over, watched.report.remaining) == (1, 0)


def test_a_photograph_that_is_still_copied_is_not_read(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch):
    write_image(tmp_path / "whole.bmp", photograph(1))
    data = (tmp_path / "whole.bmp").read_bytes()
    (tmp_path / "in").mkdir()
    read: list[int] = []
    looks = 0

    def note(path: Path) -> bytearray:
        read.append(path.stat().st_size)
        return bytearray(path.read_bytes())

    def copy_more(*_: object) -> None:
        nonlocal looks
        looks += 1
        with (tmp_path / "in" / "a.bmp").open("ab") as file:
            file.write(data[100 * (looks - 1) : 100 * looks])

    monkeypatch.setattr("photochrom.conversion.converter.read_bytes", note)
    monkeypatch.setattr("photochrom.conversion.hot_folder._pause", copy_more)
    needed = -(-len(data) // 100)
    options = ConvertOptions(model=model)
    report = watch(tmp_path / "in", tmp_path / "out", options, cancelled=lambda: looks == needed + 3)
    assert read == [len(data)]
    assert [result.status for result in report.results] == ["done"]


def test_a_failure_is_tried_again_only_when_its_file_has_changed(tmp_path: Path, start: Start):
    write_image(tmp_path / "whole.png", photograph(1))
    (tmp_path / "in" / "a.png").write_bytes((tmp_path / "whole.png").read_bytes()[:-30])
    watched = start()
    watched.for_results(1)
    watched.for_looks(4)
    assert watched.told() == [("a.png", "failed")]
    (tmp_path / "in" / "a.png").write_bytes((tmp_path / "whole.png").read_bytes())
    watched.for_results(2)
    assert watched.told() == [("a.png", "failed"), ("a.png", "done")]


@pytest.mark.parametrize("existing", ["refuse", "skip"])
def test_what_was_converted_before_is_skipped_once(tmp_path: Path, start: Start, existing: str):
    write_image(tmp_path / "in" / "a.png", photograph(1))
    write_image(tmp_path / "out" / "a.png", photograph(2))
    before = files(tmp_path / "out")
    watched = start(existing=existing)
    watched.for_results(1)
    watched.for_looks(4)
    assert watched.told() == [("a.png", "skipped")]
    assert files(tmp_path / "out") == before


def test_with_overwrite_a_photograph_is_done_again_whenever_it_changes(tmp_path: Path, start: Start):
    write_image(tmp_path / "in" / "a.png", photograph(1))
    write_image(tmp_path / "out" / "a.png", photograph(2))
    watched = start(existing="overwrite")
    watched.for_results(1)
    first = files(tmp_path / "out")
    watched.for_looks(4)
    assert watched.told() == [("a.png", "done")]
    write_image(tmp_path / "in" / "a.png", photograph(3), overwrite=True)
    watched.for_results(2)
    assert files(tmp_path / "out") != first


def test_the_outputs_may_lie_inside_and_are_left_alone(tmp_path: Path, start: Start):
    write_image(tmp_path / "in" / "a.png", photograph(1))
    watched = start(tmp_path / "in" / "colour", confidence_output=tmp_path / "in" / "maps")
    watched.for_results(1)
    watched.for_looks(4)
    assert watched.told() == [("a.png", "done")]
    assert list(files(tmp_path / "in")) == ["a.png", "colour/a.png", "maps/a.png.png"]


def test_what_goes_meanwhile_does_no_harm_and_is_forgotten(tmp_path: Path, start: Start):
    for name in ("a.png", "b.png"):
        write_image(tmp_path / "in" / name, photograph(1))
    watched = start()
    watched.for_results(2)
    (tmp_path / "in" / "a.png").unlink()
    watched.for_looks(4)
    write_image(tmp_path / "in" / "c.png", photograph(2))
    watched.for_results(3)
    watched.end()
    assert watched.report is not None
    assert [result.source.name for result in watched.report.results] == ["b.png", "c.png"]


def test_a_folder_that_goes_and_comes_back_does_no_harm(tmp_path: Path, start: Start):
    write_image(tmp_path / "in" / "a.png", photograph(1))
    watched = start(existing="overwrite")
    watched.for_results(1)
    (tmp_path / "in").rename(tmp_path / "away")
    watched.for_results(2)
    watched.for_looks(4)
    assert watched.told() == [("a.png", "done"), ("in", "failed")]
    assert watched.results[1].reason.startswith(f"{tmp_path / 'in'}: is gone")
    (tmp_path / "away").rename(tmp_path / "in")
    write_image(tmp_path / "in" / "b.png", photograph(1))
    watched.for_results(3)
    assert watched.told()[2:] == [("b.png", "done")]


def test_two_photographs_for_one_output_fail_by_name_and_the_others_go_on(tmp_path: Path, start: Start):
    write_image(tmp_path / "in" / "a.png", photograph(1))
    watched = start(suffix=".png")
    watched.for_results(1)
    before = files(tmp_path / "out")
    write_image(tmp_path / "in" / "a.tif", photograph(2))
    write_image(tmp_path / "in" / "b.tif", photograph(3))
    watched.for_results(3)
    assert sorted(watched.told()) == [("a.png", "done"), ("a.tif", "failed"), ("b.tif", "done")]
    (failure,) = (result for result in watched.results if result.status == "failed")
    assert "would both be written to" in failure.reason
    assert files(tmp_path / "out")["a.png"] == before["a.png"]


def test_what_dead_runs_left_is_removed(tmp_path: Path, start: Start):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".photochrom-0123456789abcdef.part").write_bytes(b"half")
    write_image(tmp_path / "in" / "a.png", photograph(1))
    start().for_results(1)
    assert list(files(tmp_path / "out")) == ["a.png"]


def test_a_share_of_the_photographs_can_be_watched(tmp_path: Path, start: Start):
    from photochrom import Shard

    shard = Shard(number=1, count=2)
    for number in range(8):
        write_image(tmp_path / "in" / f"{number}.png", photograph(number))
    mine = [f"{number}.png" for number in range(8) if shard.holds(Path(f"{number}.png"))]
    watched = start(shard=shard)
    watched.for_results(len(mine))
    watched.for_looks(4)
    assert 0 < len(mine) < 8
    assert sorted(name for name, _ in watched.told()) == mine


def test_a_callback_that_raises_and_an_interrupt_end_the_watch(tmp_path: Path, model: Path):
    write_image(tmp_path / "in" / "a.png", photograph(1))
    for kind in (ValueError, KeyboardInterrupt):

        def fail(_: Progress, kind: type[BaseException] = kind) -> None:
            raise kind

        with pytest.raises(kind):
            watch(tmp_path / "in", tmp_path / "out", ConvertOptions(model=model), fail, interval=INTERVAL)
    assert list(files(tmp_path / "out")) == ["a.png"]


def test_while_nothing_happens_the_processor_rests(tmp_path: Path, model: Path):
    for number in range(200):
        (tmp_path / "in" / f"{number}").mkdir(parents=True)
    options = replace(ConvertOptions(model=model), existing="skip")
    end, begin = time.monotonic() + 1.5, []

    def cancelled() -> bool:
        begin.append(time.thread_time())
        return time.monotonic() > end

    watch(tmp_path / "in", tmp_path / "out", options, cancelled=cancelled, interval=0.001)
    assert begin[-1] - begin[0] < 0.5, "looking takes a tenth of the time"


def test_a_folder_that_is_not_there_or_would_be_searched_is_refused(tmp_path: Path, model: Path):
    options = ConvertOptions(model=model)
    with pytest.raises(JobError, match="is no folder"):
        watch(tmp_path / "none", tmp_path / "out", options)
    (tmp_path / "in").mkdir()
    with pytest.raises(JobError, match="would be taken for photographs"):
        watch(tmp_path / "in", tmp_path / "in", options)
    with pytest.raises(JobError, match="several photographs do not go into one file"):
        watch(tmp_path / "in", tmp_path / "out.png", options)
    assert not (tmp_path / "out").exists()
    assert list((tmp_path / "in").iterdir()) == []
