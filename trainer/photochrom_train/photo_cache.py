"""The photographs of a run, decoded and shrunk once into one memory-mapped file.

`photos.u8` holds BGR bytes one photograph after the other; `index.json` says where each lies, what the sources were
(with sha256) and which files were bad. Both are written under temporary names and renamed: a cache is whole or absent.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, cast

import cv2
import numpy as np

from photochrom.errors import ImageError
from photochrom_train.config import DataConfig
from photochrom_train.photo_source import DataError, UInt8, expand, named, photographs_in, read_source


@dataclass(frozen=True, slots=True)
class CachedPhoto:
    """Where a photograph lies in the cache."""

    key: str
    offset: int
    height: int
    width: int


class _Recipe(TypedDict):
    """What decides a cache's content."""

    sources: list[dict[str, str]]
    """`path` and `sha256`."""
    short_side: int


class _Index(TypedDict):
    """`index.json`."""

    recipe: _Recipe
    bad: list[str]
    photos: list[tuple[str, int, int, int]]


class PhotoCache:
    """Read access to a prepared cache; a sequence of (H, W, 3) uint8 BGR photographs.

    Args:
        folder: what `prepare_cache` wrote.

    Raises:
        DataError: the folder holds no whole cache.
    """

    def __init__(self, folder: Path) -> None:
        photos_file = folder / "photos.u8"
        index = _read_index(folder)
        if index is None or not photos_file.is_file():
            raise DataError(f"{folder} holds no whole photo cache; run `photochrom-train prepare` first")
        self._index = index
        self.photos = [CachedPhoto(*row) for row in self._index["photos"]]
        needed = sum(photo.height * photo.width * 3 for photo in self.photos)
        if photos_file.stat().st_size != needed:
            raise DataError(
                f"{photos_file} has {photos_file.stat().st_size} bytes, its index says {needed}; delete {folder} "
                "and run `photochrom-train prepare` again"
            )
        self._bytes: UInt8 = np.memmap(photos_file, np.uint8, "r") if needed else np.zeros(0, np.uint8)

    @property
    def bad(self) -> list[str]:
        """Photographs that were left out, with the reason."""
        return self._index["bad"]

    def source_digests(self) -> list[str]:
        """sha256 of each folder or shard that the cache was made of, in order."""
        return [source["sha256"] for source in self._index["recipe"]["sources"]]

    def require(self, config: DataConfig) -> None:
        """Refuse a cache of other photographs than a run's; their files need not be there any more.

        Raises:
            DataError: it was made of other sources, or at another size.
        """
        recipe = self._index["recipe"]
        made = [source["path"] for source in recipe["sources"]], recipe["short_side"]
        if made != ([str(path) for path in named(config.train)], config.short_side):
            raise DataError(
                f"the cache is of {', '.join(made[0])} at a short side of {made[1]}, not of what the config names; run "
                "`photochrom-train prepare` with this config, or give each config a --cache of its own"
            )

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, position: int) -> UInt8:
        photo = self.photos[position]
        end = photo.offset + photo.height * photo.width * 3
        return self._bytes[photo.offset : end].reshape(photo.height, photo.width, 3)

    def __iter__(self) -> Iterator[UInt8]:
        return (self[position] for position in range(len(self)))

    def split(self, holdout: int) -> tuple[list[int], list[int]]:
        """Positions for training and for hold-out; by a hash of the key, so alike wherever the photographs lie."""
        order = sorted(range(len(self)), key=lambda at: hashlib.sha256(self.photos[at].key.encode()).digest())
        if len(order) <= holdout:
            raise DataError(f"the cache has {len(order)} photographs; more than data.holdout = {holdout} are needed")
        return sorted(order[holdout:]), order[:holdout]


def prepare_cache(config: DataConfig, folder: Path, on_progress: Callable[[int], None]) -> PhotoCache:
    """Decode all photographs of a run into a cache; an existing one of the same sources is kept.

    Args:
        config: sources and size.
        folder: where the cache goes.
        on_progress: called with the number of photographs done.

    Raises:
        DataError: too many bad photographs; all are named.
    """
    sources = [{"path": str(path), "sha256": digest(path)} for path in expand(config.train)]
    recipe = _Recipe(sources=sources, short_side=config.short_side)
    index_file = folder / "index.json"
    index = _read_index(folder)
    if index is not None and index["recipe"] == recipe:
        return PhotoCache(folder)
    folder.mkdir(parents=True, exist_ok=True)
    photos: list[tuple[str, int, int, int]] = []
    bad: list[str] = []
    offset = 0
    temporary = folder / "photos.u8.part"
    try:
        with temporary.open("wb") as out:
            for path in expand(config.train):
                for encoded in read_source(path):
                    try:
                        bgr = _shrink(encoded.decode(), config.short_side)
                    except ImageError as error:
                        bad.append(f"{path}: {encoded.key}: {error}")
                        continue
                    out.write(bgr.tobytes())
                    photos.append((encoded.key, offset, bgr.shape[0], bgr.shape[1]))
                    offset += bgr.nbytes
                    on_progress(len(photos))
        _require_enough(config, len(photos), bad)
        index_file.unlink(missing_ok=True)
        temporary.replace(folder / "photos.u8")
    finally:
        temporary.unlink(missing_ok=True)
    part = index_file.with_suffix(".part")
    part.write_text(json.dumps(_Index(recipe=recipe, bad=bad, photos=photos)), encoding="utf-8")
    part.replace(index_file)
    return PhotoCache(folder)


def _require_enough(config: DataConfig, good: int, bad: list[str]) -> None:
    """Refuse photographs of which there are none, or too many bad ones."""
    if not good and not bad:
        raise DataError(f"no photographs in {', '.join(config.train)}; name folders or .tar shards that hold some")
    if len(bad) > config.max_bad_fraction * (good + len(bad)) or not good:
        raise DataError(
            f"{len(bad)} of {good + len(bad)} photographs are unreadable (allowed: {config.max_bad_fraction:.0%}; "
            f"data.max_bad_fraction); mend or remove: {'; '.join(bad[:20])}"
        )


def _read_index(folder: Path) -> _Index | None:
    """A cache's index; None where there is none, or a damaged one."""
    try:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    whole = isinstance(index, dict) and index.keys() >= _Index.__required_keys__
    return cast(_Index, index) if whole else None


def _shrink(bgr: UInt8, short_side: int) -> UInt8:
    """(H, W, 3), shrunk to the short side where it is larger."""
    scale = short_side / min(bgr.shape[:2])
    if scale >= 1:
        return bgr
    return np.asarray(cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def digest(path: Path) -> str:
    """sha256 of a shard, or of the names and sizes of a folder's photographs."""
    if path.is_dir():
        listing = [f"{file.relative_to(path)} {file.stat().st_size}" for file in photographs_in(path)]
        return hashlib.sha256("\n".join(listing).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
