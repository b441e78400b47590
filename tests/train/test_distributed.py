import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from photochrom_train.backbone import MobileNetV2
from photochrom_train.distributed import SyncedBatchNorm2d, World, any_of, join_world, mean_over, synced
from photochrom_train.photo_cache import PhotoCache
from photochrom_train.run_log import read_log

CONFIG = """
name = "tiny"
network = "colorize"
backbone = "{backbone}"
workers = 0
validate_every = 1

[data]
train = ["{photos}"]
short_side = 64
holdout = 4

[architecture]
widths = [8, 8, 8, 8]

[[stages]]
name = "encoder"
size = 32
batch = 4
steps = 2
encoder_learning_rate = 3e-4
warmup = 0
mixup = 0.5
loss = {{ classification = 0, chroma = 0, distillation = 1.0, feature_distillation = 1.0 }}

[[stages]]
name = "classification"
size = 32
batch = 4
steps = 3
learning_rate = 1e-2
encoder_learning_rate = 1e-3
warmup = 0
loss = {{ classification = 1.0, chroma = 0.1 }}

[[stages]]
name = "pictures"
size = 32
batch = 4
steps = 3
begins_with = ["encoder", "classification"]
learning_rate = 3e-3
encoder_learning_rate = 3e-4
warmup = 0
colourfulness = 0.3

[stages.loss]
classification = 0
chroma = 0.1
perceptual = 1.0
distillation = 1.0
colourfulness = 1.0
adversarial = 0.5

[export]
licence = "none"
data = "none"
"""


def run_command(arguments: list[str]) -> None:
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def runs(photo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same run by one process and by two that torchrun started."""
    folder = tmp_path_factory.mktemp("world")
    torch.manual_seed(1)
    save_file(MobileNetV2(3, 1000).state_dict(), folder / "backbone.safetensors")
    config = folder / "tiny.toml"
    config.write_text(CONFIG.format(backbone=folder / "backbone.safetensors", photos=photo_folder), encoding="utf-8")
    cache = ["--cache", str(folder / "cache")]
    run_command(["-m", "photochrom_train", "prepare", str(config), *cache])
    train = ["-m", "photochrom_train", "train", str(config), *cache, "--device", "cpu", "--run-folder"]
    run_command([*train, str(folder / "one")])
    run_command(["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", *train, str(folder / "two")])
    return folder / "one", folder / "two"


def test_two_processes_have_the_losses_of_one_with_the_same_batch(runs: tuple[Path, Path]):
    one, two = (read_log(run / "train.csv") for run in runs)
    assert [row["stage"] for row in one] == [row["stage"] for row in two] == ["encoder", "classification", "pictures"]
    compared = 0
    for alone, together in zip(one, two, strict=True):
        for name in alone.keys() - {"step", "stage", "rate", "photos_per_s"}:
            if alone[name]:
                assert float(together[name]) == pytest.approx(float(alone[name]), rel=1e-3, abs=1e-6), name
                compared += 1
            else:
                assert together[name] == ""
    assert compared == 10


def test_two_processes_validate_to_the_figures_of_one(runs: tuple[Path, Path]):
    one, two = (read_log(run / "validation.csv") for run in runs)
    assert len(one) == len(two) == 8
    for alone, together in zip(one, two, strict=True):
        for name in ("error_ratio", "colourfulness_ratio"):
            assert float(together[name]) == pytest.approx(float(alone[name]), rel=2e-3)


def test_only_the_leading_process_writes(runs: tuple[Path, Path]):
    one, two = (sorted(path.name for path in run.glob("*")) for run in runs)
    assert one == two


def test_a_world_of_one_needs_no_torchrun(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with join_world("cpu") as world:
        assert world == World(0, 1, torch.device("cpu"))
        assert world.leads
        assert any_of(world, True)
        assert not any_of(world, False)
        values = torch.tensor([1.0, 2.0])
        assert torch.equal(mean_over(world, values), values)


def test_cuda_that_is_not_there_is_refused():
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(RuntimeError, match="sees no GPU; use --device cpu"), join_world("cuda"):
        pass


def test_batch_normalisation_is_replaced_with_its_state_kept():
    plain = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Sequential(torch.nn.BatchNorm2d(2, momentum=0.3)))
    plain(torch.rand(2, 1, 8, 8))
    state = plain.state_dict()
    network = synced(plain)
    assert [type(module) for module in network.modules()].count(SyncedBatchNorm2d) == 1
    assert all(torch.equal(state[name], value) for name, value in network.state_dict().items())


def test_a_cache_is_shared_by_the_runs(runs: tuple[Path, Path]):
    assert len(PhotoCache(runs[0].parent / "cache")) == 12
