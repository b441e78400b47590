"""Run a network file on this interpreter's OpenCV: `python engine_probe.py MODEL INPUTS.npy OUT.npz`.

A program of its own (numpy and OpenCV only), because one interpreter holds only one OpenCV: the exporter calls it with
the interpreter of each version to be compared.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

OUTPUTS = ("chroma", "confidence")
"""The outputs asked for, by name."""


def run_opencv(model: Path, lightness: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """The outputs, by name, for (M, 1, H, W) lightness given one by one."""
    net = cv2.dnn.readNetFromONNX(str(model))
    values: list[list[NDArray[np.float32]]] = []
    for one in lightness:
        net.setInput(one[None], "lightness")
        values.append([np.array(value, np.float32) for value in net.forward(list(OUTPUTS))])
    return {name: np.concatenate([row[at] for row in values]) for at, name in enumerate(OUTPUTS)}


if __name__ == "__main__":
    model_path, inputs_path, out_path = sys.argv[1:]
    outputs = run_opencv(Path(model_path), np.load(inputs_path))
    np.savez(out_path, version=cv2.__version__, chroma=outputs["chroma"], confidence=outputs["confidence"])
