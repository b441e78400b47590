"""What every test relies on, asked inside GIMP."""

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp  # noqa: E402

PROCEDURE = "python-fu-photochrom-colorize"


def describe() -> dict[str, object]:
    """GIMP's version, its profile folder, and whether the plug-in is registered."""
    return {
        "version": Gimp.version(),
        "profile": Gimp.directory(),
        "registered": Gimp.get_pdb().procedure_exists(PROCEDURE),
        "images": len(Gimp.get_images()),
    }
