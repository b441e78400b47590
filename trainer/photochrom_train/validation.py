"""How a network in training does on held-out photographs, quickly: at its own size, without the core's enlargement.

The figures that count are those of `evaluate`, which runs the exported file through the core.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from photochrom.colour.lab import split_lab
from photochrom_train.colorize_network import ColorizeNetwork
from photochrom_train.colourfulness import colourfulness
from photochrom_train.lab_torch import lab_to_rgb
from photochrom_train.photo_cache import PhotoCache
from photochrom_train.square import fitted

_BATCH = 16
_SHEET_ROWS = 8


def held_out_batches(cache: PhotoCache, positions: list[int], size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """(N, 1, S, S) lightness and (N, 2, S, S) chroma of whole photographs, as the core shows them to a network."""
    for start in range(0, len(positions), _BATCH):
        pairs = []
        for position in positions[start : start + _BATCH]:
            square = fitted(cache[position], size)
            pairs.append(split_lab(square.astype(np.float32) / np.float32(255)))
        yield (
            torch.from_numpy(np.stack([lightness[None] for lightness, _ in pairs])),
            torch.from_numpy(np.stack([chroma for _, chroma in pairs])),
        )


@torch.no_grad()
def validate(
    network: ColorizeNetwork,
    cache: PhotoCache,
    positions: list[int],
    size: int,
    sheet: Path,
    device: torch.device,
) -> dict[str, float]:
    """PSNR gain over grey [dB], error over grey's [ratio] and colourfulness over the truth's [ratio], as means.

    Args:
        network: in training; put back into training mode afterwards.
        cache: the photographs.
        positions: the held-out ones.
        size: side of the square input [pixels].
        sheet: where a PNG of grey, result and truth goes.
        device: where the network is.
    """
    network.eval()
    gains: list[Tensor] = []
    errors, colours = torch.zeros(2), torch.zeros(2)
    rows: list[Tensor] = []
    for batch in held_out_batches(cache, positions, size):
        lightness, chroma = batch[0].to(device), batch[1].to(device)
        predicted = functional.interpolate(network(lightness).chroma, size=(size, size), mode="bilinear")
        truth = lab_to_rgb(lightness, chroma)
        result = lab_to_rgb(lightness, predicted)
        grey = lab_to_rgb(lightness, torch.zeros_like(chroma))
        floor = 1e-5
        wrong, wrong_grey = ((picture - truth).square().mean((1, 2, 3)) + floor for picture in (result, grey))
        gains.append(10 * torch.log10(wrong_grey / wrong).cpu())
        error = (predicted - chroma).square().sum(1).sqrt().mean()
        errors += torch.stack([error, chroma.square().sum(1).sqrt().mean()]).cpu() * len(lightness)
        colours += torch.stack([colourfulness(result).sum(), colourfulness(truth).sum()]).cpu()
        rows += [torch.cat([grey[i], result[i], truth[i]], 2).cpu() for i in range(len(grey)) if len(rows) < 64]
    network.train()
    half = len(rows[: 2 * _SHEET_ROWS]) // 2
    picture = torch.cat([torch.cat(rows[:half], 1), torch.cat(rows[half : 2 * half], 1)], 2) if half else rows[0]
    bgr = np.ascontiguousarray(
        (picture.nan_to_num().numpy().transpose(1, 2, 0)[:, :, ::-1] * 255).round().astype(np.uint8)
    )
    cv2.imwrite(str(sheet), bgr)
    return {
        "psnr_gain": float(torch.cat(gains).mean()),
        "error_ratio": float(errors[0] / errors[1]),
        "colourfulness_ratio": float(colours[0] / colours[1]),
    }
