"""The training of a colorization network: stages of optimizer steps, resumable at any of them.

It knows nothing of files of photographs (`photo_cache`), of what a loss means (`losses`), nor of the exported file.
"""

import dataclasses
import json
import logging
import math
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import torch
from torch import Tensor

from photochrom_train.checkpoint import (
    Progress,
    TrainingState,
    begin_with,
    begin_with_mean,
    progress_of,
    read_checkpoint,
    restore,
    save_checkpoint,
    stage_file,
)
from photochrom_train.colorize_network import ColorizeNetwork
from photochrom_train.config import START, TrainConfig
from photochrom_train.dataset import StepSampler
from photochrom_train.distributed import World, any_of, mean_over, wait_for_all
from photochrom_train.exported_weights import ExportedWeights
from photochrom_train.palette import Palette, measure_palette
from photochrom_train.photo_cache import PhotoCache
from photochrom_train.precision import affordable
from photochrom_train.run_log import RunLog, draw_curves
from photochrom_train.run_record import remember_session, this_session
from photochrom_train.stage_run import LOSS_TERMS, StageRun
from photochrom_train.validation import held_out_batches, validate

_log = logging.getLogger(__name__)
_REPORT_EVERY = 50
_TRAIN_COLUMNS = ("stage", *LOSS_TERMS, "rate", "photos_per_s")
_VALIDATION_COLUMNS = ("stage", "psnr_gain", "error_ratio", "colourfulness_ratio")


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

    Raises:
        RuntimeError: a loss or a validation figure is no finite number any more; the last checkpoint stays.
    """
    precision = affordable(config.precision, world.device)
    if precision != config.precision and world.leads:
        _log.warning("computing in %s: this processor has no AVX-512, so %s would be slow", precision, config.precision)
    config = dataclasses.replace(config, precision=precision)
    positions, held_out = cache.split(config.data.holdout)
    checkpoint = folder / "checkpoint.pt"
    record = read_checkpoint(checkpoint, world.device) if checkpoint.is_file() else None
    for stage in config.stages[progress_of(record).stage if record else 0 :]:
        StepSampler(stage, 0, world.rank, world.size)  # refuses a batch that cannot be shared, before any is trained
    folder.mkdir(parents=True, exist_ok=True)
    start = ExportedWeights(config.start) if record is None and config.start else None
    if record is None:
        colours = start.palette if start else None
        palette = measure_palette(cache, positions, config.palette, config.seed, colours)
    else:
        palette = Palette(record["palette_colours"], record["palette_prior"])
    state = TrainingState(config, palette, world.device)
    if start is not None:
        begin_with(state, start, next(held_out_batches(cache, held_out, config.stages[0].size))[0].to(world.device))
        if world.leads:
            save_checkpoint(state, stage_file(folder, START))
        _log.info("beginning with the weights of %s", config.start)
    if record is not None:
        restore(state, record)
        _log.info("resuming %s at stage %d, step %d", checkpoint, state.progress.stage, state.progress.step)
    logs = None
    if world.leads:
        remember_session(folder, this_session(_steps_done(config, state.progress), config.precision, world))
        logs = (
            RunLog(folder, "train", _TRAIN_COLUMNS, state.progress.train_rows),
            RunLog(folder, "validation", _VALIDATION_COLUMNS, state.progress.validation_rows),
        )
    with _asked_to_stop() as stopping, ExitStack() as at_end:
        for log in logs or ():
            at_end.callback(log.close)
        while state.progress.stage < len(config.stages):
            stage = config.stages[state.progress.stage]
            if stage.begins_with and state.progress.step == 0:
                wait_for_all(world)  # for the one that writes the stages' ends
                begin_with_mean(state, config, folder, stage.begins_with)
            run = StageRun(config, stage, state, cache, positions, world)
            for loss_parts in run.steps():
                progress = state.progress
                done = _steps_done(config, progress)
                last = progress.step == stage.steps
                reports = progress.step % _REPORT_EVERY == 0 or last
                validates = progress.step % config.validate_every == 0 or last
                if reports or validates:
                    parts = _mean_parts(world, loss_parts)
                    _require_finite(parts, done)
                    if logs and reports:
                        rate = run.photos_per_second()
                        logs[0].add(done, {"stage": stage.name, **parts, "rate": run.rate, "photos_per_s": rate})
                        progress.train_rows = logs[0].rows
                if on_step and world.leads:
                    on_step(done, sum(s.steps for s in config.stages), float(sum(loss_parts.values())))
                if validates and logs:
                    sheet = folder / f"samples-{done:06d}.png"
                    average = state.average.module
                    assert isinstance(average, ColorizeNetwork)
                    scores = validate(average, cache, held_out, stage.size, sheet, world.device)
                    _log.info("step %d: %s", done, json.dumps({k: round(v, 4) for k, v in scores.items()}))
                    _require_finite(scores, done)
                    logs[1].add(done, {"stage": stage.name, **scores})
                    progress.validation_rows = logs[1].rows
                    run.remember()
                    save_checkpoint(state, checkpoint)
                    draw_curves(folder)
                if any_of(world, stopping()) and not last:
                    if world.leads:
                        run.remember()
                        save_checkpoint(state, checkpoint)
                    return False
            state.progress.stage += 1
            state.progress.step = 0
            state.optimizer_state = state.discriminator_optimizer_state = None
            if world.leads:
                save_checkpoint(state, stage_file(folder, stage.name))
                save_checkpoint(state, checkpoint)
    return True


def _steps_done(config: TrainConfig, progress: Progress) -> int:
    return sum(stage.steps for stage in config.stages[: progress.stage]) + progress.step


def _mean_parts(world: World, parts: dict[str, Tensor]) -> dict[str, float]:
    means: list[float] = mean_over(world, torch.stack(list(parts.values()))).tolist()
    return dict(zip(parts, means, strict=True))


def _require_finite(figures: dict[str, float], step: int) -> None:
    for name, value in figures.items():
        if not math.isfinite(value):
            raise RuntimeError(
                f"step {step}: {name} is {value}, so the run cannot go on; lower the learning rates and train again, "
                "from the last checkpoint, which is from before"
            )


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
