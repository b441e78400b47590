"""What to do about GIMPs into which this program cannot put the plug-in itself."""

from photochrom_gimp.profile import Profile
from photochrom_gimp.program import Program
from photochrom_gimp.system import System

OLD_GIMP = (
    "GIMP 2.10 is there, but it has no plug-ins in Python 3, so photochrom cannot be used in it: install GIMP 3.0 or "
    "newer (the two can stay side by side), then photochrom gimp install"
)
NO_GIMP = (
    "no GIMP 3 was found, neither its settings nor its program: install GIMP 3.0 or newer, then photochrom gimp "
    "install; an AppImage is named with --gimp FILE, settings that are kept elsewhere with --profile DIR"
)
_FLATPAK_HOW = (
    "install photochrom with Flatpak's own Python, which Flatpak's GIMP can start: "
    "flatpak run --command=python3 org.gimp.GIMP -m venv ~/photochrom-flatpak; "
    "flatpak run --command=$HOME/photochrom-flatpak/bin/pip org.gimp.GIMP install photochrom; "
    "flatpak run --command=$HOME/photochrom-flatpak/bin/photochrom org.gimp.GIMP gimp install"
)
_SNAP_HOW = "use a GIMP from your system's packages, from Flatpak, or the AppImage from gimp.org"


def why_not_from_here(system: System, profile: Profile) -> tuple[str, str]:
    """Why this program cannot install into a profile, and what to do instead; two empty texts: it can."""
    if profile.form in ("ordinary", "given") or profile.form == system.sandbox:
        return "", ""
    if profile.form == "flatpak":
        return "Flatpak's GIMP runs in a sandbox and cannot start this Python", _FLATPAK_HOW
    return "Snap's GIMP runs in a sandbox and cannot start this Python", _SNAP_HOW


def without_gimp(programs: list[Program], *, old_profile: bool) -> str:
    """What to say to a user without a GIMP 3."""
    old = old_profile or any(program.version[0] == 2 for program in programs)
    return OLD_GIMP if old else NO_GIMP
