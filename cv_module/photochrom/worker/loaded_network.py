"""Networks that stay loaded, so that only the first picture waits for one."""

import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from photochrom.colorizer import Colorizer
from photochrom.networks.device import Device

_KEPT: Final = 3
"""How many networks stay loaded; each takes about as much memory as its file, several times over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedNetwork:
    """A network, ready on a device."""

    colorizer: Colorizer
    note: str
    """What went otherwise than asked for when it was loaded; empty: nothing."""


@lru_cache(maxsize=_KEPT)
def load(model: str, device: Device) -> LoadedNetwork:
    """A network, loaded now or before.

    Args:
        model: as for `Colorizer`.
        device: as for `Colorizer`.

    Raises:
        ModelError: no such network, or it or its contract is damaged.
        DeviceError: the device is not to be had here.
    """
    log = logging.getLogger("photochrom")
    notes = _Notes(logging.WARNING)
    log.addHandler(notes)
    try:
        colorizer = Colorizer(model, device=device)
    finally:
        log.removeHandler(notes)
    return LoadedNetwork(colorizer=colorizer, note="; ".join(notes.texts))


class _Notes(logging.Handler):
    """Collects what the core warns of."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())
