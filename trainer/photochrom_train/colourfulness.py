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
        Hasler & Suesstrunk, "Measuring Colourfulness in Natural Images", SPIE 2003.
    """
    red, green, blue = (rgb * 255).unbind(1)
    opponents = torch.stack([red - green, (red + green) / 2 - blue], 1).flatten(2)
    variance = opponents.var(2, unbiased=False).sum(1)
    mean = opponents.mean(2).square().sum(1)
    return (variance + _STABLE).sqrt() + 0.3 * (mean + _STABLE).sqrt()


def brought_to(share: float, lightness: Tensor, chroma: Tensor, true_chroma: Tensor, world: World) -> Tensor:
    """Chroma times the one factor within `GAINS` that gives a batch that share of its true colourfulness.

    Gradients flow through the factor too. It is taken as if colourfulness grew in proportion to chroma, which it does
    but for colours that sRGB cannot show.

    Args:
        share: wanted colourfulness of all processes' pictures together, over the truth's [ratio].
        lightness: (N, 1, h, w) L*.
        chroma: (N, 2, h, w) predicted a* and b*.
        true_chroma: the true ones.
        world: this process among its peers.

    Returns:
        (N, 2, h, w) a* and b*.
    """
    sums = [colourfulness(lab_to_rgb(lightness, plane)).sum() for plane in (chroma, true_chroma)]
    predicted, true = sum_over(world, torch.stack(sums))
    brought: Tensor = chroma * (share * true / predicted).clamp(*GAINS)
    return brought
