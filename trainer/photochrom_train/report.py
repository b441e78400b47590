"""The papers of a shipped network: its model card, and the record of the run that it came from.

What people wrote stands in a template (`string.Template`). What was measured comes from the run's folder, the
evaluation and the contract, which must all be about the same file; so both can be made anew at any time.
"""

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import TypedDict, cast

import cv2
import numpy as np
import torch

from photochrom import Colorizer
from photochrom.errors import ImageError
from photochrom.networks.contract import Contract
from photochrom_train.calibration import NEAR
from photochrom_train.checkpoint import progress_of, read_checkpoint
from photochrom_train.config import ConfigError, TrainConfig
from photochrom_train.evaluation import EVALUATION_FILE, read_evaluation
from photochrom_train.evaluation_table import table, tables
from photochrom_train.manifest import Manifest, make_manifest
from photochrom_train.photo_cache import PhotoCache
from photochrom_train.photo_source import DataError, UInt8, read_all
from photochrom_train.run_log import draw_curves, read_log
from photochrom_train.run_record import SESSIONS_FILE, read_sessions
from photochrom_train.sheet import SheetRow, draw_sheet

_NOT_LOSSES = {"step", "stage", "rate", "photos_per_s"}
_LAST_ROWS = 10
_SHEET_HEIGHT = 220
_LARGEST_SHEET = 600_000
_QUALITIES = range(92, 40, -4)


class _Exported(TypedDict):
    """Of what `photochrom_train.export.write_report` wrote, what a card says."""

    calibration: dict[str, float | None]
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPaths:
    """Where the parts of a report come from and go."""

    config: Path
    """The run's TOML file."""
    run: Path
    """The run's folder."""
    cache: Path
    """The photo cache of the run."""
    evaluation: Path
    """The folder that `evaluate` wrote."""
    template: Path
    """The card's template."""
    samples: Path
    """Photographs that may be published, to show in the card."""
    card: Path
    """The model card to write, NAME.md beside NAME.json and NAME.onnx."""
    records: Path
    """The folder for the run's record."""


def write_report(config: TrainConfig, paths: ReportPaths) -> None:
    """Write model card and record.

    Raises:
        DataError: run, evaluation and network file do not belong together, or there is nothing to show.
        ConfigError: the template names something that is not known.
    """
    colorizer = Colorizer(paths.card.with_suffix(".json"))
    evaluation = read_evaluation(paths.evaluation / EVALUATION_FILE)
    exported = _read_export(paths.run / "export.json")
    for what, sha256 in (("evaluation", evaluation.model["sha256"]), ("run's export", exported["sha256"])):
        if sha256 != colorizer.contract.sha256:
            raise DataError(f"the {what} is of another file than {paths.card.with_suffix('.onnx')}; make it anew")
    manifest = make_manifest(config.data, PhotoCache(paths.cache))
    facts = {
        "file": _file_table(colorizer.contract),
        "data": _data_table(manifest),
        "training": _training_table(config, paths.run),
        "losses": _loss_table(paths.run),
        "calibration": _calibration_table(exported["calibration"]),
        "evaluation": tables(evaluation),
        "records": Path(os.path.relpath(paths.records, paths.card.parent)).as_posix(),
    }
    try:
        card = Template(paths.template.read_text(encoding="utf-8")).substitute(facts)
    except (KeyError, ValueError) as error:
        raise ConfigError(f"{paths.template}: {error}; known placeholders are ${', $'.join(facts)}") from error
    _write_record(paths, manifest, _draw_samples(colorizer, paths.samples))
    paths.card.write_text(card, encoding="utf-8")


def _read_export(file: Path) -> _Exported:
    try:
        exported = json.loads(file.read_text(encoding="utf-8"))
        if exported.keys() >= _Exported.__required_keys__:
            return cast(_Exported, exported)
    except (ValueError, AttributeError):
        pass
    raise DataError(f"{file} is damaged; run `photochrom-train export` again")


def _write_record(paths: ReportPaths, manifest: Manifest, samples: UInt8) -> None:
    paths.records.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(paths.config, paths.records / "config.toml")
    for name in ("train.csv", "validation.csv", "export.json", SESSIONS_FILE):
        if (paths.run / name).is_file():
            shutil.copyfile(paths.run / name, paths.records / name)
    shutil.copyfile(paths.evaluation / EVALUATION_FILE, paths.records / EVALUATION_FILE)
    manifest_text = json.dumps(asdict(manifest), indent=1, ensure_ascii=False) + "\n"
    (paths.records / "manifest.json").write_text(manifest_text, encoding="utf-8")
    draw_curves(paths.records)
    (paths.records / "samples.jpg").write_bytes(_small_jpeg(samples))


def _draw_samples(colorizer: Colorizer, folder: Path) -> UInt8:
    rows = []
    for photo in read_all([folder]):
        try:
            bgr = photo.decode()
        except ImageError as error:
            raise DataError(f"{folder / photo.key}: {error}") from error
        rows.append(SheetRow(photo.key, (bgr, np.asarray(colorizer.colorize(bgr), np.uint8))))
    if not rows:
        raise DataError(f"{folder} holds no photographs to show in the card")
    return draw_sheet(rows, ("before", "after"), _SHEET_HEIGHT)


def _small_jpeg(picture: UInt8) -> bytes:
    """The picture as JPEG, at the best quality that keeps it small."""
    for quality in _QUALITIES:
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(data) <= _LARGEST_SHEET:
            break
    return data


def _file_table(contract: Contract) -> str:
    return _facts(
        {
            "version": contract.version,
            "sha256": f"`{contract.sha256}`",
            "size": f"{contract.size_bytes / 1e6:.1f} MB",
            "cost": f"{contract.macs / 1e9:.2f} GMAC",
            "inputs": "; ".join(f"`{tensor.name}` {tensor.shape} [{tensor.unit}]" for tensor in contract.inputs),
            "outputs": "; ".join(f"`{tensor.name}` {tensor.shape} [{tensor.unit}]" for tensor in contract.outputs),
            "largest difference from torch": "; ".join(
                f"{engine} {value:g}" for engine, value in contract.parity.items()
            ),
            "licence": contract.licence,
        }
    )


def _data_table(manifest: Manifest) -> str:
    total = sum(manifest.collections.values())
    counts = [[name, f"{count:,}"] for name, count in manifest.collections.items()]
    shards = [[name, f"`{sha256}`"] for name, sha256 in manifest.sources.items()]
    return "\n\n".join(
        [
            f"{total:,} photographs, {len(manifest.unreadable)} of them unreadable and left out; {manifest.held_out} "
            "were set aside for validation during the run and for calibration.",
            table(["collection", "photographs"], counts),
            table(["shard", "sha256"], shards),
        ]
    )


def _training_table(config: TrainConfig, run: Path) -> str:
    progress = progress_of(read_checkpoint(run / "checkpoint.pt", torch.device("cpu")))
    done = sum(stage.steps for stage in config.stages[: progress.stage]) + progress.step
    facts = {
        "steps": f"{done:,} of {sum(stage.steps for stage in config.stages):,}",
        "photographs seen": f"{progress.photos:,}",
        "wall-clock time": f"{progress.seconds / 3600:.1f} hours",
        "seed": str(config.seed),
    }
    for session in read_sessions(run):
        facts[f"from step {session.first_step:,}"] = (
            f"{session.device}, {session.cores} cores, {session.processes} process(es), "
            f"torch {session.torch}, Python {session.python}" + (f", {session.precision}" if session.precision else "")
        )
    return _facts(facts)


def _loss_table(run: Path) -> str:
    """The last losses and validation figures of each stage."""
    rows = []
    for stage, lines in _by_stage(read_log(run / "train.csv")):
        last = lines[-_LAST_ROWS:]
        for name in (name for name in last[-1] if name not in _NOT_LOSSES):
            values = [float(line[name]) for line in last if line[name]]
            if values:
                title = f"{name} loss, weighted (mean of the last {len(values)} reports)"
                rows.append([stage, title, f"{sum(values) / len(values):.4g}"])
    for stage, lines in _by_stage(read_log(run / "validation.csv")):
        rows += [[stage, f"validation: {name}", value] for name, value in lines[-1].items() if name not in _NOT_LOSSES]
    return table(["stage", "figure", "last"], rows)


def _by_stage(rows: list[dict[str, str]]) -> Iterable[tuple[str, list[dict[str, str]]]]:
    for stage in dict.fromkeys(row["stage"] for row in rows):
        yield stage, [row for row in rows if row["stage"] == stage]


def _calibration_table(calibration: dict[str, float | None]) -> str:
    return _facts(
        {
            "temperature of the annealed mean": f"{calibration['temperature']:g}",
            "standard deviation of a distribution at which its chroma is halved": (
                "none" if calibration["widest"] is None else f"{calibration['widest']:g}"
            ),
            "power of chroma's share of its surroundings'": f"{calibration['contrast']:g}",
            "gain of the chroma": f"{calibration['gain']:.3f}",
            "colourfulness over the truth's": f"{calibration['colourfulness_ratio']:.3f}",
            f"calibration error of the confidence (a*b* within {NEAR:g} of the truth)": (
                f"{calibration['calibration_error']:.3f}"
            ),
        }
    )


def _facts(facts: dict[str, str]) -> str:
    return table(["", ""], ([name, fact] for name, fact in facts.items()))
