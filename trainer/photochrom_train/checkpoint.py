"""What a run leaves behind to go on from, and to be exported: networks, averaged weights, optimizers, progress."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from photochrom_train.colorize_network import ColorizeNetwork
from photochrom_train.config import BACKBONE, START, TrainConfig
from photochrom_train.discriminator import PatchDiscriminator
from photochrom_train.distributed import synced
from photochrom_train.exported_weights import ExportedWeights
from photochrom_train.networks import build_encoder, build_network
from photochrom_train.palette import Palette


@dataclass(slots=True)
class Progress:
    """How far a run is."""

    stage: int = 0
    """The stage at work."""
    step: int = 0
    """Its finished steps."""
    seconds: float = 0.0
    """Wall-clock time spent in training so far."""
    photos: int = 0
    """Photographs seen so far."""
    train_rows: int = 0
    validation_rows: int = 0


class TrainingState:
    """Everything a checkpoint holds."""

    def __init__(self, config: TrainConfig, palette: Palette, device: torch.device) -> None:
        self.palette = palette
        self.stage_names = [stage.name for stage in config.stages]
        self.network = synced(build_network(config, palette)).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(config.stages[0].ema_decay), use_buffers=True
        )
        self.discriminator = PatchDiscriminator().to(device)
        self.progress = Progress()
        self.optimizer_state: dict[str, object] | None = None
        self.discriminator_optimizer_state: dict[str, object] | None = None


class Checkpoint(TypedDict):
    """What a run leaves in `checkpoint.pt`."""

    network: dict[str, Tensor]
    average: dict[str, Tensor]
    discriminator: dict[str, Tensor]
    optimizer: dict[str, object] | None
    discriminator_optimizer: dict[str, object] | None
    stages: list[str]
    """Names of the stages that were begun."""
    palette_colours: NDArray[np.float32]
    palette_prior: NDArray[np.float32]
    progress: dict[str, int | float]


def read_checkpoint(file: Path, device: torch.device) -> Checkpoint:
    """A run's checkpoint; only for files of your own, for torch runs what a foreign one says.

    Raises:
        ValueError: the file is cut off or no checkpoint; the message names it.
    """
    if not zipfile.is_zipfile(file):
        raise ValueError(
            f"{file} is cut off or no checkpoint: put a whole one in its place (a run leaves stage-NAME.pt after every "
            "stage), or name another folder"
        )
    record: object = torch.load(file, map_location=device, weights_only=False)
    if not isinstance(record, dict) or not record.keys() >= Checkpoint.__required_keys__:
        raise ValueError(f"{file} is no checkpoint of this photochrom-train; name another folder")
    return cast(Checkpoint, record)


def progress_of(record: Checkpoint) -> Progress:
    """How far a run was when it left a checkpoint."""
    progress = Progress()
    for name, value in record["progress"].items():
        setattr(progress, name, value)
    return progress


def load_averaged(config: TrainConfig, checkpoint: Path) -> tuple[ColorizeNetwork, Progress]:
    """The averaged network of a run, on the CPU and ready for export, and how far the run was.

    Raises:
        ValueError: the file is damaged, or holds another network than the config describes.
    """
    record = read_checkpoint(checkpoint, torch.device("cpu"))
    palette = Palette(record["palette_colours"], record["palette_prior"])
    network = build_network(config, palette)
    weights = {name.removeprefix("module."): value for name, value in record["average"].items() if name != "n_averaged"}
    _fill(network, weights)
    return network.eval(), progress_of(record)


def load_exported(config: TrainConfig, run: Path) -> ColorizeNetwork:
    """The network that a run ships: its last one, or the mean of those at the ends of the stages that the config names.

    Raises:
        FileNotFoundError: a checkpoint is not there; the message names it.
        ValueError: as `load_averaged`.

    Source:
        Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
        increasing inference time", ICML 2022.
    """
    if config.export.stages:
        return _load_mean(config, run, config.export.stages)
    checkpoint = run / "checkpoint.pt"
    _require(checkpoint)
    return load_averaged(config, checkpoint)[0]


def _load_mean(config: TrainConfig, run: Path, names: tuple[str, ...]) -> ColorizeNetwork:
    """The mean of the averaged networks at the ends of stages, or as they began; raises as `load_exported`."""
    files = [stage_file(run, START if name == BACKBONE else name) for name in names]
    for file in files:
        _require(file)
    networks = [load_averaged(config, file)[0] for file in files]
    for name, network in zip(names, networks, strict=True):
        if name == BACKBONE:
            network.encoder.load_state_dict(build_encoder(config).state_dict())
    mean = AveragedModel(networks[0], use_buffers=True)
    for network in networks:
        mean.update_parameters(network)
    networks[0].load_state_dict(mean.module.state_dict())
    return networks[0]


def _require(checkpoint: Path) -> None:
    if not checkpoint.is_file():
        raise FileNotFoundError(f"{checkpoint} is not there: name the folder of a run that got so far, or train it on")


def _fill(network: nn.Module, weights: dict[str, Tensor]) -> None:
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(
            "the checkpoint holds another network than the config describes: give the config that its run began with, "
            "or name another folder"
        ) from error


def stage_file(run: Path, stage: str) -> Path:
    """The checkpoint that a run leaves at the end of a stage."""
    return run / f"stage-{stage}.pt"


def save_checkpoint(state: TrainingState, file: Path) -> None:
    """Write a checkpoint under a temporary name, then rename it.

    Raises:
        OSError: it cannot be written; the message names it.
    """
    progress = state.progress
    begun = progress.stage + (progress.step > 0)
    record: Checkpoint = {
        "network": state.network.state_dict(),
        "average": state.average.state_dict(),
        "discriminator": state.discriminator.state_dict(),
        "optimizer": state.optimizer_state,
        "discriminator_optimizer": state.discriminator_optimizer_state,
        "stages": state.stage_names[:begun],
        "palette_colours": state.palette.colours,
        "palette_prior": state.palette.prior,
        "progress": {name: getattr(progress, name) for name in Progress.__slots__},
    }
    temporary = file.with_suffix(".part")
    try:
        torch.save(record, temporary)
        temporary.replace(file)
    except (OSError, RuntimeError) as error:  # torch tells a full disk as the latter
        raise OSError(f"{file} cannot be written: {error}; is there room on its disk?") from error
    finally:
        temporary.unlink(missing_ok=True)


def begin_with(state: TrainingState, weights: ExportedWeights, lightness: Tensor) -> None:
    """Put a fresh run where an exported network stands.

    Args:
        state: of the run, on the weights' palette.
        weights: of the network.
        lightness: (N, 1, H, W) L* of photographs, for the statistics of the BatchNorms.

    Raises:
        ConfigError: the network's architecture is another one.
    """
    weights.fill(state.network, lightness)
    state.average.module.load_state_dict(state.network.state_dict())


def begin_with_mean(state: TrainingState, config: TrainConfig, run: Path, stages: tuple[str, ...]) -> None:
    """Put the networks of a run where the mean of its own stages' ends stands.

    Args:
        state: of the run.
        config: of the run.
        run: its folder.
        stages: names as in `StageConfig.begins_with`.

    Raises:
        FileNotFoundError: a stage's checkpoint is not there any more; the message names it.
        ValueError: as `load_averaged`.
    """
    mean = _load_mean(config, run, stages).state_dict()
    for network in (state.network, state.average.module):
        network.load_state_dict(mean)


def restore(state: TrainingState, record: Checkpoint) -> None:
    """Put a run where its checkpoint left it.

    Raises:
        ValueError: the checkpoint holds another network, or other stages, than the run's config describes.
    """
    begun = record["stages"]
    if state.stage_names[: len(begun)] != begun:
        raise ValueError(
            f"the run has begun its stages {', '.join(begun)}, and the config's are {', '.join(state.stage_names)}; "
            "stages can only be added behind those: change the config back, or name another folder"
        )
    _fill(state.network, record["network"])
    state.average.load_state_dict(record["average"])
    state.discriminator.load_state_dict(record["discriminator"])
    state.optimizer_state = record["optimizer"]
    state.discriminator_optimizer_state = record["discriminator_optimizer"]
    state.progress = progress_of(record)
