"""The patch discriminator of the adversarial term: which patches of chroma, given the lightness, are real.

It sees lightness too, so it can ask for colour that follows the photograph's own edges.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils import spectral_norm


class PatchDiscriminator(nn.Module):
    """Scores overlapping patches of about 70 pixels; high is real.

    Source:
        Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017, section 3.2.2;
        spectral normalisation after Miyato et al., ICLR 2018.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        widths = (3, width, 2 * width, 4 * width)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [spectral_norm(nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)), nn.LeakyReLU(0.2, True)]
        layers.append(spectral_norm(nn.Conv2d(widths[-1], 1, 4, padding=1)))
        self.layers = nn.Sequential(*layers)

    def forward(self, lightness: Tensor, chroma: Tensor) -> Tensor:
        """(N, 1, h, w) scores of (N, 1, H, W) L* and (N, 2, H, W) a* b*."""
        scores: Tensor = self.layers(torch.cat([lightness / 50 - 1, chroma / 110], 1))
        return scores
