"""A sheet of pictures: each photograph grey, recoloured and true, with its name."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from photochrom_train.photo_source import UInt8

_GAP, _LABEL, _COLUMNS = 6, 20, 2
_FONT, _FONT_SIZE = cv2.FONT_HERSHEY_SIMPLEX, 0.42


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One photograph on a sheet."""

    name: str
    pictures: tuple[UInt8, ...]
    """(H, W, 3) BGR pictures of one size, from left to right."""


def draw_sheet(rows: Sequence[SheetRow], headings: Sequence[str], height: int) -> UInt8:
    """All rows in two columns, as one (H, W, 3) BGR picture on white.

    Args:
        rows: at least one.
        headings: what the pictures of a row are, from left to right; stands before every name.
        height: of each picture [pixels].
    """
    strips = [_strip(row, " | ".join(headings), height) for row in rows]
    half = -(-len(strips) // _COLUMNS)
    columns = [_stack(strips[start : start + half]) for start in range(0, len(strips), half)]
    tallest = max(column.shape[0] for column in columns)
    return np.hstack([_pad(column, tallest, column.shape[1]) for column in columns])


def _strip(row: SheetRow, heading: str, height: int) -> UInt8:
    """One row: its label above its pictures."""
    scaled = [_scale(picture, height) for picture in row.pictures]
    gap = np.full((height, _GAP, 3), 255, np.uint8)
    line = np.hstack([part for picture in scaled for part in (picture, gap)])
    label = np.full((_LABEL, line.shape[1], 3), 255, np.uint8)
    cv2.putText(label, f"{row.name}: {heading}", (0, _LABEL - 6), _FONT, _FONT_SIZE, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([label, line])


def _scale(picture: UInt8, height: int) -> UInt8:
    width = max(1, round(picture.shape[1] * height / picture.shape[0]))
    way = cv2.INTER_AREA if height < picture.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (width, height), interpolation=way), np.uint8)


def _stack(strips: Sequence[UInt8]) -> UInt8:
    widest = max(strip.shape[1] for strip in strips)
    return np.vstack([_pad(strip, strip.shape[0], widest) for strip in strips])


def _pad(picture: UInt8, height: int, width: int) -> UInt8:
    """The picture with white to the right and below."""
    below, right = height - picture.shape[0], width - picture.shape[1]
    return np.pad(picture, ((0, below), (0, right), (0, 0)), constant_values=255)
