"""What to do about GIMPs into which this program cannot put the plug-in itself."""

from collections.abc import Sequence

from photochrom_gimp.profile import Form, has_old_profile
from photochrom_gimp.program import Program
from photochrom_gimp.system import System

_OLD_GIMP = (
    "GIMP 2.10 is there, but photochrom cannot be used in it: it has no plug-ins in Python 3",
    "install GIMP 3.0 or newer (the two can stay side by side), then photochrom gimp install",
)
_NO_GIMP = (
    "no GIMP 3 was found, neither its settings nor its program",
    "install GIMP 3.0 or newer, then photochrom gimp install; an AppImage is named with --gimp FILE, settings that are "
    "kept elsewhere with --profile DIR",
)
_FLATPAK_HOW = (
    "install photochrom with Flatpak's own Python, which Flatpak's GIMP can start; in photochrom's folder: "
    "flatpak run --command=python3 org.gimp.GIMP -m venv ~/photochrom-flatpak; "
    "flatpak run --command=$HOME/photochrom-flatpak/bin/pip org.gimp.GIMP install .; "
    "flatpak run --command=$HOME/photochrom-flatpak/bin/photochrom org.gimp.GIMP gimp install"
)
_SNAP_HOW = "use a GIMP from your system's packages, from Flatpak, or the AppImage from gimp.org"


def why_not_from_here(system: System, form: Form) -> tuple[str, str]:
    """Why this program cannot install into the profiles of a form of GIMP, and what to do; two empty texts: it can."""
    if form in ("ordinary", "given") or form == system.sandbox:
        return "", ""
    if form == "flatpak":
        return "Flatpak's GIMP runs in a sandbox and cannot start this Python", _FLATPAK_HOW
    return "Snap's GIMP runs in a sandbox and cannot start this Python", _SNAP_HOW


def without_gimp(system: System, programs: Sequence[Program]) -> tuple[str, str]:
    """What to say to a user without a GIMP 3, and what to do.

    Args:
        system: where was looked.
        programs: the GIMPs that were found there.
    """
    return _OLD_GIMP if programs or has_old_profile(system) else _NO_GIMP
