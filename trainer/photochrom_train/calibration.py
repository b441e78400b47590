"""What training leaves open, settled on held-out photographs: how strong colours are, and how sure.

Chroma gets the gain that reaches the wanted colourfulness. Confidence is the probability that the predicted a*b* lies
within `NEAR` of the truth, by a logistic fit on the distribution's spread. The temperature stays as it is: the losses
saw what it makes of the distribution.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from photochrom_train.colorize_network import OUTPUT_STRIDE, ColorizeNetwork
from photochrom_train.colourfulness import GAINS, colourfulness
from photochrom_train.lab_torch import lab_to_rgb
from photochrom_train.photo_cache import PhotoCache
from photochrom_train.validation import held_out_batches

NEAR = 15.0
"""A prediction this close to the true a*b* counts as right [Lab units]."""

BINS = 10
"""Bins of confidence in the expected calibration error."""

_BISECTIONS = 10
_PSNR_FLOOR = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The settled values and what they gave on the held-out photographs."""

    temperature: float
    """As it was."""
    widest: float | None
    """As it was."""
    contrast: float
    """As it was."""
    gain: float
    intercept: float
    """Of the logistic fit of confidence."""
    slope: float
    """Per unit of the logarithm of the spread (variance of a*b*)."""
    colourfulness_ratio: float
    """Mean colourfulness over the truth's."""
    psnr_gain: float
    """Mean over photographs, against grey [dB]."""
    calibration_error: float
    """Expected calibration error of the confidence over ten bins [probability]."""


@torch.no_grad()
def calibrate(
    network: ColorizeNetwork, cache: PhotoCache, positions: list[int], size: int, wanted_colourfulness: float
) -> Calibration:
    """Settle a network's gain and confidence in place.

    Args:
        network: in evaluation mode, on the CPU.
        cache: the photographs.
        positions: the held-out ones.
        size: side of the square input [pixels].
        wanted_colourfulness: mean colourfulness of results over the truth's [ratio].
    """
    lightness, chroma, mean, log_spread = _read_all(network, cache, positions, size)
    truth = lab_to_rgb(lightness, chroma)
    true_colours = colourfulness(truth).sum()
    low, high = GAINS
    for _ in range(_BISECTIONS):
        gain = (low + high) / 2
        ratio = float(colourfulness(lab_to_rgb(lightness, mean * gain)).sum() / true_colours)
        low, high = (gain, high) if ratio < wanted_colourfulness else (low, gain)
    predicted = mean * gain
    errors, grey_errors = (
        _squared_error(lab_to_rgb(lightness, plane), truth) for plane in (predicted, torch.zeros_like(chroma))
    )
    near = ((predicted - chroma).square().sum(1, keepdim=True).sqrt() < NEAR).float()
    intercept, slope = _fit_logistic(log_spread, near)
    network.gain.fill_(gain)
    network.calibration.copy_(torch.tensor([intercept, slope]))
    stated, observed = reliability(torch.sigmoid(intercept + slope * log_spread), near)
    return Calibration(
        temperature=float(network.temperature),
        widest=network.widest,
        contrast=network.contrast,
        gain=gain,
        intercept=intercept,
        slope=slope,
        colourfulness_ratio=ratio,
        psnr_gain=float((10 * torch.log10(grey_errors / errors)).mean()),
        calibration_error=float((stated - observed).abs().sum()),
    )


def _read_all(
    network: ColorizeNetwork, cache: PhotoCache, positions: list[int], size: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(M, 1, h, w) lightness, (M, 2, h, w) true chroma and predicted without gain, (M, 1, h, w) log spread."""
    parts: list[tuple[Tensor, ...]] = []
    for lightness, chroma in held_out_batches(cache, positions, size):
        mean, log_spread = network.moments(network(lightness).scores, network.temperature)
        halved = (functional.avg_pool2d(plane, OUTPUT_STRIDE) for plane in (lightness, chroma))
        parts.append((*halved, network.contrasted(network.faded(mean, log_spread)), log_spread))
    lightness, chroma, mean, log_spread = (torch.cat(column) for column in zip(*parts, strict=True))
    return lightness, chroma, mean, log_spread


def _squared_error(rgb: Tensor, truth: Tensor) -> Tensor:
    return (rgb - truth).square().mean((1, 2, 3)) + _PSNR_FLOOR


def _fit_logistic(log_spread: Tensor, near: Tensor) -> tuple[float, float]:
    """Intercept and slope of P(near) = sigmoid(intercept + slope * log_spread), by maximum likelihood."""
    coefficients = torch.tensor([0.0, -0.1], requires_grad=True)
    optimizer = torch.optim.LBFGS([coefficients], max_iter=50, line_search_fn="strong_wolfe")
    inputs, wanted = log_spread.flatten(), near.flatten()

    def closure() -> Tensor:
        optimizer.zero_grad()
        with torch.enable_grad():
            loss = functional.binary_cross_entropy_with_logits(coefficients[0] + coefficients[1] * inputs, wanted)
            loss.backward()
        return loss

    optimizer.step(closure)
    intercept, slope = coefficients.tolist()
    return intercept, slope


def reliability(confidence: Tensor, near: Tensor) -> tuple[Tensor, Tensor]:
    """(BINS,) stated and observed probability of each tenth of confidence, weighted by its share of the pixels.

    The sum of the distances is the expected calibration error.

    Source:
        Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 2.
    """
    number = (confidence.flatten() * BINS).long().clamp(0, BINS - 1)
    stated = torch.bincount(number, confidence.flatten().double(), BINS)
    observed = torch.bincount(number, near.flatten().double(), BINS)
    return stated / confidence.numel(), observed / confidence.numel()
