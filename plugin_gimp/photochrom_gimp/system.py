"""What decides where programs keep their settings: operating system, home folder, environment."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A user's desktop, as far as GIMP's folders depend on it."""

    platform: str
    """As `sys.platform` calls it: linux, darwin, win32, or another Unix."""
    home: Path
    """The user's home folder."""
    variables: Mapping[str, str]
    """The environment."""

    @property
    def sandbox(self) -> str:
        """The form of GIMP in whose sandbox this very program runs: flatpak, snap, or empty outside of both."""
        if self.variables.get("FLATPAK_ID"):
            return "flatpak"
        return "snap" if self.variables.get("SNAP_NAME") == "gimp" else ""

    def folder(self, variable: str, otherwise: Path) -> Path:
        """The folder that a variable names, or another where it is empty or not set."""
        value = self.variables.get(variable)
        return Path(value) if value else otherwise


def this_system() -> System:
    """The one that this process runs on."""
    return System(platform=sys.platform, home=Path.home(), variables=dict(os.environ))
