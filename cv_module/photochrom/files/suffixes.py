"""Suffixes of image files' names: which are read, and which one a coloured copy gets."""

from pathlib import Path
from typing import Final

from photochrom.files.encoder import COLOUR_SUFFIXES, GREY_SUFFIXES

_COPIES: Final = {
    **{suffix: suffix for suffix in COLOUR_SUFFIXES},
    **dict.fromkeys(GREY_SUFFIXES, ".ppm"),
    **dict.fromkeys((".j2k", ".j2c", ".jpc"), ".jp2"),
    ".gif": ".png",
}
"""By the suffix of a file that is read, in lower case: that of its copy, in a format that holds colour."""


def is_image_name(path: Path) -> bool:
    """Whether a name has the suffix of a format that is read."""
    return path.suffix.lower() in _COPIES


def copy_name(path: Path, suffix: str | None = None) -> Path:
    """The name of a coloured copy.

    Args:
        path: of the photograph; a suffix that says nothing of a format is kept as part of its name.
        suffix: of the copy, with its dot; None: that of the photograph, where its format holds colour and is written.
    """
    own = path.suffix.lower()
    if own not in _COPIES:
        return path if suffix is None else path.with_name(path.name + suffix)
    if suffix is None and _COPIES[own] == own:
        return path
    return path.with_suffix(suffix or _COPIES[own])
