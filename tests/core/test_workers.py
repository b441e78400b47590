"""Photographs side by side: as many as there are workers, never more than the memory allows."""

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cv2.typing import MatLike

from photochrom import Colorizer, ConvertOptions, convert
from photochrom.conversion.memory import MemoryBudget, Reservation
from photochrom.files.imageio import write_image
from photochrom.painting.painting import Painting


@pytest.fixture
def options(model: Path) -> ConvertOptions:
    return ConvertOptions(model=model)


def album(folder: Path, count: int, side: int = 40) -> Path:
    rng = np.random.default_rng(0)
    for number in range(count):
        pixels = rng.integers(0, 256, (side + number, side, 3), np.uint8)
        write_image(folder / f"{number:02}.png", pixels)
    return folder


@pytest.mark.parametrize("workers", [1, 3])
def test_as_many_are_in_work_at_once_as_there_are_workers(
    tmp_path: Path, options: ConvertOptions, monkeypatch: pytest.MonkeyPatch, workers: int
):
    lock, inside, most = threading.Lock(), 0, 0
    together = threading.Barrier(workers)
    real = Colorizer.paint

    def paint(self: Colorizer, src: MatLike, *, profile: bytes, **choices: float) -> Painting:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        together.wait(20)  # returns only when all workers are here
        with lock:
            inside -= 1
        return real(self, src, profile=profile, **choices)

    monkeypatch.setattr(Colorizer, "paint", paint)
    report = convert(album(tmp_path / "in", 9), tmp_path / "out", replace(options, workers=workers))
    assert report.count("done") == 9
    assert most == workers


def test_what_is_in_work_never_comes_to_more_than_the_limit(
    tmp_path: Path, options: ConvertOptions, monkeypatch: pytest.MonkeyPatch
):
    budgets: list[MemoryBudget] = []
    taken: list[int] = []
    in_work: list[int] = []
    lock, pair, working = threading.Lock(), threading.Barrier(2), 0

    def budget_of(limit: int | None) -> MemoryBudget:
        assert limit is not None
        budgets.append(MemoryBudget(limit, strict=True))
        return budgets[-1]

    real_take = Reservation.take

    def take(self: Reservation, size: int) -> None:
        real_take(self, size)
        taken.append(budgets[0].taken)

    real = Colorizer.paint

    def paint(self: Colorizer, src: MatLike, *, profile: bytes, **choices: float) -> Painting:
        nonlocal working
        with lock:
            working += 1
            in_work.append(working)
        pair.wait(20)  # returns only when another one is in work too
        result = real(self, src, profile=profile, **choices)
        with lock:
            working -= 1
        return result

    monkeypatch.setattr("photochrom.conversion.converter.budget_of", budget_of)
    monkeypatch.setattr("photochrom.conversion.converter.footprint", lambda header, *_, **__: 1000 * header.height)
    monkeypatch.setattr(Reservation, "take", take)
    monkeypatch.setattr(Colorizer, "paint", paint)
    source = album(tmp_path / "in", 30)
    limit = 140_000 + max(path.stat().st_size for path in source.iterdir()) * 2
    report = convert(source, tmp_path / "out", replace(options, workers=8, memory=limit))
    assert report.count("done") == 30
    assert max(taken) <= limit
    assert 2 <= max(in_work) <= 3, "photographs of 40,000 to 69,000 go two or three times into 140,000"
    assert budgets[0].taken == 0


def test_failures_and_cancelling_give_their_memory_back(
    tmp_path: Path, options: ConvertOptions, monkeypatch: pytest.MonkeyPatch
):
    budget = MemoryBudget(10**9, strict=True)
    monkeypatch.setattr("photochrom.conversion.converter.budget_of", lambda _: budget)
    source = album(tmp_path / "in", 6)
    (source / "00.png").write_bytes(b"no image")
    (source / "01.png").write_bytes((source / "02.png").read_bytes()[:-40])
    assert convert(source, tmp_path / "out", options).count("failed") == 2
    assert budget.taken == 0
    asked = iter(range(100))
    report = convert(source, tmp_path / "other", replace(options, workers=1), cancelled=lambda: next(asked) >= 1)
    assert report.remaining > 0
    assert budget.taken == 0


_MEASURE = """
import sys
from pathlib import Path
import photochrom
from photochrom.conversion.system_memory import own_memory
folder, limit, workers = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
options = photochrom.ConvertOptions(model=folder / "tiny.onnx", memory=limit, workers=workers)
report = photochrom.convert(folder / "in", folder / "out", options)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(report.count("done"), int(peak.split()[1]) * 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell a process's peak")
def test_a_process_stays_below_its_limit_where_its_photographs_together_would_not(tmp_path: Path, model: Path):
    for number in range(6):
        write_image(tmp_path / "in" / f"{number}.bmp", np.full((2000 + 50 * number, 3000, 3), 90, np.uint8))
    limit = 260_000_000  # all six at once take 370 MB (measured)
    command = [sys.executable, "-c", _MEASURE, str(model.parent), str(limit), "6"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    done, peak = map(int, answer.stdout.split())
    assert done == 6
    assert peak <= limit
