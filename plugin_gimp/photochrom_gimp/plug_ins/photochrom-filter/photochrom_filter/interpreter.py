"""The Python that has photochrom, as the installer recorded it beside the plug-in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE_NAME: Final = "interpreter.json"
"""Of the record; it lies in the plug-in's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python interpreter in which `import photochrom` works, or did when it was recorded."""

    python: str
    """Its absolute path."""
    photochrom: str
    """The version of photochrom that it had."""
    protocol: int
    """The version of the protocol that this spoke."""


def read_interpreter(path: Path) -> Interpreter:
    """What the installer recorded.

    Args:
        path: of the record, `FILE_NAME` in the plug-in's folder.

    Raises:
        WorkerError: it is missing or damaged; the message says what to do.
    """
    raise NotImplementedError(path)
