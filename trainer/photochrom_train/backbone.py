"""MobileNetV2 with BatchNorm folded into its convolutions: the pretrained encoder and the ImageNet classifier.

Tensor names and values are those of the safetensors file that a config names; without a file the same structure starts
from random weights. TensorFlow's SAME padding (right and bottom only) is kept exactly, by 4x4 kernels whose first row
and column start at zero: the file's 3x3 weights are widened as they are loaded.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

TAP_CHANNELS = (16, 24, 32, 96, 320)
"""Channels of the five feature maps of `MobileNetV2.features_at`, at 1/2, 1/4, 1/8, 1/16 and 1/32 of the input."""

TOP_CHANNELS = 1280
"""Channels of the last 1x1 convolution, which the classifier averages."""

_TAPS = (1, 3, 6, 13, 17)
_BLOCKS = (  # expansion, output channels, repeats, stride of the first (Sandler et al., table 2)
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


class _StridedDepthwise(nn.Conv2d):
    """In full precision on CPUs, where torch 2.13 takes five times as long for its gradient in bfloat16."""

    def forward(self, features: Tensor) -> Tensor:
        if features.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
            return super().forward(features)
        with torch.autocast("cpu", enabled=False):
            return super().forward(features.float())


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    if stride == 2:
        kind = nn.Conv2d if groups == 1 else _StridedDepthwise
        return kind(inputs, outputs, 4, stride=2, padding=1, groups=groups)
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups)


class _InvertedResidual(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.keeps_shape = stride == 1 and inputs == outputs
        depthwise = nn.Sequential(_convolution(hidden, hidden, 3, stride, groups=hidden), nn.ReLU6())
        project = _convolution(hidden, outputs, 1)
        if expansion == 1:
            self.conv = nn.Sequential(depthwise, project)
        else:
            expand = nn.Sequential(_convolution(inputs, hidden, 1), nn.ReLU6())
            self.conv = nn.Sequential(expand, depthwise, project)

    def forward(self, features: Tensor) -> Tensor:
        out: Tensor = self.conv(features)
        return features + out if self.keeps_shape else out


class MobileNetV2(nn.Module):
    """MobileNetV2 1.0 without BatchNorm, with one (lightness) or three (RGB) input channels, in [-1, 1].

    Source:
        Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018.
    """

    def __init__(self, input_channels: int = 3, classes: int = 1000) -> None:
        super().__init__()
        features: list[nn.Module] = [nn.Sequential(_convolution(input_channels, 32, 3, 2), nn.ReLU6())]
        channels = 32
        for expansion, outputs, repeats, stride in _BLOCKS:
            for index in range(repeats):
                features.append(_InvertedResidual(channels, outputs, stride if index == 0 else 1, expansion))
                channels = outputs
        features.append(nn.Sequential(_convolution(channels, TOP_CHANNELS, 1), nn.ReLU6()))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(0.0), nn.Linear(TOP_CHANNELS, classes)) if classes else None

    def features_at(self, image: Tensor) -> list[Tensor]:
        """Feature maps at 1/2, 1/4, 1/8, 1/16, 1/32 of the input (`TAP_CHANNELS`), then the 1280-channel top.

        Args:
            image: (N, input_channels, H, W) in [-1, 1]; H and W multiples of 32.
        """
        taps: list[Tensor] = []
        for index, block in enumerate(self.features):
            image = block(image)
            if index in _TAPS:
                taps.append(image)
        taps.append(image)
        return taps

    def forward(self, image: Tensor) -> Tensor:
        """Class scores (N, classes) before softmax.

        Args:
            image: (N, input_channels, H, W) in [-1, 1]; H and W multiples of 32.
        """
        return self.scores(self.features(image))

    def scores(self, top: Tensor) -> Tensor:
        """Class scores (N, classes) before softmax of the top features (N, 1280, H/32, W/32)."""
        if self.classifier is None:
            raise ValueError("this MobileNetV2 was made without a classifier (classes=0); use features_at")
        scores: Tensor = self.classifier(top.mean((2, 3)))
        return scores


def random_backbone(*, input_channels: int) -> MobileNetV2:
    """A MobileNetV2 without classifier to be trained from nothing: random weights that keep the scale of the features.

    Without BatchNorm, torch's own initial weights let them fade from layer to layer.

    Source:
        He et al., "Delving Deep into Rectifiers", ICCV 2015, section 2.2.
    """
    network = MobileNetV2(input_channels, 0)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            assert module.bias is not None
            nn.init.zeros_(module.bias)
    return network


def load_backbone(file: Path, *, input_channels: int, classes: int) -> MobileNetV2:
    """A MobileNetV2 with the weights of a safetensors file.

    Args:
        file: 3x3 convolutions with biases and no BatchNorm, names as torchvision's ``mobilenet_v2``.
        input_channels: 3 for RGB; 1 sums the first layer over R, G and B, which sees grey alike.
        classes: 1000, or 0 to leave out the classifier.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is cut off, or not MobileNetV2's.
    """
    if not file.is_file():
        raise FileNotFoundError(f"{file} does not exist; name a file with MobileNetV2's weights, or none")
    network = MobileNetV2(input_channels, classes)
    wrong = f"{file} is no whole file of MobileNetV2's weights" + (f" for {classes} classes" if classes else "")
    try:
        weights: dict[str, Tensor] = {name: value.float() for name, value in load_file(file).items()}
    except SafetensorError as error:
        raise ValueError(f"{wrong}: {error}") from error
    if input_channels == 1 and "features.0.0.weight" in weights:
        weights["features.0.0.weight"] = weights["features.0.0.weight"].sum(1, keepdim=True)
    if not classes:
        weights = {name: value for name, value in weights.items() if not name.startswith("classifier.")}
    for name, parameter in network.named_parameters():
        if name in weights and parameter.shape[-1] == 4 and weights[name].shape[-1] == 3:
            weights[name] = functional.pad(weights[name], (1, 0, 1, 0))
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"{wrong}: names or shapes of its tensors are others") from error
    return network


def load_classifier(file: Path) -> MobileNetV2:
    """The frozen ImageNet classifier for evaluation and perceptual losses: RGB in [-1, 1], 1000 classes."""
    network = load_backbone(file, input_channels=3, classes=1000).eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network


def to_backbone_range(rgb: Tensor) -> Tensor:
    """RGB in [0, 1] scaled to the backbone's [-1, 1]."""
    return torch.mul(rgb, 2.0).sub(1.0)
