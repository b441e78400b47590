"""The training of a colorization network: stages of optimizer steps, resumable at any of them.

It knows nothing of files of photographs (`photo_cache`), of what a loss means (`losses`), nor of the exported file.
"""

import json
import logging
import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from photochrom_train import losses
from photochrom_train.backbone import MobileNetV2, load_classifier
from photochrom_train.colorize_network import OUTPUT_STRIDE, ColorizeNetwork
from photochrom_train.config import StageConfig, TrainConfig
from photochrom_train.dataset import PhotoDataset, Sample, StepSampler
from photochrom_train.discriminator import PatchDiscriminator
from photochrom_train.distributed import World, any_of, mean_over, synced
from photochrom_train.lab_torch import lab_to_rgb
from photochrom_train.networks import build_network
from photochrom_train.palette import Palette, SoftEncoder, measure_palette
from photochrom_train.photo_cache import PhotoCache
from photochrom_train.run_log import RunLog, draw_curves
from photochrom_train.run_record import remember_session, this_session
from photochrom_train.validation import validate

_log = logging.getLogger(__name__)
_REPORT_EVERY = 50
_SPARSE = 2
_FINAL_RATE = 0.01
_LOSS_TERMS = ("classification", "chroma", "perceptual", "colourfulness", "adversarial", "discriminator")
_TRAIN_COLUMNS = ("stage", *_LOSS_TERMS, "rate", "photos_per_s")
_VALIDATION_COLUMNS = ("stage", "psnr_gain", "error_ratio", "colourfulness_ratio")


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
    palette_colours: NDArray[np.float32]
    palette_prior: NDArray[np.float32]
    progress: dict[str, int | float]


def read_checkpoint(file: Path, device: torch.device) -> Checkpoint:
    """A run's checkpoint; only for files of your own, for torch runs what a foreign one says."""
    record: Checkpoint = torch.load(file, map_location=device, weights_only=False)
    return record


def progress_of(record: Checkpoint) -> Progress:
    """How far a run was when it left a checkpoint."""
    progress = Progress()
    for name, value in record["progress"].items():
        setattr(progress, name, value)
    return progress


def load_averaged(config: TrainConfig, checkpoint: Path) -> tuple[ColorizeNetwork, Progress]:
    """The averaged network of a run, on the CPU and ready for export, and how far the run was."""
    record = read_checkpoint(checkpoint, torch.device("cpu"))
    palette = Palette(record["palette_colours"], record["palette_prior"])
    network = build_network(config, palette)
    weights = {name.removeprefix("module."): value for name, value in record["average"].items() if name != "n_averaged"}
    network.load_state_dict(weights)
    return network.eval(), progress_of(record)


def train(
    config: TrainConfig,
    cache: PhotoCache,
    folder: Path,
    world: World,
    *,
    on_step: Callable[[int, int, float], None] | None = None,
) -> bool:
    """Train to the end of the last stage, or until a signal asks to stop; begins where the folder's checkpoint ends.

    Args:
        config: what to do.
        cache: the photographs.
        folder: the run's folder: checkpoint, logs, sample sheets.
        world: this process among its peers.
        on_step: called with finished steps, all steps and the loss.

    Returns:
        Whether the run is complete.
    """
    folder.mkdir(parents=True, exist_ok=True)
    positions, held_out = cache.split(config.data.holdout)
    checkpoint = folder / "checkpoint.pt"
    record = read_checkpoint(checkpoint, world.device) if checkpoint.is_file() else None
    if record is None:
        palette = measure_palette(cache, positions, config.palette, config.seed)
    else:
        palette = Palette(record["palette_colours"], record["palette_prior"])
    state = TrainingState(config, palette, world.device)
    if record is not None:
        _restore(state, record)
        _log.info("resuming %s at stage %d, step %d", checkpoint, state.progress.stage, state.progress.step)
    logs = None
    if world.leads:
        remember_session(folder, this_session(_steps_done(config, state.progress), world))
        logs = (
            RunLog(folder, "train", _TRAIN_COLUMNS, state.progress.train_rows),
            RunLog(folder, "validation", _VALIDATION_COLUMNS, state.progress.validation_rows),
        )
    with _asked_to_stop() as stopping, ExitStack() as at_end:
        for log in logs or ():
            at_end.callback(log.close)
        while state.progress.stage < len(config.stages):
            stage = config.stages[state.progress.stage]
            run = _StageRun(config, stage, state, cache, positions, world)
            for loss_parts in run.steps():
                progress = state.progress
                done = _steps_done(config, progress)
                last = progress.step == stage.steps
                if progress.step % _REPORT_EVERY == 0 or last:
                    parts = _mean_parts(world, loss_parts)
                    if logs:
                        rate = run.photos_per_second()
                        logs[0].add(done, {"stage": stage.name, **parts, "rate": run.rate, "photos_per_s": rate})
                        progress.train_rows = logs[0].rows
                if on_step and world.leads:
                    on_step(done, sum(s.steps for s in config.stages), float(sum(loss_parts.values())))
                if (progress.step % config.validate_every == 0 or last) and logs:
                    sheet = folder / f"samples-{done:06d}.png"
                    average = state.average.module
                    assert isinstance(average, ColorizeNetwork)
                    scores = validate(average, cache, held_out, stage.size, sheet, world.device)
                    _log.info("step %d: %s", done, json.dumps({k: round(v, 4) for k, v in scores.items()}))
                    logs[1].add(done, {"stage": stage.name, **scores})
                    progress.validation_rows = logs[1].rows
                    run.remember()
                    _save(state, checkpoint)
                    draw_curves(folder)
                if any_of(world, stopping()) and not last:
                    if world.leads:
                        run.remember()
                        _save(state, checkpoint)
                    return False
            state.progress.stage += 1
            state.progress.step = 0
            state.optimizer_state = state.discriminator_optimizer_state = None
            if world.leads:
                _save(state, checkpoint)
                _save(state, folder / f"stage-{stage.name}.pt")
    return True


class _StageRun:
    """One stage: its data, optimizers and step."""

    def __init__(
        self,
        config: TrainConfig,
        stage: StageConfig,
        state: TrainingState,
        cache: PhotoCache,
        positions: list[int],
        world: World,
    ) -> None:
        self._config, self._stage, self._state, self._world = config, stage, state, world
        state.average.multi_avg_fn = get_ema_multi_avg_fn(stage.ema_decay)
        self.rate = 0.0
        self._dataset = PhotoDataset(cache, positions, stage, config.augment, config.seed + 1000 * state.progress.stage)
        self._soft_encoder = SoftEncoder(state.palette, config.palette, world.device)
        self._classifier = _classifier(config, stage, world.device)
        self._network: nn.Module = state.network
        self._discriminator: nn.Module = state.discriminator
        if world.size > 1:
            self._network = DistributedDataParallel(state.network, broadcast_buffers=False)
            self._discriminator = DistributedDataParallel(state.discriminator, broadcast_buffers=False)
        self._optimizer = torch.optim.AdamW(_groups(state.network, config.weight_decay), lr=0.0)
        self._discriminator_optimizer = torch.optim.AdamW(
            state.discriminator.parameters(), lr=0.0, betas=(0.5, 0.99), weight_decay=0.0
        )
        if state.optimizer_state is not None and state.discriminator_optimizer_state is not None:
            self._optimizer.load_state_dict(state.optimizer_state)
            self._discriminator_optimizer.load_state_dict(state.discriminator_optimizer_state)
        self._since = time.perf_counter()
        self._photos_since = 0

    def steps(self) -> Iterator[dict[str, Tensor]]:
        """Do the stage's remaining steps, giving the loss terms (weighted) after each."""
        progress, stage, world = self._state.progress, self._stage, self._world
        loader: DataLoader[Sample] = DataLoader(
            self._dataset,
            batch_sampler=StepSampler(stage, progress.step, world.rank, world.size),
            num_workers=self._config.workers,
            pin_memory=world.device.type == "cuda",
            prefetch_factor=4 if self._config.workers else None,
            worker_init_fn=_leave_signals_to_parent,
        )
        started = time.perf_counter()
        for batch in loader:
            parts = self._step(Sample(*(part.to(world.device, non_blocking=True) for part in batch)))
            progress.step += 1
            progress.photos += stage.batch
            self._photos_since += stage.batch
            now = time.perf_counter()
            progress.seconds += now - started
            started = now
            yield parts

    def photos_per_second(self) -> float:
        """Since the last call."""
        now = time.perf_counter()
        speed = self._photos_since / (now - self._since)
        self._since, self._photos_since = now, 0
        return speed

    def remember(self) -> None:
        """Put the optimizers' state where a checkpoint finds it."""
        self._state.optimizer_state = self._optimizer.state_dict()
        self._state.discriminator_optimizer_state = self._discriminator_optimizer.state_dict()

    def _step(self, batch: Sample) -> dict[str, Tensor]:
        stage, weights, step = self._stage, self._stage.loss, self._state.progress.step
        factor = _schedule(step, stage)
        self.rate = stage.learning_rate * factor
        for group in self._optimizer.param_groups:
            group["lr"] = factor * (stage.encoder_learning_rate if group["encoder"] else stage.learning_rate)
        every = 1 if weights.needs_whole_picture else _SPARSE
        random = np.random.default_rng((self._config.seed, self._state.progress.stage, step))
        offset = (int(random.integers(every)), int(random.integers(every)))
        with torch.autocast(self._world.device.type, torch.bfloat16, enabled=self._config.precision == "bfloat16"):
            scores, chroma, _ = self._network(
                batch.aged.contiguous(memory_format=torch.channels_last), every=every, offset=offset
            )
        target = functional.avg_pool2d(batch.chroma, OUTPUT_STRIDE)[:, :, offset[0] :: every, offset[1] :: every]
        parts: dict[str, Tensor] = {}
        if weights.classification:
            parts["classification"] = weights.classification * losses.classification_loss(
                scores, target, self._soft_encoder
            )
        if weights.chroma:
            parts["chroma"] = weights.chroma * losses.chroma_loss(chroma, target)
        if weights.needs_whole_picture:
            parts |= self._picture_losses(batch, chroma)
        self._optimizer.zero_grad(set_to_none=True)
        torch.stack(list(parts.values())).sum().backward()
        nn.utils.clip_grad_norm_(self._state.network.parameters(), self._config.gradient_clip)
        self._optimizer.step()
        self._state.average.update_parameters(self._state.network)
        if weights.adversarial:
            parts["discriminator"] = self._discriminator_step(batch, chroma.detach(), factor)
        return {name: part.detach() for name, part in parts.items()}

    def _picture_losses(self, batch: Sample, chroma: Tensor) -> dict[str, Tensor]:
        weights = self._stage.loss
        whole = functional.interpolate(chroma, scale_factor=float(OUTPUT_STRIDE), mode="bilinear")
        result, truth = lab_to_rgb(batch.lightness, whole), lab_to_rgb(batch.lightness, batch.chroma)
        parts: dict[str, Tensor] = {}
        if self._classifier is not None:
            parts["perceptual"] = weights.perceptual * losses.perceptual_loss(self._classifier, result, truth)
        if weights.colourfulness:
            parts["colourfulness"] = weights.colourfulness * losses.colourfulness_loss(result, truth)
        if weights.adversarial:
            self._state.discriminator.requires_grad_(False)
            judged = self._state.discriminator(batch.lightness, whole)
            parts["adversarial"] = weights.adversarial * losses.generator_loss(judged)
            self._state.discriminator.requires_grad_(True)
        return parts

    def _discriminator_step(self, batch: Sample, chroma: Tensor, factor: float) -> Tensor:
        for group in self._discriminator_optimizer.param_groups:
            group["lr"] = factor * self._stage.learning_rate
        whole = functional.interpolate(chroma, scale_factor=float(OUTPUT_STRIDE), mode="bilinear")
        count = len(whole)
        judged = self._discriminator(torch.cat([batch.lightness, batch.lightness]), torch.cat([batch.chroma, whole]))
        loss = losses.discriminator_loss(judged[:count], judged[count:])
        self._discriminator_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._discriminator_optimizer.step()
        return loss


def _steps_done(config: TrainConfig, progress: Progress) -> int:
    return sum(stage.steps for stage in config.stages[: progress.stage]) + progress.step


def _mean_parts(world: World, parts: dict[str, Tensor]) -> dict[str, float]:
    means: list[float] = mean_over(world, torch.stack(list(parts.values()))).tolist()
    return dict(zip(parts, means, strict=True))


def _classifier(config: TrainConfig, stage: StageConfig, device: torch.device) -> MobileNetV2 | None:
    if not stage.loss.perceptual or config.backbone is None:
        return None
    return load_classifier(config.backbone).to(device)


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Parameters by learning rate (encoder or not) and by weight decay (matrices or not)."""
    groups: list[dict[str, object]] = []
    for encoder in (False, True):
        for decays in (False, True):
            chosen = [
                parameter
                for name, parameter in network.named_parameters()
                if name.startswith("encoder.") == encoder and (parameter.ndim > 1) == decays
            ]
            groups.append({"params": chosen, "encoder": encoder, "weight_decay": weight_decay if decays else 0.0})
    return groups


def _schedule(step: int, stage: StageConfig) -> float:
    """The share of the peak learning rate: a linear rise, then a cosine down to `_FINAL_RATE`."""
    warmup = min(stage.warmup, stage.steps // 10)
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(stage.steps - warmup, 1)
    return _FINAL_RATE + (1 - _FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * done))


@contextmanager
def _asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether SIGINT or SIGTERM came; the old handlers return afterwards."""
    asked: list[int] = []

    def ask(number: int, _: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave_signals_to_parent(_: int) -> None:
    """Ctrl-C reaches a whole process group; workers end when the training process closes them."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _save(state: TrainingState, file: Path) -> None:
    progress = state.progress
    record: Checkpoint = {
        "network": state.network.state_dict(),
        "average": state.average.state_dict(),
        "discriminator": state.discriminator.state_dict(),
        "optimizer": state.optimizer_state,
        "discriminator_optimizer": state.discriminator_optimizer_state,
        "palette_colours": state.palette.colours,
        "palette_prior": state.palette.prior,
        "progress": {name: getattr(progress, name) for name in Progress.__slots__},
    }
    temporary = file.with_suffix(".part")
    torch.save(record, temporary)
    temporary.replace(file)


def _restore(state: TrainingState, record: Checkpoint) -> None:
    state.network.load_state_dict(record["network"])
    state.average.load_state_dict(record["average"])
    state.discriminator.load_state_dict(record["discriminator"])
    state.optimizer_state = record["optimizer"]
    state.discriminator_optimizer_state = record["discriminator_optimizer"]
    state.progress = progress_of(record)
