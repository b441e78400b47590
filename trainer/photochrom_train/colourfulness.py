"""How colourful photographs are, and what brings predicted chroma to as much as is wanted."""

import torch
from torch import Tensor

from photochrom_train.distributed import World, sum_over
from photochrom_train.lab_torch import lab_to_rgb

GAINS = (0.6, 3.0)
"""The least and the greatest factor by which chroma is made as colourful as is wanted."""

_STABLE = 1e-6


def colourfulness(rgb: Tensor) -> Tensor:
    """(N,) colourfulness of (N, 3, H, W) pictures in [0, 1], on the usual scale of 8-bit pictures.

    Source:
        Hasler & Suesstrunk, "Measuring Colourfulness in Natural Images", SPIE 2003: their third measure.
    """
    red, green, blue = (rgb * 255).unbind(1)
    return _spread_and_mean(torch.stack([red - green, (red + green) / 2 - blue], 1), 0.3)


def lab_colourfulness(chroma: Tensor) -> Tensor:
    """(N,) colourfulness of (N, 2, h, w) a* and b*, in which no hue counts more than another.

    Source:
        Hasler & Suesstrunk, as above: their first measure.
    """
    return _spread_and_mean(chroma, 0.37)


def _spread_and_mean(opponents: Tensor, weight: float) -> Tensor:
    """(N,) spread of (N, 2, h, w) opponent colours, and their mean's distance from grey by its weight."""
    planes = opponents.flatten(2)
    variance = planes.var(2, unbiased=False).sum(1)
    mean = planes.mean(2).square().sum(1)
    return (variance + _STABLE).sqrt() + weight * (mean + _STABLE).sqrt()


def brought_to(share: float, lightness: Tensor, chroma: Tensor, true_chroma: Tensor, world: World) -> Tensor:
    """Chroma times the one factor within `GAINS` that gives a batch that share of its true colourfulness.

    Gradients flow through the factor too, so hues that count more are painted more: by `colourfulness` alone skies turn
    from blue to cyan, by `lab_colourfulness` alone things of any colour turn brown and yellow. The factor is therefore
    the geometric mean of what the two ask for, each taken as if it grew in proportion to chroma.

    Args:
        share: wanted colourfulness of all processes' pictures together, over the truth's [ratio].
        lightness: (N, 1, h, w) L* in [0, 100].
        chroma: (N, 2, h, w) predicted a* and b*.
        true_chroma: the true ones.
        world: this process among its peers.

    Returns:
        (N, 2, h, w) a* and b*.
    """
    sums = [
        measure.sum()
        for planes in (chroma, true_chroma)
        for measure in (colourfulness(lab_to_rgb(lightness, planes)), lab_colourfulness(planes))
    ]
    predicted, true = sum_over(world, torch.stack(sums)).split(2)
    brought: Tensor = chroma * (share * (true / predicted).prod().sqrt()).clamp(*GAINS)
    return brought
