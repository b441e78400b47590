"""Jobs: many photographs from files to files, each failure named, the others done.

The command line, scripts and the GIMP worker describe what they want in a `ColorizeJob` and call `run_job`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
from cv2.typing import MatLike

from photochrom.adjustment import MAX_SATURATION
from photochrom.colorizer import Colorizer
from photochrom.device import Device, Engine
from photochrom.errors import ImageError, JobError, PhotochromError, shown
from photochrom.imageio import read_image, write_image
from photochrom.options import Existing
from photochrom.plan import plan_tasks
from photochrom.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorizeJob:
    """Which photographs to colorize, how, and where to."""

    inputs: tuple[Path, ...]
    """Photographs, and folders that are searched with all below them."""
    output: Path
    """A file with the suffix of an image, for a single photograph; else a folder, made as needed."""
    confidence_output: Path | None = None
    """The same for the confidence maps: grey PNG, 255 for certainty; None: no maps."""
    overwrite: bool = False
    """Whether outputs that exist already may be replaced."""
    model: str | Path = "colorize"
    """The network: a shipped one by name, a user's own by path."""
    device: Device = "auto"
    """What to run on."""
    engine: Engine = "opencv"
    """What to run the network with."""
    saturation: float = 1.0
    """Factor on the network's chroma; 0: grey."""

    def __post_init__(self) -> None:
        if not self.inputs:
            raise JobError("a job has at least one input")
        if not 0 <= self.saturation <= MAX_SATURATION:
            raise JobError(
                f"saturation is {self.saturation}; give a number from 0 (grey) to {MAX_SATURATION:g}; 1 changes nothing"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One file or folder of a job that came to nothing."""

    source: Path
    """The photograph, or the folder that could not be looked into."""
    reason: str
    """What was wrong and what to do; names the file it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job is."""

    finished: int
    """Photographs behind us, done or failed."""
    total: int
    """Photographs that the job set out to do."""
    failure: Failure | None = None
    """What went wrong with the last of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReport:
    """What became of a job."""

    done: tuple[Task, ...]
    """The photographs whose outputs are all written."""
    failures: tuple[Failure, ...]
    """What came to nothing, and why."""
    remaining: int
    """Photographs not begun, because the job was cancelled."""
    passed_over: int
    """Files in the input folders that are hidden or have no image's name."""
    device: str
    """What the network ran on: cpu, cuda or cuda_fp16."""
    engine: str
    """What ran the network: opencv or onnxruntime."""


def run_job(
    job: ColorizeJob,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> JobReport:
    """Colorize all photographs of a job.

    The network is loaded and tried before anything is written; after that, what is wrong with one photograph goes into
    the report and the next one follows.

    Args:
        job: what to do.
        on_progress: called before the first photograph and after each one.
        cancelled: asked before each photograph; True ends the job, with what is done kept.

    Raises:
        JobError: the job as a whole cannot be done; nothing was written.
        ModelError: the network cannot be used; nothing was written.
        DeviceError: the device or engine is not to be had; nothing was written.
    """
    existing: Existing = "overwrite" if job.overwrite else "refuse"
    plan = plan_tasks(job.inputs, job.output, job.confidence_output, existing=existing)
    colorizer = Colorizer(job.model, device=job.device, engine=job.engine)
    colorizer.warm_up()
    done: list[Task] = []
    failures = [Failure(source=result.source, reason=result.reason) for result in plan.settled]
    finished, total = len(failures), len(plan.entries)
    if on_progress is not None:
        on_progress(Progress(finished=finished, total=total))
    for task in plan.tasks:
        if cancelled is not None and cancelled():
            break
        failure = None
        try:
            _colorize_file(task, job, colorizer)
            done.append(task)
        except PhotochromError as error:
            failure = Failure(source=task.source, reason=str(error))
            failures.append(failure)
        finished += 1
        if on_progress is not None:
            on_progress(Progress(finished=finished, total=total, failure=failure))
    return JobReport(
        done=tuple(done),
        failures=tuple(failures),
        remaining=total - finished,
        passed_over=plan.passed_over,
        device=colorizer.device,
        engine=colorizer.engine,
    )


def _colorize_file(task: Task, job: ColorizeJob, colorizer: Colorizer) -> None:
    """Write the outputs of one photograph; the coloured copy last, so that it stands for a finished task.

    Raises:
        PhotochromError: any failure; the message names the file it is about.
    """
    try:
        picture = read_image(task.source)
        coloured, confidence = _colorize(task, picture.pixels, job, colorizer)
        if task.confidence is not None and confidence is not None:
            write_image(task.confidence, confidence, overwrite=job.overwrite)
        write_image(task.target, coloured, metadata=picture.metadata, overwrite=job.overwrite)
    except MemoryError:
        raise ImageError(f"{shown(task.source)}: there is not enough memory for it") from None


def _colorize(task: Task, pixels: MatLike, job: ColorizeJob, colorizer: Colorizer) -> tuple[MatLike, MatLike | None]:
    """The photograph in colour, and its confidence as 8-bit grey where it is wanted."""
    try:
        if task.confidence is None:
            in_place = pixels if pixels.ndim == 3 else None
            return colorizer.colorize(pixels, in_place, saturation=job.saturation), None
        result = colorizer.predict(pixels, saturation=job.saturation)
        return result.image, cv2.convertScaleAbs(result.confidence, alpha=255)
    except cv2.error as error:  # also every error of ours
        raise ImageError(f"{shown(task.source)}: {error}") from error
