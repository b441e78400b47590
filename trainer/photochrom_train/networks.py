"""The networks that can be trained, by name."""

from collections.abc import Callable

import torch

from photochrom_train.backbone import load_backbone, random_backbone
from photochrom_train.colorize_network import ColorizeNetwork
from photochrom_train.config import ConfigError, TrainConfig
from photochrom_train.palette import Palette


def _colorize(config: TrainConfig, palette: Palette) -> ColorizeNetwork:
    if config.backbone is None:
        encoder = random_backbone(input_channels=1)
    else:
        encoder = load_backbone(config.backbone, input_channels=1, classes=0)
    return ColorizeNetwork(config.architecture, torch.from_numpy(palette.colours), encoder)


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
