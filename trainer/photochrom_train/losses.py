"""The loss terms of colorization, each a mean over the batch, so that processes can average them."""

import torch
from torch import Tensor
from torch.nn import functional

from photochrom_train.colourfulness import colourfulness
from photochrom_train.palette import SoftEncoder

_CHROMA_KNEE = 10.0
_REACHES = (1, 2, 4, 8, 16, 32)
_PLAIN = 5.0
_STRONG = 40.0
_TINT = 10.0
_FEATURE_TAPS = (1, 2, 3, 4, 5)
_STABLE = 1e-6


def classification_loss(scores: Tensor, chroma: Tensor, encoder: SoftEncoder) -> Tensor:
    """Rebalanced cross-entropy of palette scores against the soft-encoded true chroma.

    Args:
        scores: (N, Q, h, w) before softmax.
        chroma: (N, 2, h, w) true a* and b*.
        encoder: spreads and weights.
    """
    numbers, shares, weight = encoder.encode(chroma)
    # Colours last, as the head gives them: over any other axis the softmax's gradient takes several times as long.
    log_probability = torch.log_softmax(scores.permute(0, 2, 3, 1).float(), 3).permute(0, 3, 1, 2)
    cross_entropy = -(log_probability.gather(1, numbers) * shares).sum(1)
    return (cross_entropy * weight).mean()


def chroma_loss(predicted: Tensor, chroma: Tensor) -> Tensor:
    """Smooth L1 between (N, 2, h, w) a* b* and the true one, linear from 10 on [Lab units]."""
    return functional.smooth_l1_loss(predicted, chroma, beta=_CHROMA_KNEE)


def coherence_loss(predicted: Tensor, chroma: Tensor) -> Tensor:
    """Mean over near and far neighbours of how much more they differ in colour than they truly do [Lab units].

    A wrong colour costs nothing here where it is everywhere the same, nor does too strong a step between two things;
    a patch on what is of one colour costs.

    Args:
        predicted: (N, 2, h, w) a* and b*; h and w above 1. Neighbours 1 to 32 pixels apart count, where so far fits in.
        chroma: the true ones.
    """
    total = predicted.new_zeros(())
    reaches = [reach for reach in _REACHES if reach < min(predicted.shape[2:])]
    for reach in reaches:
        for axis in (2, 3):
            given, wanted = (_contrast(plane, axis, reach) for plane in (predicted, chroma))
            total = total + (functional.relu(given - wanted) * torch.exp(-wanted / _PLAIN)).mean()
    return total / (2 * len(reaches))


def false_colour_loss(predicted: Tensor, chroma: Tensor) -> Tensor:
    """Mean square of the chroma beyond the true one, where that is next to none, over 40 [Lab units].

    Square, so that a strong red costs far more than a faint tint; over 40, so that it costs as much as a linear term
    there.

    Args:
        predicted: (N, 2, h, w) a* and b*.
        chroma: the true ones.
    """
    given, wanted = ((plane.square().sum(1) + _STABLE).sqrt() for plane in (predicted, chroma))
    return (functional.relu(given - wanted).square() * torch.exp(-wanted / _PLAIN)).mean() / _STRONG


def false_red_loss(predicted: Tensor, chroma: Tensor) -> Tensor:
    """Mean square of the a* that is too much by more than a tint, over 40 [Lab units].

    Of all false colours, red and rose are what people see first. `false_colour_loss` counts those on grey; this one
    counts red on brown and blue too, and on green no more than on grey. Where there is red, a tint more of it is free.

    Args:
        predicted: (N, 2, h, w) a* and b*.
        chroma: the true ones.
    """
    given, wanted = predicted[:, 0], chroma[:, 0]
    return functional.relu(given - functional.relu(wanted) - _TINT).square().mean() / _STRONG


def _contrast(chroma: Tensor, axis: int, reach: int) -> Tensor:
    """(N, h, w) distance in a*b* of every pixel from the one that lies so far along an axis; one side is shorter."""
    length = chroma.shape[axis] - reach
    difference = chroma.narrow(axis, reach, length) - chroma.narrow(axis, 0, length)
    return (difference.square().sum(1) + _STABLE).sqrt()


def perceptual_loss(given: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """Mean L1 between ImageNet features of two batches, over the true features' mean, from 1/4 to the top.

    Args:
        given: `MobileNetV2.features_at` of the predicted pictures, (N, C, h, w) each.
        wanted: the same of the true ones.

    Source:
        Johnson, Alahi & Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016.
    """
    total = given[0].new_zeros(())
    for tap in _FEATURE_TAPS:
        target = wanted[tap].float()
        scale = target.abs().mean((1, 2, 3), keepdim=True).clamp_min(_STABLE)
        total = total + ((given[tap].float() - target).abs() / scale).mean()
    return total / len(_FEATURE_TAPS)


def recognition_loss(given: Tensor, wanted: Tensor) -> Tensor:
    """How far what a classifier sees in one batch is from what it sees in the other: mean KL divergence [nats].

    It needs no labels: the classifier's own opinion of the true photograph is the target.

    Args:
        given: (N, classes) scores of the predicted pictures, or those that the encoder's features give, before softmax.
        wanted: the same of the true ones.

    Source:
        Hinton, Vinyals & Dean, "Distilling the Knowledge in a Neural Network", 2015, at temperature 1.
    """
    found, truth = (torch.log_softmax(scores.float(), 1) for scores in (given, wanted))
    return functional.kl_div(found, truth, reduction="batchmean", log_target=True)


def colourfulness_loss(predicted_rgb: Tensor, rgb: Tensor) -> Tensor:
    """Mean distance between the colourfulness of two batches of (N, 3, H, W) pictures, in units of 100."""
    return (colourfulness(predicted_rgb) - colourfulness(rgb)).abs().mean() / 100


def generator_loss(scores: Tensor) -> Tensor:
    """Least-squares loss of the colorizer for the discriminator's scores of its pictures.

    Source:
        Mao et al., "Least Squares Generative Adversarial Networks", ICCV 2017.
    """
    return (scores - 1).square().mean()


def discriminator_loss(real_scores: Tensor, false_scores: Tensor) -> Tensor:
    """Least-squares loss of the discriminator for its scores of real and of recoloured photographs."""
    return 0.5 * ((real_scores - 1).square().mean() + false_scores.square().mean())
