"""Whether every engine computes from the file what torch computes from the network."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from photochrom_train import engine_probe
from photochrom_train.colorize_network import ColorizeNetwork

TOLERANCE = {"chroma": 0.1, "confidence": 0.002}
"""Largest difference that an engine may show, by output [the output's unit]."""

Outputs = dict[str, NDArray[np.float32]]


class ParityError(RuntimeError):
    """An engine gives other values than torch; the differences are in the message."""


def measure_parity(
    network: ColorizeNetwork, model: Path, lightness: NDArray[np.float32], interpreters: list[Path]
) -> dict[str, dict[str, float]]:
    """Largest differences from torch, by engine and output.

    Args:
        network: what was exported, in evaluation mode.
        model: the ONNX file.
        lightness: (M, 1, H, W) test inputs.
        interpreters: Python interpreters, each with an OpenCV to be tried; of two with one version the worse counts.
    """
    with torch.no_grad():
        predictions = [network(torch.from_numpy(one[None])) for one in lightness]
    wanted: Outputs = {
        "chroma": np.concatenate([prediction.chroma.numpy() for prediction in predictions]),
        "confidence": np.concatenate([prediction.confidence.numpy() for prediction in predictions]),
    }
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    rows = [session.run(list(engine_probe.OUTPUTS), {"lightness": one[None]}) for one in lightness]
    found: list[tuple[str, Outputs]] = [
        (
            "onnxruntime",
            {name: np.concatenate([row[at] for row in rows]) for at, name in enumerate(engine_probe.OUTPUTS)},
        )
    ]
    found += [_probe(interpreter, model, lightness) for interpreter in interpreters]
    differences: dict[str, dict[str, float]] = {}
    for engine, outputs in found:
        worst = differences.setdefault(engine, dict.fromkeys(wanted, 0.0))
        for name in wanted:  # NaN is larger than any number here
            difference = _largest_difference(outputs[name], wanted[name])
            worst[name] = worst[name] if difference <= worst[name] else difference
    return differences


def require_parity(differences: dict[str, dict[str, float]]) -> None:
    """Refuse differences above tolerance.

    Raises:
        ParityError: says which engine and output, how large, and what is allowed.
    """
    wrong = [
        f"{engine}: {name} differs by {value:.3g}, allowed is {TOLERANCE[name]}"
        for engine, outputs in differences.items()
        for name, value in outputs.items()
        if not value <= TOLERANCE[name]
    ]
    if wrong:
        raise ParityError("the exported file does not compute what the network does; " + "; ".join(wrong))


def _largest_difference(given: NDArray[np.float32], wanted: NDArray[np.float32]) -> float:
    if given.shape != wanted.shape:
        return float("inf")
    return float(np.abs(given - wanted).max())


def _probe(interpreter: Path, model: Path, lightness: NDArray[np.float32]) -> tuple[str, Outputs]:
    with tempfile.TemporaryDirectory() as folder:
        inputs, out = Path(folder, "inputs.npy"), Path(folder, "out.npz")
        np.save(inputs, lightness)
        done = subprocess.run(  # noqa: S603 (interpreters that the caller named)
            [_program(interpreter), str(Path(engine_probe.__file__)), str(model), str(inputs), str(out)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not out.is_file():
            raise ParityError(
                f"{interpreter} could not run the file (exit code {done.returncode}; negative is a crash): "
                f"{done.stderr.strip()[-400:] or 'it said nothing'}"
            )
        with np.load(out) as result:
            return f"opencv-{result['version']}", {name: result[name] for name in engine_probe.OUTPUTS}


def _program(interpreter: Path) -> str:
    """What starts it: its whole path, for a bare name would be looked for where commands lie; else that name."""
    return str(interpreter.absolute() if interpreter.exists() else interpreter)
