"""The Python that has photochrom, as the installer recorded it beside the plug-in."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from photochrom_filter.texts import _
from photochrom_filter.worker_error import WorkerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python interpreter in which `import photochrom` works, or did when it was recorded."""

    python: str
    """Its absolute path."""
    photochrom: str
    """The version of photochrom that it had."""
    protocol: int
    """The version of the protocol that this spoke."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """What the installer recorded.

        Args:
            path: of the record, a file of JSON.

        Raises:
            WorkerError: it is missing or damaged; the message says what to do.
        """
        try:
            record = json.loads(path.read_bytes())
        except FileNotFoundError:
            raise WorkerError(
                _("the plug-in does not know which Python has photochrom ({path} is missing); ").format(path=path)
                + MEND
            ) from None
        except (OSError, ValueError) as error:
            raise WorkerError(_("{path} cannot be read ({error}); ").format(path=path, error=error) + MEND) from None
        match record:
            case {"python": str(python), "photochrom": str(photochrom), "protocol": int(protocol)}:
                return cls(python=python, photochrom=photochrom, protocol=protocol)
        raise WorkerError(_("{path} is damaged; ").format(path=path) + MEND)


MEND = _("run `photochrom gimp install` in a terminal, with the Python that has photochrom")
"""What mends most of what can be wrong between the plug-in and photochrom."""
