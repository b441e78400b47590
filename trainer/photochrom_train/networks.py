"""The networks that can be trained, by name."""

from collections.abc import Callable

import torch

from photochrom_train.backbone import MobileNetV2, load_backbone, random_backbone
from photochrom_train.colorize_network import ColorizeNetwork
from photochrom_train.config import ConfigError, TrainConfig
from photochrom_train.palette import Palette


def build_encoder(config: TrainConfig) -> MobileNetV2:
    """A fresh encoder of lightness: the config's backbone, or one of random weights without it."""
    if config.backbone is None:
        return random_backbone(input_channels=1)
    return load_backbone(config.backbone, input_channels=1, classes=0)


def _colorize(config: TrainConfig, palette: Palette) -> ColorizeNetwork:
    return ColorizeNetwork(config.architecture, torch.from_numpy(palette.colours), build_encoder(config))


NETWORKS: dict[str, Callable[[TrainConfig, Palette], ColorizeNetwork]] = {"colorize": _colorize}
"""Builders by the config's `network`."""


def build_network(config: TrainConfig, palette: Palette) -> ColorizeNetwork:
    """A fresh network, seeded by the config.

    Raises:
        ConfigError: no network has the config's name.
    """
    if config.network not in NETWORKS:
        raise ConfigError(f"network is {config.network!r}; known are {', '.join(NETWORKS)}")
    torch.manual_seed(config.seed)
    return NETWORKS[config.network](config, palette)
