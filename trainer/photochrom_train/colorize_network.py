"""The colorizing network: lightness in; a distribution over a palette of colours, chroma and confidence out.

A MobileNetV2 encoder, a U-Net decoder of plain 3x3 convolutions up to half of the input's size, and there a softmax
over the palette. The decoder begins with the features that an ImageNet classifier judges by, as they are and averaged
over the scene.
Scaling sits inside: L* in [0, 100] goes in, a* and b* in Lab units come out, so the exported file needs no recipe.
"""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom_train.backbone import TAP_CHANNELS, TOP_CHANNELS, MobileNetV2

OUTPUT_STRIDE = 2
"""Chroma comes out at 1/OUTPUT_STRIDE of the network's input size."""

Part = Literal["encoder", "deepest", "scene", "stage16", "stage8", "stage4", "stage2", "head"]
"""The parts of the network, from the photograph to the scores."""

_SPREAD = (1.0, 1e5)
_FADING = 3.0
"""How fast chroma fades about the widest distribution, per unit of the logarithm of the variance."""

_FAINTEST = 1.0
"""Chroma below which there is no strength to speak of [Lab units]."""

_SURROUNDINGS = 2.0
"""Standard deviation of the Gaussian by which a place's surroundings count [pixels of the output]."""

_REACH = 6
"""How far they go [pixels of the output]."""

_LEAST_SHARE, _MOST_SHARE = 0.2, 3.0
"""Bounds of the share that a place's strength has of its surroundings' [ratio]."""


class Prediction(NamedTuple):
    """What the network says of a batch, at 1/`OUTPUT_STRIDE` of its input."""

    scores: Tensor
    """(N, Q, h, w) scores of the palette's colours, before softmax."""
    chroma: Tensor
    """(N, 2, h, w) a* and b*."""
    confidence: Tensor
    """(N, 1, h, w) probability in [0, 1] that the true colour is close (see the model card)."""
    seen: list[Tensor]
    """(N, C, h, w) the encoder's features, as `MobileNetV2.features_at` gives them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorizeNetworkConfig:
    """The decoder's widths and how its distribution becomes one colour."""

    widths: tuple[int, int, int, int] = (128, 96, 64, 32)
    """Channels of the decoder at 1/16, 1/8, 1/4 and 1/2 of the input."""
    temperature: float = 0.5
    """Softmax temperature of the annealed mean: 1 is the mean (dull), towards 0 the mode (patchy)."""

    def __post_init__(self) -> None:
        if min(self.widths) < 1:
            raise ValueError(f"architecture.widths is {self.widths}; give four positive numbers of channels")
        if not 0.1 <= self.temperature <= 1.0:
            raise ValueError(f"architecture.temperature is {self.temperature}; give one in [0.1, 1]")


def _normalised(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(True)
    )


def _gaussian() -> Tensor:
    """(k, k) Gaussian weights of the places up to `_REACH` away."""
    line = torch.exp(-0.5 * (torch.arange(-_REACH, _REACH + 1) / _SURROUNDINGS) ** 2)
    return torch.outer(line, line) / line.sum() ** 2


class _Stage(nn.Module):
    """Doubles a map's size, joins the encoder's map of that size, and convolves."""

    def __init__(self, inputs: int, skip: int, outputs: int, convolutions: int) -> None:
        super().__init__()
        self.skip = nn.Sequential(nn.Conv2d(skip, skip, 1, bias=False), nn.BatchNorm2d(skip))
        layers = [_normalised(inputs + skip, outputs, 3)]
        layers += [_normalised(outputs, outputs, 3) for _ in range(convolutions - 1)]
        self.convolutions = nn.Sequential(*layers)

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        doubled = functional.interpolate(features, scale_factor=2.0, mode="nearest")
        out: Tensor = self.convolutions(torch.cat([doubled, self.skip(skip)], 1))
        return out


class LightnessEncoder(nn.Module):
    """What an encoder sees in lightness, without the network around it.

    Args:
        encoder: a one-channel MobileNetV2.
    """

    def __init__(self, encoder: MobileNetV2) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, lightness: Tensor) -> list[Tensor]:
        """(N, C, h, w) features, as `MobileNetV2.features_at` gives them.

        Args:
            lightness: (N, 1, H, W) L* in [0, 100]; H and W multiples of 32.
        """
        return self.encoder.features_at(lightness / 50.0 - 1.0)


class ColorizeNetwork(nn.Module):
    """Predicts chroma from lightness.

    Args:
        config: widths and temperature.
        palette: (Q, 2) a* and b* of the colours it can choose.
        encoder: a one-channel MobileNetV2 without its classifier, pretrained or not.
    """

    palette: Tensor
    powers: Tensor
    """(Q, 3) a*, b* and a*^2 + b*^2 of the palette, whose means are the distribution's moments."""
    sum_kernel: Tensor
    surroundings: Tensor
    """(1, 1, k, k) weights of the places around one, whose sum is 1."""
    temperature: Tensor
    gain: Tensor
    calibration: Tensor

    def __init__(self, config: ColorizeNetworkConfig, palette: Tensor, encoder: MobileNetV2) -> None:
        super().__init__()
        self.encoder = encoder
        w16, w8, w4, w2 = config.widths
        self.deepest = _normalised(TOP_CHANNELS, w16, 1)
        self.scene = nn.Conv2d(TOP_CHANNELS, w16, 1)
        self.stage16 = _Stage(w16, TAP_CHANNELS[3], w16, 2)
        self.stage8 = _Stage(w16, TAP_CHANNELS[2], w8, 2)
        self.stage4 = _Stage(w8, TAP_CHANNELS[1], w4, 2)
        self.stage2 = _Stage(w4, TAP_CHANNELS[0], w2, 1)
        self.head = nn.Conv2d(w2, palette.shape[0], 1)
        self.register_buffer("palette", palette.clone())
        self.register_buffer("powers", torch.cat([palette, palette.square().sum(1, True)], 1), persistent=False)
        self.register_buffer("sum_kernel", torch.ones(1, 2, 1, 1), persistent=False)
        self.register_buffer("surroundings", _gaussian()[None, None], persistent=False)
        self.register_buffer("temperature", torch.tensor(config.temperature))
        self.register_buffer("gain", torch.tensor(1.0))
        self.register_buffer("calibration", torch.tensor([0.0, -1.0]))
        self.dropout = 0.0
        """Share of the deep features that each stage of the decoder has to do without, at random, in training.

        Whole channels, as in Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015.
        """
        self.widest: float | None = None
        """Standard deviation of a distribution at which its chroma is halved [Lab units]; None: none fades."""
        self.contrast = 0.0
        """Power of chroma's share of its surroundings' by which it is multiplied; 0: it stays as it is."""

    def features(self, lightness: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(N, C, h, w) decoded features of lightness, and the encoder's.

        Args:
            lightness: (N, 1, H, W) L* in [0, 100]; H and W multiples of 32.
        """
        seen = LightnessEncoder(self.encoder)(lightness)
        half, quarter, eighth, sixteenth, _, top = seen
        # Averaged after the 1x1 convolution, not before: OpenCV 5.0 fuses a convolution with the addition behind it and
        # then refuses to broadcast.
        thinned = self._thin(top)
        features = self.deepest(thinned) + functional.adaptive_avg_pool2d(self.scene(thinned), 1)
        features = self.stage16(self._thin(features), sixteenth)
        features = self.stage8(self._thin(features), eighth)
        features = self.stage4(self._thin(features), quarter)
        return self.stage2(self._thin(features), half), seen

    def _thin(self, features: Tensor) -> Tensor:
        return functional.dropout2d(features, self.dropout, self.training)

    def score(self, features: Tensor) -> Tensor:
        """(N, Q, h, w) scores of the palette's colours, before softmax, of (N, C, h, w) decoded features."""
        # The head is applied with channels last, where `moments` wants them.
        features = features.permute(0, 2, 3, 1)
        return functional.linear(features, self.head.weight.flatten(1), self.head.bias).permute(0, 3, 1, 2)

    def read(self, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Chroma as the annealed mean of the palette, confidence from the same distribution's spread.

        Args:
            scores: (N, Q, h, w) before softmax.

        Returns:
            (N, 2, h, w) a* b*, and (N, 1, h, w) confidence.

        Source:
            Annealed mean: Zhang, Isola & Efros, "Colorful Image Colorization", ECCV 2016, section 2.3.
        """
        mean, log_spread = self.moments(scores, self.temperature)
        mean = self.contrasted(self.faded(mean, log_spread))
        confidence = torch.sigmoid(self.calibration[0] + self.calibration[1] * log_spread)
        return mean * self.gain, confidence

    def faded(self, mean: Tensor, log_spread: Tensor) -> Tensor:
        """(N, 2, h, w) mean a*b*, fading to grey about the widest distribution.

        Args:
            mean: as `moments` gives it.
            log_spread: the same.
        """
        if self.widest is None:
            return mean
        return mean * torch.sigmoid(_FADING * (2 * math.log(self.widest) - log_spread))

    def contrasted(self, chroma: Tensor) -> Tensor:
        """(N, 2, h, w) a*b*, stronger where it is stronger than around it and weaker where it is weaker, in its hue.

        A mean of what may be there is smoother than what is there.

        Args:
            chroma: (N, 2, h, w) a* and b*.
        """
        if not self.contrast:
            return chroma
        strength = torch.sqrt(functional.conv2d(chroma * chroma, self.sum_kernel) + _FAINTEST**2)
        # What lies beyond the edges is left out. Of a padding by reflection ONNX does not tell the shape, and OpenCV
        # does not convolve a constant plane of ones.
        summed, inside = (
            functional.conv2d(plane, self.surroundings, padding=_REACH) for plane in (strength, strength * 0 + 1)
        )
        return chroma * (strength * inside / summed).clamp(_LEAST_SHARE, _MOST_SHARE) ** self.contrast

    def moments(self, scores: Tensor, temperature: Tensor | float) -> tuple[Tensor, Tensor]:
        """(N, 2, h, w) mean a*b* of the distribution and (N, 1, h, w) logarithm of its variance [Lab units squared].

        Args:
            scores: (N, Q, h, w) before softmax.
            temperature: divides the scores.
        """
        # OpenCV's softmax along any axis but the last takes five times as long.
        probability = torch.softmax(scores.permute(0, 2, 3, 1).float() / temperature, 3)
        mean, square = (probability @ self.powers).permute(0, 3, 1, 2).split([2, 1], 1)
        spread = square - functional.conv2d(mean * mean, self.sum_kernel)
        return mean, torch.log(spread.clamp(*_SPREAD))

    def forward(
        self, lightness: Tensor, every: int = 1, offset: tuple[int, int] = (0, 0), whole: bool = False
    ) -> Prediction:
        """What the network says of lightness.

        Args:
            lightness: (N, 1, H, W) L* in [0, 100]; H and W multiples of 32.
            every: predict only each such row and column (the head is half of a training step's work).
            offset: first row and column of those.
            whole: chroma and confidence of every row and column nevertheless, and only the scores of those.
        """
        features, seen = self.features(lightness)
        scores = self.score(features[:, :, offset[0] :: every, offset[1] :: every])
        chroma, confidence = self.read(self.score(features) if whole else scores)
        return Prediction(scores, chroma, confidence, seen)


class ExportedColorizer(nn.Module):
    """The network as its file shows it: lightness in, chroma and confidence out."""

    def __init__(self, network: ColorizeNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, lightness: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 2, h, w) a* b* and (N, 1, h, w) confidence of (N, 1, H, W) L*."""
        prediction: Prediction = self.network(lightness)
        return prediction.chroma, prediction.confidence
