"""What became of photographs that were converted from files to files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Status = Literal["done", "skipped", "failed"]
"""Written; left alone because its outputs were there already; or nothing, for a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """What became of one photograph, or of one folder that could not be looked into."""

    source: Path
    """The photograph."""
    status: Status
    """What became of it."""
    target: Path | None = None
    """Its coloured copy; None: none was planned."""
    confidence: Path | None = None
    """Its confidence map; None: not wanted."""
    reason: str = ""
    """Of a failure: what was wrong and what to do; names the file that it is about."""
    width: int = 0
    """Columns of the photograph, upright [pixels]; 0: it was not read."""
    height: int = 0
    """Rows of the photograph, upright [pixels]; 0: it was not read."""
    seconds: float = 0.0
    """Time from reading to written [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A photograph before and after, small, for people to look at."""

    before: bytes
    """WebP file."""
    after: bytes
    """WebP file of the same size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a conversion is."""

    finished: int
    """Photographs behind us: done, skipped or failed."""
    total: int
    """Photographs known of so far."""
    result: FileResult | None = None
    """The last of them; None before the first one."""
    preview: Preview | None = None
    """Of the last of them, where previews were asked for and it did not fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertReport:
    """What became of a whole conversion."""

    results: tuple[FileResult, ...]
    """In the order of the inputs; what was not begun is missing."""
    remaining: int
    """Photographs not begun, because the conversion was cancelled."""
    passed_over: int
    """Files in the input folders that are hidden or have no image's name."""
    model: str
    """The network's name and version."""
    device: str
    """What the network ran on: cpu, cuda or cuda_fp16."""
    engine: str
    """What ran the network: opencv or onnxruntime."""
    seconds: float
    """Time from start to end [s]."""

    def count(self, status: Status) -> int:
        """How many photographs ended so."""
        return sum(result.status == status for result in self.results)

    @property
    def failures(self) -> tuple[FileResult, ...]:
        """What came to nothing, and why."""
        return tuple(result for result in self.results if result.status == "failed")
