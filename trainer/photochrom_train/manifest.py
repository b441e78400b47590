"""What a run was trained on: every folder and shard with its hash, and how many photographs of which collection."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from photochrom_train.config import DataConfig
from photochrom_train.photo_cache import PhotoCache, digest
from photochrom_train.photo_source import DataError, expand, read_source


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The photographs of a run."""

    sources: dict[str, str]
    """sha256 by name of each folder or shard; by its path, where two have one name."""
    collections: dict[str, int]
    """Photographs by collection, as the shards' JSON names it; folders count under their own names."""
    held_out: int
    """Photographs of these that were set aside for validation and calibration."""
    unreadable: list[str]
    """Left out."""


def make_manifest(config: DataConfig, cache: PhotoCache) -> Manifest:
    """The manifest of a cache, counted in the sources that it was made of.

    Raises:
        DataError: the sources are no longer those of the cache.
    """
    paths = expand(config.train)
    cached = cache.source_digests()
    if cached != [digest(path) for path in paths]:
        raise DataError("the photographs are not those that the cache was made of; give the run's own cache and config")
    collections: Counter[str] = Counter()
    labels = _labels(paths)
    for path, label in zip(paths, labels, strict=True):
        own = label if path.is_dir() else label.removesuffix(path.suffix)
        collections.update(photo.source or own for photo in read_source(path))
    return Manifest(
        sources=dict(zip(labels, cached, strict=True)),
        collections=dict(collections.most_common()),
        held_out=config.holdout,
        unreadable=cache.bad,
    )


def _labels(paths: list[Path]) -> list[str]:
    """Each path's name, or the whole path where two have one name."""
    times = Counter(path.name for path in paths)
    return [path.name if times[path.name] == 1 else path.as_posix() for path in paths]
