"""Names of new layers: what made them, and with which settings."""

from photochrom_filter.texts import _
from photochrom_filter.worker_client import Settings


def layer_name(settings: Settings, version: str) -> str:
    """For instance "Photochrom colorize 1.1 (strength 80 %)"; what has no effect is left out.

    Args:
        settings: what the layer was made with.
        version: of the network.
    """
    details = [
        f"{label} {value:.0%}".replace("%", " %")
        for label, value, neutral in (
            (_("strength"), settings.strength, None),
            (_("saturation"), settings.saturation, 1.0),
            (_("fade uncertain"), settings.fade_uncertain, 0.0),
        )
        if value != neutral
    ]
    return f"Photochrom {settings.model_name} {version} ({', '.join(details)})"


def confidence_name(layer: str) -> str:
    """Of the layer with the confidence map, after the name of the layer it belongs to."""
    return _("{layer} – confidence").format(layer=layer)
