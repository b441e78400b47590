"""Runs of the command that are killed, resumed, or not alone: whatever happens, a file is whole or not there.

``python -m pytest tests/stress -s -o faulthandler_timeout=0 --kills 200`` kills more often than every day, for as long
as that takes, and shows what was hit.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from cv2.typing import MatLike
from tests.core.conftest import contract_of, tiny_network

from photochrom.files.imageio import write_image

NAMES = [
    "a.jpg",
    "b.png",
    "c 16 bits.png",
    "1920/d.tif",
    "1920/e 16 bits.tif",
    "1920/f float.tif",
    "1920/g.webp",
    "1921/two\nlines.bmp",
    "1921/übergroß.ppm",
    "1921/front/h.pgm",
    "1921/front/i.jpg",
    "z.png",
]
PHOTOGRAPHS = len(NAMES)
SEED = 20


def photograph(name: str, seed: int) -> MatLike:
    """Grey blobs with grain, of the depth that the name says."""
    rng = np.random.default_rng(seed)
    blobs = cv2.resize(rng.random((5, 6)), (600 + 20 * seed, 400), interpolation=cv2.INTER_CUBIC)
    grey = np.asarray(np.clip(blobs + rng.normal(0, 0.03, blobs.shape), 0, 1), np.float32)
    if "float" in name:
        return grey
    pixels = (grey * 65535).astype(np.uint16) if "16 bits" in name else (grey * 255).astype(np.uint8)
    return np.dstack([pixels] * 3) if name.endswith("ppm") else pixels


def files(*folders: Path) -> dict[str, Path]:
    """Every file in folders, hidden ones too, by folder and name."""
    return {
        f"{folder.name}/{path.relative_to(folder)}": path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if not path.is_dir()
    }


def contents(*folders: Path) -> dict[str, bytes]:
    """The bytes of every file in folders."""
    return {name: path.read_bytes() for name, path in files(*folders).items()}


def is_temporary(path: Path) -> bool:
    """Whether a file has the name of one that is being written."""
    return re.fullmatch(r"\.photochrom-[0-9a-f]{16}\.part", path.name) is not None


@dataclass(frozen=True, slots=True)
class Batch:
    """A folder of photographs, and what the command makes of it when nothing happens."""

    album: Path
    model: Path
    whole: dict[str, bytes]
    """The outputs of an undisturbed run."""
    first_output: float
    """When the first of them was there, from the process's start [s]."""
    duration: float
    """How long the process ran [s]."""

    def start(self, into: Path, *options: str) -> subprocess.Popen[bytes]:
        """The command, on its way."""
        program = [sys.executable, "-m", "photochrom", "colorize", str(self.album), "--model", str(self.model)]
        outputs = ["-o", str(into / "out"), "--confidence-out", str(into / "maps")]
        return subprocess.Popen(
            [*program, *outputs, "--workers", "3", "--json", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
        )

    def finish(self, into: Path, *options: str) -> None:
        """Run the command to its end; it has nothing to complain about."""
        assert_done(self.start(into, *options))


def assert_done(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (0, b"")


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch]:
    folder = tmp_path_factory.mktemp("batch")
    for seed, name in enumerate(NAMES):
        path = folder / "album" / name
        write_image(path.with_suffix(".ppm") if path.suffix == ".pgm" else path, photograph(name, seed))
    (folder / "album/1921/front/h.ppm").rename(folder / "album/1921/front/h.pgm")
    network = tiny_network().SerializeToString()
    model = folder / "tiny.onnx"
    model.write_bytes(network)
    model.with_suffix(".json").write_text(contract_of(network, model.name).to_json(), encoding="utf-8")
    originals = contents(folder / "album")
    undisturbed = Batch(folder / "album", model, {}, 0, 0)
    undisturbed.finish(folder)  # warms the disk's cache
    shutil.rmtree(folder / "out")
    shutil.rmtree(folder / "maps")
    begin, first_output = time.monotonic(), 0.0
    process = undisturbed.start(folder)
    while process.poll() is None:
        if not first_output and visible(folder):
            first_output = time.monotonic() - begin
        time.sleep(0.002)
    duration = time.monotonic() - begin
    assert_done(process)
    whole = contents(folder / "out", folder / "maps")
    assert len(whole) == 2 * PHOTOGRAPHS
    yield Batch(folder / "album", model, whole, first_output, duration)
    assert contents(folder / "album") == originals


@dataclass(slots=True)
class Tally:
    """What the kills hit."""

    kills: int = 0
    before: int = 0
    """While nothing new was written yet."""
    between: int = 0
    """While some outputs were new and others missing."""
    halves: int = 0
    """With temporary files left behind."""
    batches: list[int] = field(default_factory=list)
    """How many kills each of the batches took that was brought to its end."""

    def __str__(self) -> str:
        return (
            f"{self.kills} kills: {self.before} before the run wrote anything, {self.between} between its first output "
            f"and the last of all, {self.halves} left temporary files. {len(self.batches)} batches of {PHOTOGRAPHS} "
            f"photographs with maps were brought to their end, after up to {max(self.batches)} kills each; every one "
            "was byte for byte that of an undisturbed run."
        )


def wait_for_moment(process: subprocess.Popen[bytes], into: Path, batch: Batch, moments: random.Random) -> None:
    """Return at a random moment of a run, or when it has ended.

    One in five lies where Python starts and the network is loaded. The others lie a random time after one of the new
    outputs, so that they are spread over the work however busy the machine is; some would lie after the last of all,
    and let the run end.
    """
    if moments.random() < 0.2:
        pause = moments.uniform(0, batch.first_output)
    else:
        wanted = moments.randint(len(visible(into)) + 1, len(batch.whole) + 1)
        while process.poll() is None and len(visible(into)) < wanted:
            time.sleep(0.002)
        pause = moments.uniform(0, 2 * (batch.duration - batch.first_output) / len(batch.whole))
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=pause)


def visible(into: Path) -> dict[str, Path]:
    """The outputs under their own names, as far as they are there."""
    return {name: path for name, path in files(into / "out", into / "maps").items() if not is_temporary(path)}


def test_a_batch_killed_at_any_moment_and_resumed_becomes_the_undisturbed_one(
    batch: Batch, tmp_path: Path, request: pytest.FixtureRequest
):
    folders = (tmp_path / "out", tmp_path / "maps")
    moments = random.Random(SEED)
    tally = Tally()
    kills = 0
    while tally.kills < request.config.getoption("--kills") or visible(tmp_path):
        before = contents(*folders)
        process = batch.start(tmp_path, "--skip-existing")
        wait_for_moment(process, tmp_path, batch, moments)
        process.kill()
        _, errors = process.communicate()
        after = contents(*folders)
        whole = {name: data for name, data in after.items() if name in batch.whole}
        halves = after.keys() - whole
        assert whole == {name: batch.whole[name] for name in whole}, "a file was not whole under its name"
        assert all(is_temporary(Path(name)) for name in halves)
        assert {name: data for name, data in before.items() if name in batch.whole}.items() <= whole.items()
        if process.returncode == -signal.SIGKILL:
            kills += 1
            tally.kills += 1
            tally.before += not whole.keys() - before.keys()
            tally.between += bool(whole.keys() - before.keys()) and len(whole) < len(batch.whole)
            tally.halves += bool(halves)
            continue
        assert (process.returncode, errors) == (0, b"")
        assert after == batch.whole
        tally.batches.append(kills)
        kills = 0
        for folder in folders:
            shutil.rmtree(folder)
    sys.stdout.write(f"\n{tally}\n")
    assert tally.between > 0, "no kill hit a run that was writing"


def test_runs_that_begin_while_others_write_leave_these_alone_and_all_end_well(batch: Batch, tmp_path: Path):
    moments = random.Random(SEED)
    runs = [batch.start(tmp_path, "--skip-existing")]
    for _ in range(3):
        time.sleep(moments.uniform(0.2, 0.6) * (batch.duration - batch.first_output))
        runs.append(batch.start(tmp_path, "--skip-existing"))
    for run in runs:
        assert_done(run)
    assert contents(tmp_path / "out", tmp_path / "maps") == batch.whole


def test_of_two_runs_that_refuse_what_exists_one_does_each_photograph_and_the_other_says_so(
    batch: Batch, tmp_path: Path
):
    runs = [batch.start(tmp_path), batch.start(tmp_path)]
    done: list[str] = []
    for run in runs:
        output, errors = run.communicate(timeout=300)
        results = json.loads(output)["photographs"]
        done += [result["source"] for result in results if result["status"] == "done"]
        reasons = [result["reason"] for result in results if result["status"] == "failed"]
        assert all("exists" in reason for reason in reasons), reasons
        assert run.returncode == (1 if reasons else 0), errors
    assert sorted(done) == sorted(str(batch.album / name) for name in NAMES)
    assert contents(tmp_path / "out", tmp_path / "maps") == batch.whole


def test_a_run_that_is_stopped_gently_finishes_what_it_began_and_leaves_nothing_else(batch: Batch, tmp_path: Path):
    moments = random.Random(SEED)
    for number in (signal.SIGINT, signal.SIGTERM):
        process = batch.start(tmp_path, "--skip-existing")
        there = len(visible(tmp_path))
        while process.poll() is None and len(visible(tmp_path)) == there:
            time.sleep(0.002)
        time.sleep(moments.uniform(0, batch.duration - batch.first_output) / 4)
        process.send_signal(number)
        process.communicate(timeout=300)
        found = contents(tmp_path / "out", tmp_path / "maps")
        # All done and Python on its way out, the signal ends the process as it ends any.
        assert process.returncode == 128 + number or (found == batch.whole and process.returncode in (0, -number))
        assert found == {name: batch.whole[name] for name in found}
    batch.finish(tmp_path, "--skip-existing")
    assert contents(tmp_path / "out", tmp_path / "maps") == batch.whole
