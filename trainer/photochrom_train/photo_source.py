"""Where training photographs come from: image folders and WebDataset shards, read as encoded bytes one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import braceexpand
import webdataset

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
"""File names that count as photographs."""


@dataclass(frozen=True, slots=True)
class EncodedPhoto:
    """A photograph as it lies in its source."""

    key: str
    """Unique name: the sample's key in a shard, the relative path in a folder."""
    data: bytes
    """The encoded file."""


def expand(patterns: tuple[str, ...]) -> list[Path]:
    """The folders and shards that patterns with braces stand for, in order.

    Raises:
        FileNotFoundError: one does not exist.
    """
    paths = [Path(name) for pattern in patterns for name in braceexpand.braceexpand(pattern)]
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"{path} does not exist; data.train must name image folders or .tar shards")
    return paths


def read_source(path: Path) -> Iterator[EncodedPhoto]:
    """All photographs of a folder (recursively, sorted) or of a .tar shard (in its order)."""
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file():
                yield EncodedPhoto(file.relative_to(path).as_posix(), file.read_bytes())
        return
    for sample in webdataset.WebDataset(str(path), shardshuffle=False, empty_check=False):
        for suffix in IMAGE_SUFFIXES:
            data = sample.get(suffix[1:])
            if isinstance(data, bytes):
                yield EncodedPhoto(str(sample["__key__"]), data)
                break
