"""What training leaves open, settled on held-out photographs: how boldly the distribution is read, and how sure it is.

Temperature and gain: of all pairs that reach the wanted colourfulness, the one with the best PSNR. Confidence: the
probability that the predicted a*b* lies within `NEAR` of the truth, by a logistic fit on the distribution's spread.
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

_TEMPERATURES = (0.35, 0.5, 0.65, 0.8, 1.0)
_BISECTIONS = 10
_PSNR_FLOOR = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The settled values and what they gave on the held-out photographs."""

    temperature: float
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


@dataclass(frozen=True, slots=True)
class _HeldOut:
    """Truth and readings at the network's output size: (M, 1 or 2, h, w)."""

    lightness: Tensor
    chroma: Tensor
    means: dict[float, Tensor]
    """Ungained chroma by temperature."""
    confidences: dict[float, Tensor]
    """Log spreads by temperature."""


@torch.no_grad()
def calibrate(
    network: ColorizeNetwork, cache: PhotoCache, positions: list[int], size: int, wanted_colourfulness: float
) -> Calibration:
    """Settle a network's temperature, gain and confidence in place.

    Args:
        network: in evaluation mode, on the CPU.
        cache: the photographs.
        positions: the held-out ones.
        size: side of the square input [pixels].
        wanted_colourfulness: mean colourfulness of results over the truth's [ratio].
    """
    seen = _read_all(network, cache, positions, size)
    truth = lab_to_rgb(seen.lightness, seen.chroma)
    true_colours = colourfulness(truth)
    grey_errors = _squared_error(lab_to_rgb(seen.lightness, torch.zeros_like(seen.chroma)), truth)
    best: tuple[float, float, float, float] | None = None
    for temperature, mean in seen.means.items():
        low, high = GAINS
        for _ in range(_BISECTIONS):
            gain = (low + high) / 2
            ratio = float(colourfulness(lab_to_rgb(seen.lightness, mean * gain)).sum() / true_colours.sum())
            low, high = (gain, high) if ratio < wanted_colourfulness else (low, gain)
        errors = _squared_error(lab_to_rgb(seen.lightness, mean * gain), truth)
        psnr_gain = float((10 * torch.log10(grey_errors / errors)).mean())
        if best is None or psnr_gain > best[0]:
            best = (psnr_gain, temperature, gain, ratio)
    assert best is not None
    psnr_gain, temperature, gain, ratio = best
    distance = (seen.means[temperature] * gain - seen.chroma).square().sum(1, keepdim=True).sqrt()
    near = (distance < NEAR).float()
    intercept, slope = _fit_logistic(seen.confidences[temperature], near)
    network.temperature.fill_(temperature)
    network.gain.fill_(gain)
    network.calibration.copy_(torch.tensor([intercept, slope]))
    confidence = torch.sigmoid(intercept + slope * seen.confidences[temperature])
    stated, observed = reliability(confidence, near)
    return Calibration(
        temperature=temperature,
        gain=gain,
        intercept=intercept,
        slope=slope,
        colourfulness_ratio=ratio,
        psnr_gain=psnr_gain,
        calibration_error=float((stated - observed).abs().sum()),
    )


def _read_all(network: ColorizeNetwork, cache: PhotoCache, positions: list[int], size: int) -> _HeldOut:
    lightnesses: list[Tensor] = []
    chromas: list[Tensor] = []
    means: dict[float, list[Tensor]] = {temperature: [] for temperature in _TEMPERATURES}
    spreads: dict[float, list[Tensor]] = {temperature: [] for temperature in _TEMPERATURES}
    for lightness, chroma in held_out_batches(cache, positions, size):
        scores = network(lightness).scores
        lightnesses.append(functional.avg_pool2d(lightness, OUTPUT_STRIDE))
        chromas.append(functional.avg_pool2d(chroma, OUTPUT_STRIDE))
        for temperature in _TEMPERATURES:
            mean, log_spread = network.moments(scores, temperature)
            means[temperature].append(mean)
            spreads[temperature].append(log_spread)
    return _HeldOut(
        torch.cat(lightnesses),
        torch.cat(chromas),
        {temperature: torch.cat(parts) for temperature, parts in means.items()},
        {temperature: torch.cat(parts) for temperature, parts in spreads.items()},
    )


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
