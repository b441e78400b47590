"""Threads for one photograph: all cores when it is alone, a share of them among several."""

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from cv2.typing import MatLike

from photochrom import Colorizer, ConvertOptions, convert
from photochrom.colour.photograph import in_strips
from photochrom.files.imageio import write_image
from photochrom.painting.painting import Painting
from photochrom.threads import processors, shared_threads, threads_for_a_photograph


def test_alone_a_photograph_has_the_threads_that_opencv_may_use():
    before = cv2.getNumThreads()
    try:
        for count in (1, 3):
            cv2.setNumThreads(count)
            assert threads_for_a_photograph() == count
    finally:
        cv2.setNumThreads(before)


def test_a_share_holds_in_its_block_and_thread_and_is_at_least_one():
    seen = []
    with shared_threads(lambda: 5):
        other = threading.Thread(target=lambda: seen.append(threads_for_a_photograph()))
        other.start()
        other.join()
        assert threads_for_a_photograph() == 5
        with shared_threads(lambda: 0):
            assert threads_for_a_photograph() == 1
        assert threads_for_a_photograph() == 5
    assert seen == [threads_for_a_photograph()]


def test_strips_are_worked_on_by_so_many_threads():
    threads: set[int] = set()
    together = threading.Barrier(3)

    def work(_: slice) -> None:
        together.wait(20)  # returns only when three are at it
        threads.add(threading.get_ident())

    with shared_threads(lambda: 3):
        in_strips(6, 64 * 1024, work)
    assert len(threads) == 3
    with shared_threads(lambda: 1):
        threads.clear()
        in_strips(6, 64 * 1024, lambda _: threads.add(threading.get_ident()))
    assert threads == {threading.get_ident()}


def test_processors_are_at_least_one_and_no_more_than_opencv_counts():
    assert 1 <= processors() <= cv2.getNumberOfCPUs()


def test_photographs_in_work_at_once_share_the_processors(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("photochrom.conversion.converter.processors", lambda: 8)
    for number in range(4):
        write_image(tmp_path / "in" / f"{number}.png", np.full((8, 8), 99, np.uint8))
    shares: list[int] = []
    together = threading.Barrier(4)
    real = Colorizer.paint

    def paint(self: Colorizer, src: MatLike, *, profile: bytes, **choices: float) -> Painting:
        together.wait(20)
        shares.append(threads_for_a_photograph())
        together.wait(20)
        return real(self, src, profile=profile, **choices)

    monkeypatch.setattr(Colorizer, "paint", paint)
    report = convert(tmp_path / "in", tmp_path / "out", ConvertOptions(model=model, workers=4))
    assert report.count("done") == 4
    assert shares == [2] * 4
