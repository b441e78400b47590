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

    def decode(self) -> UInt8:
        """The photograph, (H, W, 3) BGR, upright; more than 8 bits are rounded to 8, alpha is dropped.

        Raises:
            ImageError: damaged, no picture, or smaller than `MIN_SIDE`.
        """
        pixels = decode_image(bytearray(self.data)).pixels
        if min(pixels.shape[:2]) < MIN_SIDE:
            raise ImageError(f"is {pixels.shape[1]} x {pixels.shape[0]} pixels; at least {MIN_SIDE} a side are needed")
        if pixels.dtype != np.uint8:
            white = 65535 if pixels.dtype == np.uint16 else 1
            pixels = np.rint(np.clip(pixels.astype(np.float32) / white, 0, 1) * 255).astype(np.uint8)
        if pixels.ndim == 2:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
        return np.ascontiguousarray(pixels[:, :, :3], np.uint8)


def expand(patterns: tuple[str, ...]) -> list[Path]:
    """The folders and shards that patterns with braces stand for, in order.

    Raises:
        FileNotFoundError: one does not exist.
    """
    paths = [Path(name) for pattern in patterns for name in braceexpand.braceexpand(pattern)]
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"{path} does not exist; name image folders or .tar shards")
    return paths


def read_source(path: Path) -> Iterator[EncodedPhoto]:
    """All photographs of a folder (recursively, sorted) or of a .tar shard (in its order).

    Raises:
        DataError: a file that is no whole .tar.
    """
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if is_image_name(file) and file.is_file():
                yield EncodedPhoto(file.relative_to(path).as_posix(), file.read_bytes())
        return
    # webdataset's own WebDataset leaves its files open.
    with path.open("rb") as stream:
        samples = group_by_keys(tar_file_expander([{"url": str(path), "stream": stream}]))
        try:
            for sample in samples:
                for suffix in (*COLOUR_SUFFIXES, *GREY_SUFFIXES):
                    if suffix[1:] in sample:
                        yield EncodedPhoto(sample["__key__"], sample[suffix[1:]], _source_of(sample.get("json")))
                        break
        except (tarfile.TarError, ValueError) as error:
            raise DataError(f"{path} is no whole .tar shard of samples: {error.args[0]}") from error


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
    return str(table.get("source", "")) if isinstance(table, dict) else ""
