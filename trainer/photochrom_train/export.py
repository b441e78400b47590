"""From a run's checkpoint to the two files that are shipped: NAME.onnx and its contract NAME.json."""

import copy
import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from photochrom.networks.contract import FORMAT, TASKS, Contract, Tensor
from photochrom_train.calibration import Calibration, calibrate
from photochrom_train.checkpoint import load_exported
from photochrom_train.colorize_network import OUTPUT_STRIDE, ColorizeNetwork
from photochrom_train.config import TrainConfig
from photochrom_train.onnx_file import METADATA_KEY, OPSET, count_macs, fold_batch_norm, round_to_float16, trace
from photochrom_train.parity import measure_parity, require_parity
from photochrom_train.photo_cache import PhotoCache
from photochrom_train.validation import held_out_batches

_TRIAL_PHOTOS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What an export measured."""

    contract: Contract
    calibration: Calibration
    differences: dict[str, dict[str, float]]
    """Largest difference from torch by engine and output."""
    rounding: float
    """Mean change of a*b* by storing weights as float16 [Lab units]."""


def export(config: TrainConfig, run: Path, cache: PhotoCache, folder: Path, interpreters: list[Path]) -> ExportReport:
    """Calibrate, trace, check against every engine, and only then put NAME.onnx and NAME.json into a folder.

    Args:
        config: of the run.
        run: its folder.
        cache: its photographs; the held-out ones calibrate.
        folder: where the files go.
        interpreters: Python interpreters, each with an OpenCV that must agree.

    Raises:
        ParityError: an engine differs above tolerance; nothing is written.
    """
    trained = load_exported(config, run)
    trained.widest, trained.contrast = config.export.widest, config.export.contrast
    _, held_out = cache.split(config.data.holdout)
    size = config.export.size
    calibration = calibrate(trained, cache, held_out, size, config.export.colourfulness)
    stored = copy.deepcopy(trained)
    fold_batch_norm(stored)
    round_to_float16(stored)
    lightness = _trial_inputs(cache, held_out, size)
    model = trace(stored, size)
    folder.mkdir(parents=True, exist_ok=True)
    onnx_file, contract_file = folder / f"{config.name}.onnx", folder / f"{config.name}.json"
    temporary = onnx_file.with_suffix(".part")
    try:
        onnx.save(model, str(temporary))
        differences = measure_parity(stored, temporary, lightness, interpreters)
        require_parity(differences)
        contract = _contract(config, stored, {engine: max(row.values()) for engine, row in differences.items()})
        onnx.helper.set_model_props(model, {METADATA_KEY: contract.metadata()})
        onnx.save(model, str(temporary))
        data = temporary.read_bytes()
        contract = dataclasses.replace(contract, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
        contract_part = contract_file.with_suffix(".json.part")
        contract_part.write_text(contract.to_json(), encoding="utf-8")
        temporary.replace(onnx_file)
        contract_part.replace(contract_file)
    finally:
        temporary.unlink(missing_ok=True)
    return ExportReport(
        contract=contract,
        calibration=calibration,
        differences=differences,
        rounding=_mean_change(trained, stored, lightness),
    )


def write_report(report: ExportReport, file: Path) -> None:
    """An export's measurements as JSON, for the run's record."""
    record = {
        "calibration": dataclasses.asdict(report.calibration),
        "differences": report.differences,
        "rounding": report.rounding,
        "sha256": report.contract.sha256,
    }
    file.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _trial_inputs(cache: PhotoCache, held_out: list[int], size: int) -> NDArray[np.float32]:
    """(M, 1, size, size) lightness of photographs, and black, white and noise."""
    photos = next(held_out_batches(cache, held_out[:_TRIAL_PHOTOS], size))[0].numpy()
    noise = np.random.default_rng(0).uniform(0, 100, (1, 1, size, size))
    flat = [np.zeros((1, 1, size, size)), np.full((1, 1, size, size), 100.0)]
    return np.concatenate([photos, noise, *flat]).astype(np.float32)


@torch.no_grad()
def _mean_change(trained: ColorizeNetwork, stored: ColorizeNetwork, lightness: NDArray[np.float32]) -> float:
    inputs = torch.from_numpy(lightness)
    return float((trained(inputs).chroma - stored(inputs).chroma).abs().mean())


def _contract(config: TrainConfig, network: ColorizeNetwork, parity: dict[str, float]) -> Contract:
    size = config.export.size
    task = TASKS[config.network]
    return Contract(
        format=FORMAT,
        name=config.name,
        version=config.export.version,
        task=config.network,
        file=f"{config.name}.onnx",
        sha256="0" * 64,
        size_bytes=1,
        opset=OPSET,
        inputs=tuple(
            Tensor(name=name, shape=(1, rule.channels, size, size), unit=rule.unit, range=rule.range)
            for name, rule in task.inputs.items()
        ),
        outputs=tuple(
            Tensor(
                name=name,
                shape=(1, rule.channels, size // OUTPUT_STRIDE, size // OUTPUT_STRIDE),
                unit=rule.unit,
                range=rule.range,
            )
            for name, rule in task.outputs.items()
        ),
        conditions=(),
        macs=count_macs(network, size),
        licence=config.export.licence,
        data=config.export.data,
        parity={engine: float(f"{value:.2g}") for engine, value in parity.items()},
    )
