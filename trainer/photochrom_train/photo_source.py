"""Where training photographs come from: image folders and WebDataset shards, read as encoded bytes one by one."""

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import braceexpand
import cv2
import numpy as np
from numpy.typing import NDArray
from webdataset.tariterators import group_by_keys, tar_file_expander

from photochrom.errors import ImageError
from photochrom.files.decoder import decode_image
from photochrom.files.encoder import COLOUR_SUFFIXES, GREY_SUFFIXES
from photochrom.files.suffixes import is_image_name

MIN_SIDE = 16
"""Pictures with a side shorter than this are no photographs [pixels]."""

_TAR_BLOCK = 512
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
"""How .tar.gz, .tar.bz2 and .tar.xz begin, which tell themselves that they are cut off."""

UInt8 = NDArray[np.uint8]


class DataError(ValueError):
    """Photographs cannot be used."""


@dataclass(frozen=True, slots=True)
class EncodedPhoto:
    """A photograph as it lies in its source."""

    key: str
    """Unique name: the sample's key in a shard, the relative path in a folder."""
    data: bytes
    """The encoded file."""
    source: str = ""
    """The collection it came from, where the shard's JSON says so."""
    problem: str = ""
    """Why its file could not be read; empty where it could."""

    def decode(self) -> UInt8:
        """The photograph, (H, W, 3) BGR, upright; more than 8 bits are rounded to 8, alpha is dropped.

        Raises:
            ImageError: damaged, no picture, smaller than `MIN_SIDE`, or its file could not be read.
        """
        if self.problem:
            raise ImageError(f"cannot be read: {self.problem}")
        pixels = decode_image(bytearray(self.data)).pixels
        if min(pixels.shape[:2]) < MIN_SIDE:
            raise ImageError(f"is {pixels.shape[1]} x {pixels.shape[0]} pixels; at least {MIN_SIDE} a side are needed")
        if pixels.dtype != np.uint8:
            white = 65535 if pixels.dtype == np.uint16 else 1
            pixels = np.rint(np.clip(pixels.astype(np.float32) / white, 0, 1) * 255).astype(np.uint8)
        if pixels.ndim == 2:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
        return np.ascontiguousarray(pixels[:, :, :3], np.uint8)


def named(patterns: tuple[str, ...]) -> list[Path]:
    """The folders and shards that patterns with braces stand for, in order, whether they are there or not."""
    return [Path(name) for pattern in patterns for name in braceexpand.braceexpand(pattern)]


def expand(patterns: tuple[str, ...]) -> list[Path]:
    """What `named` gives.

    Raises:
        FileNotFoundError: one does not exist.
    """
    paths = named(patterns)
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"{path} does not exist; name image folders or .tar shards")
    return paths


def photographs_in(folder: Path) -> list[Path]:
    """The image files of a folder and of those in it, sorted; hidden ones and what lies in hidden folders are left."""
    files = (file for file in sorted(folder.rglob("*")) if is_image_name(file) and file.is_file())
    return [file for file in files if not any(part.startswith(".") for part in file.relative_to(folder).parts)]


def read_source(path: Path) -> Iterator[EncodedPhoto]:
    """All photographs of a folder (`photographs_in`) or of a .tar shard (in its order).

    A file that the system does not let us read is given too, with its `problem`.

    Raises:
        DataError: a file that is no whole .tar.
    """
    if path.is_dir():
        for file in photographs_in(path):
            key = file.relative_to(path).as_posix()
            try:
                yield EncodedPhoto(key, file.read_bytes())
            except OSError as error:
                yield EncodedPhoto(key, b"", problem=error.strerror or str(error))
        return
    _require_end(path)
    # webdataset's own WebDataset leaves its files open.
    with path.open("rb") as stream:
        samples = group_by_keys(tar_file_expander([{"url": str(path), "stream": stream}]))
        try:
            for sample in samples:
                yield from _photographs_of(sample)
        except (tarfile.TarError, ValueError) as error:
            raise DataError(f"{path} is no whole .tar shard of samples: {error.args[0]}") from error


def _photographs_of(sample: dict[str, object]) -> Iterator[EncodedPhoto]:
    """The picture KEY.SUFFIX of a shard's sample.

    Where there is none: KEY.REST.SUFFIX, for a name with further dots, which WebDataset takes for one sample's parts.
    """
    for rest in dict.fromkeys(["", *(f".{name.rpartition('.')[0]}" for name in sample if "." in name)]):
        prefix = f"{rest[1:]}." if rest else ""
        for suffix in (*COLOUR_SUFFIXES, *GREY_SUFFIXES):
            data = sample.get(f"{prefix}{suffix[1:]}")
            if isinstance(data, bytes):
                about = sample.get(f"{prefix}json", sample.get("json"))
                yield EncodedPhoto(f"{sample['__key__']}{rest}", data, _source_of(about))
                if not rest:
                    return
                break


def _require_end(path: Path) -> None:
    """Refuse an uncompressed .tar that is cut off, also where the cut looks like an end to what reads it."""
    with path.open("rb") as file:
        begins = file.read(6)
        file.seek(max(0, path.stat().st_size - _TAR_BLOCK))
        ends = file.read()
    if not begins.startswith(_COMPRESSED) and ends != bytes(_TAR_BLOCK):
        raise DataError(f"{path} is no whole .tar shard of samples: it does not end as one does; copy it anew")


def read_all(paths: list[Path]) -> Iterator[EncodedPhoto]:
    """All photographs of several folders and shards, one after the other."""
    for path in paths:
        yield from read_source(path)


def _source_of(about: object) -> str:
    """The `source` in a sample's JSON; empty where there is none."""
    if not isinstance(about, bytes):
        return ""
    try:
        table = json.loads(about)
    except ValueError:
        return ""
    source = table.get("source") if isinstance(table, dict) else None
    return source if isinstance(source, str) else ""
