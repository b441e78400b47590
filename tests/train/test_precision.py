import dataclasses
import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from photochrom_train.checkpoint import read_checkpoint
from photochrom_train.config import Precision, TrainConfig
from photochrom_train.distributed import World
from photochrom_train.photo_cache import PhotoCache
from photochrom_train.precision import affordable
from photochrom_train.run_record import read_sessions
from photochrom_train.training import train

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch):
    """Lets torch say that it runs on another processor."""

    def set_to(machine: str, vectors: str) -> None:
        monkeypatch.setattr("platform.machine", lambda: machine)
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: vectors)

    return set_to


@pytest.mark.parametrize(
    ("machine", "vectors", "device", "wanted", "given"),
    [
        ("x86_64", "AVX512", CPU, "bfloat16", "bfloat16"),
        ("x86_64", "AVX2", CPU, "bfloat16", "float32"),
        ("AMD64", "DEFAULT", CPU, "bfloat16", "float32"),
        ("x86_64", "AVX2", CPU, "float32", "float32"),
        ("x86_64", "AVX2", GPU, "bfloat16", "bfloat16"),
        ("aarch64", "DEFAULT", CPU, "bfloat16", "bfloat16"),
    ],
)
def test_only_x86_without_avx_512_computes_in_float32_instead(
    processor, machine: str, vectors: str, device: torch.device, wanted: Precision, given: Precision
):
    processor(machine, vectors)
    assert affordable(wanted, device) == given


@pytest.mark.parametrize(("vectors", "given"), [("AVX512", "bfloat16"), ("AVX2", "float32")])
def test_a_run_says_and_records_what_it_computes_in(
    config: TrainConfig,
    cache: PhotoCache,
    tmp_path: Path,
    processor,
    caplog: pytest.LogCaptureFixture,
    vectors: str,
    given: Precision,
):
    processor("x86_64", vectors)
    short = dataclasses.replace(config, precision="bfloat16", stages=(dataclasses.replace(config.stages[0], steps=2),))
    losses: list[float] = []
    with caplog.at_level(logging.WARNING):
        assert train(short, cache, tmp_path, World(0, 1, CPU), on_step=lambda _, __, loss: losses.append(loss))
    assert np.isfinite(losses).all()
    assert [session.precision for session in read_sessions(tmp_path)] == [given]
    assert ("computing in float32: this processor has no AVX-512" in caplog.text) == (given == "float32")
    weights = read_checkpoint(tmp_path / "checkpoint.pt", CPU)["network"].values()
    assert {value.dtype for value in weights} <= {torch.float32, torch.int64}
