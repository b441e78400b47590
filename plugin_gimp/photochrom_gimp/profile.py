"""GIMP's settings folders, one per series (3.0, 3.2) and form of GIMP; the user's plug-ins lie in them.

Source:
    GIMP 3, libgimpbase, gimp_directory(): GIMP3_DIRECTORY, else the series below the system's folder for settings.
    Where the sandboxes of Flatpak and Snap put that folder was not tried.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from photochrom.errors import JobError, shown
from photochrom_gimp.system import System

Form = Literal["ordinary", "flatpak", "snap", "given"]
"""How GIMP came onto the machine: Flatpak and Snap keep their own settings; "given" is a folder that the user named."""

_SERIES: Final = re.compile(r"3\.\d+")
"""What GIMP 3 calls the settings folder of a series."""
_FLATPAK: Final = Path(".var/app/org.gimp.GIMP/config/GIMP")
_SNAP: Final = (Path("snap/gimp/current/.config/GIMP"), Path("snap/gimp/common/.config/GIMP"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The settings folder of one series of GIMP 3."""

    folder: Path
    form: Form

    @property
    def plug_ins(self) -> Path:
        """Where GIMP looks for the user's plug-ins, each in a folder of its own."""
        return self.folder / "plug-ins"

    @property
    def title(self) -> str:
        """For people."""
        name = f"GIMP {self.folder.name}" if _SERIES.fullmatch(self.folder.name) else "GIMP 3"
        form = {"flatpak": " of Flatpak", "snap": " of Snap"}.get(self.form, "")
        return f"{name}{form} ({shown(self.folder)})"

    def is_of(self, series: str) -> bool:
        """Whether a GIMP of a series ("3.0") may use it: the folder is named so, or like no series at all."""
        return self.folder.name == series or not _SERIES.fullmatch(self.folder.name)


def find_profiles(system: System) -> list[Profile]:
    """The profiles that are there, each once; by form, then by series.

    A GIMP that was never started has none yet, see `ordinary_folder`.
    """
    candidates: list[Profile] = []
    if system.variables.get("GIMP3_DIRECTORY"):
        folder = ordinary_folder(system, "")
        candidates += [Profile(folder=folder, form="ordinary")] if folder.is_dir() else []
    else:
        candidates += _series(_settings(system), "ordinary")
    candidates += _series(system.home / _FLATPAK, "flatpak")
    for place in _SNAP:
        candidates += _series(system.home / place, "snap")
    return list({profile.folder.resolve(): profile for profile in reversed(candidates)}.values())[::-1]


def ordinary_folder(system: System, series: str) -> Path:
    """Where an ordinary GIMP of a series ("3.0") keeps its settings, or will when it is started."""
    own = system.variables.get("GIMP3_DIRECTORY")
    return system.home / own if own else _settings(system) / series


def has_old_profile(system: System) -> bool:
    """Whether there are settings of GIMP 2.10."""
    return any((place / "2.10").is_dir() for place in (_settings(system), system.home / _FLATPAK))


def given_profile(folder: Path) -> Profile:
    """The profile in a folder that the user named.

    Raises:
        JobError: the folder is not there, or is the one above or below a profile.
    """
    folder = folder.absolute()
    if not folder.is_dir():
        raise JobError(
            f"{shown(folder)}: is no folder; a profile is what GIMP shows under Edit > Preferences > Folders > "
            "Plug-ins, without the last part, plug-ins"
        )
    below = _series(folder, "given")
    if below:
        names = " or ".join(shown(profile.folder) for profile in below)
        raise JobError(f"{shown(folder)}: holds the profiles of several GIMPs; name one: --profile {names}")
    if folder.name == "plug-ins":
        raise JobError(
            f"{shown(folder)}: is the plug-ins folder of a profile; name the profile: {shown(folder.parent)}"
        )
    return Profile(folder=folder, form="given")


def _settings(system: System) -> Path:
    """The folder with all series of an ordinary GIMP."""
    if system.platform == "win32":
        return system.folder("APPDATA", system.home / "AppData" / "Roaming") / "GIMP"
    if system.platform == "darwin":
        return system.home / "Library" / "Application Support" / "GIMP"
    return system.folder("XDG_CONFIG_HOME", system.home / ".config") / "GIMP"


def _series(place: Path, form: Form) -> list[Profile]:
    """The profiles in a folder, oldest series first."""
    try:
        found = [path for path in place.iterdir() if _SERIES.fullmatch(path.name) and path.is_dir()]
    except OSError:  # not there, or not ours to look at
        return []
    found.sort(key=lambda path: [int(part) for part in path.name.split(".")])
    return [Profile(folder=path, form=form) for path in found]
