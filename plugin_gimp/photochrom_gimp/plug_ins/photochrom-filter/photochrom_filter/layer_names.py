"""Names of new layers: what made them, and with which settings."""

from collections.abc import Mapping
from pathlib import PurePath

from photochrom_filter.messages import Settings
from photochrom_filter.texts import _


def layer_name(settings: Settings, versions: Mapping[str, str]) -> str:
    """For instance "Photochrom colorize 1.1 (strength 80 %)"; settings without effect are left out.

    Args:
        settings: what the layer was made with.
        versions: of the shipped networks, by name; a user's own network is called by its file's name.
    """
    network = f"{settings.model} {versions[settings.model]}" if settings.model in versions else _stem(settings.model)
    details = []
    if settings.strength != 1:
        details.append(f"{_('strength')} {_percent(settings.strength)}")
    if settings.saturation != 1:
        details.append(f"{_('saturation')} {_percent(settings.saturation)}")
    if settings.fade_uncertain:
        details.append(f"{_('fade uncertain')} {_percent(settings.fade_uncertain)}")
    return f"Photochrom {network} ({', '.join(details)})" if details else f"Photochrom {network}"


def confidence_name(layer: str) -> str:
    """Of the confidence map that belongs to a layer, by that layer's name."""
    return _("Confidence: {layer}").format(layer=layer)


def _percent(share: float) -> str:
    return f"{round(share * 100)} %"


def _stem(model: str) -> str:
    return PurePath(model).stem
