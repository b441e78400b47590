"""What can be chosen about a conversion of photographs from files to files."""

import hashlib
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from photochrom.colour.adjustment import Adjustment
from photochrom.conversion.naming import as_output
from photochrom.errors import ImageError, JobError
from photochrom.files.depth import Depth
from photochrom.files.encoder import DEFAULT_QUALITY
from photochrom.files.output_file import Existing
from photochrom.networks.device import Device, Engine


def _is_whole(value: object) -> bool:
    """Whether a value is a whole number, and neither True nor False."""
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One of several shares of the photographs, of about the same size.

    A photograph's share follows from its place alone, the path below the folder or pattern that was given: the same
    in every run and on every machine, wherever the folder is mounted and whatever other photographs come or go.
    """

    number: int
    """Which share, from 1 to `count`."""
    count: int
    """How many shares there are."""

    def __post_init__(self) -> None:
        if not (_is_whole(self.number) and _is_whole(self.count) and 1 <= self.number <= self.count):
            raise JobError(f"shard {self.number}/{self.count} does not exist; give i/n with i from 1 to n, such as 2/4")

    def holds(self, place: Path) -> bool:
        """Whether the photograph at a place belongs to this share; it belongs to exactly one.

        Args:
            place: relative, as in `search.Found`; composed and decomposed accents count as the same.
        """
        name = unicodedata.normalize("NFC", place.as_posix())
        digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
        return int.from_bytes(digest, "big") % self.count == self.number - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertOptions:
    """How to convert; the defaults are those of the command."""

    existing: Existing = "refuse"
    """What happens where an output is there already: a failure, nothing, or a new one in its place."""
    base: Path | None = None
    """Folder below which photographs that are named themselves, not found in a folder or by a pattern, keep their place
    in the output folder; None: they go there by their name alone."""
    confidence_output: Path | None = None
    """Where confidence maps go (grey PNG, 255 for certainty), as a folder or a file as the output is; None: no maps."""
    suffix: str | None = None
    """Format of the outputs as a file's suffix, such as ``.png``; None: that of each photograph."""
    depth: Depth | None = None
    """Bits per channel of the outputs; None: as each photograph has."""
    quality: int = DEFAULT_QUALITY
    """Of JPEG, WebP and AVIF, 1 to 100."""
    model: str | Path = "colorize"
    """The network: a shipped one by name, a user's own by path."""
    device: Device = "auto"
    """What to run on."""
    engine: Engine = "opencv"
    """What to run the network with."""
    strength: float = 1.0
    """Share of the new colours, 0 to 1; the rest are the photograph's own (for a grey one: none)."""
    saturation: float = 1.0
    """Factor on the network's chroma; 0: grey."""
    fade_uncertain: float = 0.0
    """How far colours fade to grey where the network guesses, 0 (not at all) to 1."""
    workers: int | None = None
    """Photographs in work at once; None: one for each processor core."""
    memory: int | None = None
    """What all of them may take together [bytes]; None: half of what is free when the conversion begins."""
    shard: Shard | None = None
    """The share of the photographs that is done; None: all."""
    preview_side: int | None = None
    """Longer side of the previews that go with the progress [pixels]; None: no previews."""
    most_reviews: int | None = None
    """How many photographs that are skipped get previews, for which both files are read again; None: all."""

    def __post_init__(self) -> None:
        for name, what, as_given in (("base", "folder", Path), ("confidence_output", "file or folder", as_output)):
            path: object = getattr(self, name)
            if not isinstance(path, str | Path | None):
                raise JobError(f"{name} is {path!r}; give the path of a {what}")
            if path is not None:  # scripts may give text
                object.__setattr__(self, name, as_given(path))
        try:
            self.adjustment()
        except ImageError as error:
            raise JobError(str(error)) from None
        if self.existing not in get_args(Existing):
            raise JobError(f"existing is {self.existing!r}; give one of {', '.join(get_args(Existing))}")
        if not (_is_whole(self.quality) and 1 <= self.quality <= 100):
            raise JobError(f"quality is {self.quality!r}; give a whole number from 1 to 100")
        if self.depth not in (None, *get_args(Depth)):
            raise JobError(f"depth is {self.depth!r}; give 8 or 16")
        for name in ("workers", "memory", "preview_side", "most_reviews"):
            value: int | None = getattr(self, name)
            if value is not None and not (_is_whole(value) and value >= 1):
                raise JobError(f"{name} is {value!r}; give a whole number, 1 or more")
        if not isinstance(self.suffix, str | None):
            raise JobError(f"suffix is {self.suffix!r}; give that of a format, such as '.png'")
        if not isinstance(self.shard, Shard | None):
            raise JobError(f"shard is {self.shard!r}; give a Shard, such as Shard(number=2, count=4)")

    def adjustment(self) -> Adjustment:
        """What is done to the network's colours."""
        return Adjustment(strength=self.strength, saturation=self.saturation, fade_uncertain=self.fade_uncertain)
