"""Which names a file system takes for the same: many ignore case, some how accents are composed, most neither."""

import os
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from photochrom.files.output_file import temporary_file

_COMPOSED: Final = "é"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFolding:
    """What is ignored where names are compared."""

    case: bool
    """Whether a.jpg is A.JPG."""
    composition: bool
    """Whether an accented letter is the letter with an accent that follows it."""

    def fold(self, name: str) -> str:
        """A key that two names share where they are names of the same file."""
        if self.composition:
            name = unicodedata.normalize("NFC", name)
        if self.case:
            name = name.casefold()
            if self.composition:  # folding may take composed letters apart
                name = unicodedata.normalize("NFC", name)
        return name


LOOSEST: Final = NameFolding(case=True, composition=True)
"""What ignores all that any file system ignores."""


def probe_folding(folder: Path) -> NameFolding:
    """How the file system compares names in a folder, found out with a temporary file; strictly where none can be made.

    Args:
        folder: one that exists.
    """
    case = composition = False
    with suppress(OSError, UnicodeEncodeError), temporary_file(folder, mark=_COMPOSED) as (_, temporary):
        name = temporary.name
        case = os.path.lexists(folder / name.upper().replace(_COMPOSED.upper(), _COMPOSED))
        composition = os.path.lexists(folder / unicodedata.normalize("NFD", name))
    return NameFolding(case=case, composition=composition)
