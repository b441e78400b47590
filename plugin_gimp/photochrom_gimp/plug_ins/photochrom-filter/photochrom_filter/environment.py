"""The environment of a worker: the user's, without what is meant for GIMP's own Python and libraries."""

from collections.abc import Mapping
from typing import Final

_GIMPS_OWN: Final = ("PYTHON", "__PYVENV_LAUNCHER__", "LD_", "DYLD_", "GI_", "GIO_", "GDK_", "GTK_", "GSETTINGS_")
"""What begins the names of variables that the launchers of AppImages, Snaps, Flatpaks and macOS's bundle set."""


def worker_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What of an environment another Python may see.

    Args:
        environment: of this process.
    """
    kept = {name: value for name, value in environment.items() if not name.upper().startswith(_GIMPS_OWN)}
    # Else "-m" would look for modules in the folder that GIMP was started in, before all others.
    return kept | {"PYTHONSAFEPATH": "1"}
