"""One stage of a run: its data, optimizers and step."""

import math
import signal
import time
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from photochrom_train import losses
from photochrom_train.backbone import MobileNetV2, load_classifier, to_backbone_range
from photochrom_train.checkpoint import TrainingState
from photochrom_train.colorize_network import OUTPUT_STRIDE, ColorizeNetwork, LightnessEncoder, Prediction
from photochrom_train.colourfulness import brought_to
from photochrom_train.config import StageConfig, TrainConfig
from photochrom_train.dataset import PhotoDataset, Sample, StepSampler
from photochrom_train.distributed import World
from photochrom_train.lab_torch import lab_to_rgb
from photochrom_train.palette import SoftEncoder
from photochrom_train.photo_cache import PhotoCache

LOSS_TERMS = (
    *("classification", "chroma", "coherence", "false_colour", "false_red", "perceptual", "recognition"),
    *("distillation", "feature_distillation", "colourfulness", "adversarial", "discriminator"),
)
"""Every term that a step may give."""

_SPARSE = 2


class StageRun:
    """The steps of one stage, from where the state stands.

    Args:
        config: of the run.
        stage: what to do.
        state: networks and progress, changed by every step.
        cache: the photographs.
        positions: which of them.
        world: this process among its peers.
    """

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
        if stage.temperature is not None:
            for network in (state.network, state.average.module):
                network.get_buffer("temperature").fill_(stage.temperature)
        for network in (state.network, state.average.module):
            assert isinstance(network, ColorizeNetwork)
            network.widest, network.contrast = stage.widest, stage.contrast
        self.rate = 0.0
        self._dataset = PhotoDataset(cache, positions, stage, config.augment, config.seed + 1000 * state.progress.stage)
        self._soft_encoder = SoftEncoder(state.palette, config.palette, world.device)
        self._classifier = _classifier(config, stage, world.device)
        _freeze(state.network, stage)
        state.network.dropout = stage.dropout
        self._network: nn.Module = state.network
        if stage.loss.of_encoder_alone:
            assert isinstance(state.network, ColorizeNetwork)
            self._network = LightnessEncoder(state.network.encoder)
        self._discriminator: nn.Module = state.discriminator
        if world.size > 1:
            self._network = DistributedDataParallel(self._network, broadcast_buffers=False)
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
        stage, weights, step, world = self._stage, self._stage.loss, self._state.progress.step, self._world
        factor = _schedule(step, stage)
        self.rate = factor * (stage.encoder_learning_rate if weights.of_encoder_alone else stage.learning_rate)
        for group in self._optimizer.param_groups:
            group["lr"] = factor * (stage.encoder_learning_rate if group["encoder"] else stage.learning_rate)
        random = np.random.default_rng((self._config.seed, self._state.progress.stage, step))
        top, left = int(random.integers(_SPARSE)), int(random.integers(_SPARSE))
        torch.manual_seed(int(random.integers(2**32)) + world.rank)
        wanted = self._wanted(batch)
        parts: dict[str, Tensor] = {}
        prediction: Prediction | None = None
        if weights.of_encoder_alone:
            with self._mixed_precision():
                seen: list[Tensor] = self._network(_for_network(batch))
        else:
            target = functional.avg_pool2d(batch.chroma, OUTPUT_STRIDE)
            prediction = self._predict(batch, target, (top, left))
            seen = prediction.seen
            parts |= self._chroma_losses(prediction, target, (top, left))
            if weights.needs_whole_picture:
                parts |= self._picture_losses(batch, prediction, wanted)
        parts |= self._distillation_losses(seen, wanted)
        self._optimizer.zero_grad(set_to_none=True)
        torch.stack(list(parts.values())).sum().backward()
        nn.utils.clip_grad_norm_(self._state.network.parameters(), self._config.gradient_clip)
        self._optimizer.step()
        self._state.average.update_parameters(self._state.network)
        if weights.adversarial and prediction is not None:
            parts["discriminator"] = self._discriminator_step(batch, prediction.chroma.detach(), factor)
        return {name: part.detach() for name, part in parts.items()}

    def _mixed_precision(self) -> torch.autocast:
        return torch.autocast(self._world.device.type, torch.bfloat16, enabled=self._config.precision == "bfloat16")

    def _wanted(self, batch: Sample) -> list[Tensor]:
        """What the classifier sees in the true photographs; nothing, where no term asks."""
        if self._classifier is None:
            return []
        with torch.no_grad():
            return _seen(self._classifier, lab_to_rgb(batch.lightness, batch.chroma))

    def _predict(self, batch: Sample, target: Tensor, offset: tuple[int, int]) -> Prediction:
        """What the network says, as the losses are to see it; `target` is the true chroma at its size."""
        stage = self._stage
        whole = stage.loss.needs_whole_chroma or stage.colourfulness is not None or stage.contrast > 0
        with self._mixed_precision():
            prediction: Prediction = self._network(_for_network(batch), _SPARSE, offset, whole)
        if stage.colourfulness is None:
            return prediction
        lightness = functional.avg_pool2d(batch.lightness, OUTPUT_STRIDE)
        bold = brought_to(stage.colourfulness, lightness, prediction.chroma, target, self._world)
        return prediction._replace(chroma=bold)

    def _distillation_losses(self, seen: list[Tensor], wanted: list[Tensor]) -> dict[str, Tensor]:
        """The terms that look at the encoder's features."""
        weights = self._stage.loss
        parts: dict[str, Tensor] = {}
        if self._classifier is not None and weights.distillation:
            scores = (self._classifier.scores(features[-1].float()) for features in (seen, wanted))
            parts["distillation"] = weights.distillation * losses.recognition_loss(*scores)
        if weights.feature_distillation:
            parts["feature_distillation"] = weights.feature_distillation * losses.perceptual_loss(seen, wanted)
        return parts

    def _chroma_losses(self, prediction: Prediction, target: Tensor, offset: tuple[int, int]) -> dict[str, Tensor]:
        """The terms that look at scores and chroma; `target` is the true chroma at the prediction's size."""
        weights = self._stage.loss
        sparse_target = target[:, :, offset[0] :: _SPARSE, offset[1] :: _SPARSE]
        parts: dict[str, Tensor] = {}
        if weights.classification:
            parts["classification"] = weights.classification * losses.classification_loss(
                prediction.scores, sparse_target, self._soft_encoder
            )
        if weights.chroma:
            wanted = target if prediction.chroma.shape == target.shape else sparse_target
            parts["chroma"] = weights.chroma * losses.chroma_loss(prediction.chroma, wanted)
        if weights.coherence:
            parts["coherence"] = weights.coherence * losses.coherence_loss(prediction.chroma, target)
        if weights.false_colour:
            parts["false_colour"] = weights.false_colour * losses.false_colour_loss(prediction.chroma, target)
        if weights.false_red:
            parts["false_red"] = weights.false_red * losses.false_red_loss(prediction.chroma, target)
        return parts

    def _picture_losses(self, batch: Sample, prediction: Prediction, wanted: list[Tensor]) -> dict[str, Tensor]:
        """The terms that look at recoloured photographs; `wanted` is what the classifier sees in the true ones."""
        weights = self._stage.loss
        parts: dict[str, Tensor] = {}
        whole = functional.interpolate(prediction.chroma, scale_factor=float(OUTPUT_STRIDE), mode="bilinear")
        result = lab_to_rgb(batch.lightness, whole)
        if self._classifier is not None and (weights.perceptual or weights.recognition):
            given = _seen(self._classifier, result)
            if weights.perceptual:
                parts["perceptual"] = weights.perceptual * losses.perceptual_loss(given, wanted)
            if weights.recognition:
                scores = (self._classifier.scores(seen[-1]) for seen in (given, wanted))
                parts["recognition"] = weights.recognition * losses.recognition_loss(*scores)
        if weights.colourfulness:
            truth = lab_to_rgb(batch.lightness, batch.chroma)
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


def _freeze(network: nn.Module, stage: StageConfig) -> None:
    """Let a stage train all parts of a network but those that it leaves as they are, statistics included."""
    for name, part in network.named_children():
        trains = name not in stage.frozen and (name != "encoder" or stage.encoder_learning_rate > 0)
        part.requires_grad_(trains).train(trains)


def _classifier(config: TrainConfig, stage: StageConfig, device: torch.device) -> MobileNetV2 | None:
    if not stage.loss.needs_classifier or config.backbone is None:
        return None
    return load_classifier(config.backbone).to(device)


def _for_network(batch: Sample) -> Tensor:
    """(N, 1, H, W) the lightness that the network sees."""
    return batch.aged.contiguous(memory_format=torch.channels_last)


def _seen(classifier: MobileNetV2, rgb: Tensor) -> list[Tensor]:
    """The classifier's features of (N, 3, H, W) RGB in [0, 1]."""
    return classifier.features_at(to_backbone_range(rgb).contiguous(memory_format=torch.channels_last))


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
    """The share of the peak learning rate: a linear rise, then a cosine down to the stage's final one."""
    warmup = min(stage.warmup, stage.steps // 10)
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(stage.steps - warmup, 1)
    return stage.final_rate + (1 - stage.final_rate) * 0.5 * (1 + math.cos(math.pi * done))


def _leave_signals_to_parent(_: int) -> None:
    """Ctrl-C reaches a whole process group; workers end when the training process closes them."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
