"""One photograph that shall be converted: its file, and where its outputs go."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One photograph that shall be converted."""

    source: Path
    """The photograph."""
    target: Path
    """Its coloured copy."""
    confidence: Path | None
    """Its confidence map; None: not wanted."""
    there: tuple[Path, ...] = ()
    """Outputs that are there already and stay."""

    @property
    def outputs(self) -> tuple[Path, ...]:
        """Its files in the order of writing: the coloured copy last, so that it stands for a finished task."""
        return (self.target,) if self.confidence is None else (self.confidence, self.target)

    @property
    def missing(self) -> tuple[Path, ...]:
        """The outputs to be written, in the order of writing."""
        return tuple(path for path in self.outputs if path not in self.there)
