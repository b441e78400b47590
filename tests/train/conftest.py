"""Small made-up photographs, and a run on them that takes seconds, exported."""

import dataclasses
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from photochrom_train.cli import main
from photochrom_train.colorize_network import ColorizeNetworkConfig
from photochrom_train.config import AugmentConfig, DataConfig, ExportConfig, LossConfig, StageConfig, TrainConfig
from photochrom_train.photo_cache import PhotoCache, prepare_cache
from photochrom_train.photo_source import UInt8

SHARED = Path(__file__).parents[2].parent / "shared"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """The networks are too small to share out."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def backbone_file() -> Path:
    file = SHARED / "backbones" / "mobilenet_v2_imagenet.safetensors"
    if not file.is_file():
        pytest.skip(f"{file} is not here: the pretrained backbone is no part of the repository")
    return file


@pytest.fixture(scope="session")
def shared_photos() -> Path:
    folder = SHARED / "photos"
    if not (folder / "val.tar").is_file():
        pytest.skip(f"{folder} is not here: the photographs are no part of the repository")
    return folder


def paint_photo(seed: int, height: int = 80, width: int = 96) -> UInt8:
    """A photograph of sorts: soft colours with a few hard-edged discs."""
    random = np.random.default_rng(seed)
    soft = cv2.resize(random.uniform(0, 255, (5, 6, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
    bgr = np.clip(soft, 0, 255).astype(np.uint8)
    for _ in range(4):
        centre = (int(random.integers(width)), int(random.integers(height)))
        colour = tuple(int(value) for value in random.integers(0, 256, 3))
        cv2.circle(bgr, centre, int(random.integers(6, 18)), colour, -1)
    return bgr


@pytest.fixture(scope="session")
def photo() -> UInt8:
    return paint_photo(0)


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve photographs; not to be changed."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(12):
        cv2.imwrite(str(folder / f"photo-{number:02}.png"), paint_photo(number, 80 + number, 96))
    return folder


MakeShard = Callable[[Path, dict[str, tuple[bytes, dict[str, object]]]], Path]


@pytest.fixture(scope="session")
def make_shard() -> MakeShard:
    """Writes a WebDataset shard: encoded photographs, each with its JSON, by key."""

    def make(path: Path, samples: dict[str, tuple[bytes, dict[str, object]]]) -> Path:
        with tarfile.open(path, "w") as shard:
            for key, (data, about) in samples.items():
                for suffix, content in ((".jpg", data), (".json", json.dumps(about).encode())):
                    entry = tarfile.TarInfo(key + suffix)
                    entry.size = len(content)
                    shard.addfile(entry, io.BytesIO(content))
        return path

    return make


@pytest.fixture(scope="session")
def jpeg() -> Callable[[UInt8], bytes]:
    def encode(bgr: UInt8) -> bytes:
        return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()

    return encode


@pytest.fixture(scope="session")
def config(photo_folder: Path) -> TrainConfig:
    """A run of six steps at 32 pixels."""
    stage = StageConfig(name="only", size=32, batch=2, steps=6, crop=(0.5, 1.0), warmup=0, ema_decay=0.5)
    return TrainConfig(
        name="tiny",
        network="colorize",
        workers=0,
        validate_every=1000,
        data=DataConfig(train=(str(photo_folder),), short_side=64, holdout=4),
        architecture=ColorizeNetworkConfig(widths=(8, 8, 8, 8)),
        stages=(stage,),
        export=ExportConfig(size=64, licence="Apache-2.0", data="made-up photographs"),
    )


@pytest.fixture(scope="session")
def cache(config: TrainConfig, tmp_path_factory: pytest.TempPathFactory) -> PhotoCache:
    return prepare_cache(config.data, tmp_path_factory.mktemp("cache"), lambda _: None)


MakeRun = Callable[..., TrainConfig]


@pytest.fixture(scope="session")
def with_stage(config: TrainConfig) -> MakeRun:
    """The config with its stage changed: `loss` gives the loss weights, other keywords the stage's fields."""

    def change(loss: dict[str, float] | None = None, **fields: object) -> TrainConfig:
        stage = dataclasses.replace(
            config.stages[0],
            loss=LossConfig(**(loss or {})),
            **fields,  # type: ignore[arg-type]
        )
        return dataclasses.replace(config, stages=(stage,))

    return change


@pytest.fixture(scope="session")
def no_augmentation() -> AugmentConfig:
    return AugmentConfig(aspect=0, grey_mix=0, gamma=0, blur=0, grain=0, jpeg=0)


CONFIG = """
name = "tiny"
network = "colorize"
workers = 0

[data]
train = ["{photos}"]
short_side = 64
holdout = 4

[architecture]
widths = [8, 8, 8, 8]

[[stages]]
name = "only"
size = 32
batch = 4
steps = 8
learning_rate = 1e-2
warmup = 0

[export]
size = 64
licence = "Apache-2.0"
data = "made-up photographs"
"""


@dataclass(frozen=True)
class Shipped:
    """A run that the commands took from photographs to an exported network."""

    config: Path
    cache: Path
    run: Path
    network: Path
    """The .onnx file."""


@pytest.fixture(scope="session")
def shipped(photo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    """Prepared, trained and exported by the command; not to be changed."""
    folder = tmp_path_factory.mktemp("shipped")
    config, cache, run = folder / "tiny.toml", folder / "cache", folder / "run"
    config.write_text(CONFIG.format(photos=photo_folder), encoding="utf-8")
    common = [str(config), "--cache", str(cache)]
    assert main(["prepare", *common]) == 0
    assert main(["train", *common, "--run", str(run), "--device", "cpu"]) == 0
    assert main(["export", *common, "--run", str(run), "--out", str(folder / "models")]) == 0
    return Shipped(config, cache, run, folder / "models" / "tiny.onnx")
