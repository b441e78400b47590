"""Threads for one photograph: all cores when it is alone, a share of them among several."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from cv2.typing import MatLike

from photochrom import Colorizer, ConvertOptions, convert
from photochrom.colour.photograph import in_strips
from photochrom.files.imageio import write_image
from photochrom.painting.painting import Painting
from photochrom.threads import on_threads, processors, shared_threads, threads_for_a_photograph


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


def test_parts_come_back_in_their_order_from_several_threads():
    assert on_threads(lambda part: part * part, range(50), 4) == [part * part for part in range(50)]
    assert on_threads(lambda part: part, [], 4) == []


def test_where_the_system_gives_no_more_threads_the_calling_one_does_it_all(monkeypatch: pytest.MonkeyPatch):
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert on_threads(lambda _: threading.get_ident(), range(5), 4) == [threading.get_ident()] * 5


@pytest.mark.parametrize("in_calling_thread", [True, False])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_goes_wrong_in_one_thread_stops_the_others(error: type[BaseException], in_calling_thread: bool):
    begun = []
    caller = threading.get_ident()

    def work(part: int) -> None:
        begun.append(part)
        time.sleep(0.01)
        if (threading.get_ident() == caller) == in_calling_thread:
            raise error

    with pytest.raises(error):
        on_threads(work, range(1000), 3)
    assert len(begun) < 100


AT_THE_END = """
import os, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import numpy as np
from photochrom import Colorizer, ConvertOptions, convert

model, album, out = sys.argv[1:]
colorizer = Colorizer(model)
photograph = np.zeros((1000, 1000), np.uint8)

def tell(fact):
    os.write(1, f"{fact}\\n".encode())  # at once: what two threads print may be mixed

def colorize():
    time.sleep(0.2)
    tell(colorizer.colorize(photograph).shape)

def convert_album():
    time.sleep(0.2)
    tell(convert([album], out, ConvertOptions(model=model)).count("done"))

pool = ThreadPoolExecutor(1)
pool.submit(colorize)
pool.submit(colorize)
threading.Thread(target=colorize).start()
threading.Thread(target=convert_album).start()
"""


def test_threads_that_python_lets_finish_after_the_main_one_can_still_colorize(model: Path, tmp_path: Path):
    album = tmp_path / "album"
    album.mkdir()
    for number in range(3):
        write_image(album / f"{number}.jpg", np.zeros((1500, 1500), np.uint8))
    command = [sys.executable, "-c", AT_THE_END, str(model), str(album), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert sorted(done.stdout.splitlines()) == [*["(1000, 1000, 3)"] * 3, "3"], done.stderr
    assert done.stderr == ""
