"""JPEG headers, and the marks between and within the scans.

libjpeg makes a picture of anything: what is missing becomes grey, what is damaged noise. All that can be told without
decoding is checked here: that every scan is there, with every restart marker in its turn, and nothing between.

Source:
    ITU-T T.81, annexes B (marks), A.2 (the order of scans) and G (progressive ones).
"""

import re
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Final

from photochrom.errors import ImageError
from photochrom.files.header import COPY_AGAIN, Data, Header, check_size, unpack

_PIXELS_PER_BYTE: Final = 512
"""At most: a block of 8 x 8 pixels takes one bit at least."""
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEQUENTIAL: Final = frozenset({0xC0, 0xC1})
"""Frames of one pass over the coefficients, with Huffman codes."""
_PROGRESSIVE: Final = frozenset({0xC2, 0xCA})
_READ: Final = _SEQUENTIAL | _PROGRESSIVE | {0xC9}
"""The frames that are read; 0xC9 is sequential with arithmetic codes."""
_SCAN, _END, _RESTART_INTERVAL, _TABLES = 0xDA, 0xD9, 0xDD, 0xC4
_WITHOUT_CONTENT: Final = frozenset(range(0xD0, 0xD8)) | {0x01}
_COEFFICIENTS: Final = 64
_TAIL: Final = 512
"""Bytes of a scan's end that are kept."""

_ZEROS: Final = bytes(64)
"""More zero bytes than codes make, where zero bits mean a coefficient: a few blocks full of nothing but -1."""
_NO_MORE: Final = 0
"""The symbol for: all further coefficients of the block are 0."""
_MARK: Final = re.compile(rb"\xff[^\x00\xff]")
"""What is neither a coded 0xFF nor padding before a mark."""
_BEHIND_CODES: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""What ends a scan: a mark that is neither a coded 0xFF nor a restart."""
_RESTART: Final = re.compile(rb"\xff([\xd0-\xd7])")
_COLOURS: Final = {2: "of two channels", 4: "CMYK, for print"}


@dataclass(slots=True, kw_only=True)
class _Frame:
    """What the scans have to add up to."""

    marker: int
    width: int
    height: int
    sampling: dict[int, tuple[int, int]]
    """Across and down, by component."""
    missing: dict[int, list[int]] = field(default_factory=dict)
    """By component and coefficient: how many of its lowest bits have still to come."""

    def __post_init__(self) -> None:
        for component in self.sampling:
            self.missing[component] = [_UNSEEN] * _COEFFICIENTS

    def blocks(self, components: list[int]) -> int:
        """Number of units that a scan of these components has, between which restart markers may stand."""
        most: list[int] = [max(sides) for sides in zip(*self.sampling.values(), strict=True)]
        alone = len(components) == 1
        across, down = self.sampling[components[0]] if alone else (1, 1)
        columns = -(-self.width * across // most[0]) if alone else -(-self.width // most[0])
        rows = -(-self.height * down // most[1]) if alone else -(-self.height // most[1])
        return -(-columns // _BLOCK) * -(-rows // _BLOCK)


_BLOCK: Final = 8
"""Side of a block [pixels]."""
_MOST_SCANS: Final = 500
"""A picture needs some dozens at most; each takes as long to decode as the whole picture."""
_UNSEEN: Final = 99
"""More bits than any scan leaves open."""


def read_header(data: Data) -> Header:
    """The header of a whole JPEG file."""
    frame: _Frame | None = None
    position, interval, scans, tail = 2, 0, 0, b""
    symbols: dict[int, int] = {}
    while True:
        position, marker = _next_marker(data, position)
        if marker == _END:
            break
        if marker in _WITHOUT_CONTENT:
            raise _damaged(position)
        (length,) = unpack(">H", data, position)
        begin, position = position + 2, position + length
        if marker in _FRAMES:
            if frame is not None:
                raise _damaged(begin)
            frame = _read_frame(data, marker, begin)
        elif marker == _RESTART_INTERVAL:
            (interval,) = unpack(">H", data, begin)
        elif marker == _TABLES:
            symbols |= _read_tables(data, begin, position)
        elif marker == _SCAN:
            if frame is None:
                raise _damaged(begin)
            components, tables = _read_scan(data, frame, begin)
            first_mark = _find_mark(_MARK, data, position)
            end = _find_mark(_BEHIND_CODES, data, first_mark)
            if frame.marker in _SEQUENTIAL and any(symbols.get(table, _NO_MORE) != _NO_MORE for table in tables):
                _check_zeros(data, position, end)
            _check_restarts(data, first_mark, end, frame.blocks(components), interval)
            scans += 1
            if scans > _MOST_SCANS:
                raise ImageError(f"it has more than {_MOST_SCANS} scans, which no camera or program writes")
            tail = bytes(data[max(position, end - _TAIL) : end])
            position = end
    if frame is None or any(max(bits) > 0 for bits in frame.missing.values()):
        raise ImageError(f"it is damaged: not all parts of its picture are there; {COPY_AGAIN}")
    only = scans == 1 and not interval and frame.marker in _SEQUENTIAL
    return Header(
        format="JPEG",
        width=frame.width,
        height=frame.height,
        channels=len(frame.sampling),
        # More scans than one are put together as 16-bit coefficients.
        working_size=2 * len(frame.sampling) * frame.width * frame.height if scans > 1 else 0,
        tail=tail if only else b"",
    )


def _damaged(position: int) -> ImageError:
    return ImageError(f"it is damaged: byte {position} is none that a JPEG can have there; {COPY_AGAIN}")


def _next_marker(data: Data, position: int) -> tuple[int, int]:
    """Where the content behind the next marker begins, and the marker."""
    (mark,) = unpack(">B", data, position)
    if mark != 0xFF:
        raise ImageError(f"it is damaged: a JPEG marker is missing at byte {position}; {COPY_AGAIN}")
    marker = mark
    while marker == 0xFF:  # padding
        position += 1
        (marker,) = unpack(">B", data, position)
    return position + 1, marker


def _read_frame(data: Data, marker: int, begin: int) -> _Frame:
    bits, height, width, channels = unpack(">BHHB", data, begin)
    check_size(width, height)
    if marker not in _READ:
        raise ImageError("it is a JPEG of a rare kind (lossless or hierarchical): save it as PNG")
    if bits != 8:
        raise ImageError(f"it is a JPEG of {bits} bits, and OpenCV reads 8: save it as PNG or TIFF of 16 bits")
    if channels not in (1, 3):
        colours = _COLOURS.get(channels, f"of {channels} channels")
        raise ImageError(f"its colours are {colours}: convert it to grey or RGB with a program that knows its profile")
    if width * height > _PIXELS_PER_BYTE * len(data):
        raise ImageError(f"it is damaged: {len(data)} bytes cannot hold {width} x {height} pixels; {COPY_AGAIN}")
    sampling = {}
    for position in range(begin + 6, begin + 6 + 3 * channels, 3):
        component, factors = unpack(">BB", data, position)
        sampling[component] = factors >> 4, factors & 15
    if len(sampling) != channels or any(not 1 <= factor <= 4 for sides in sampling.values() for factor in sides):
        raise _damaged(begin + 6)
    return _Frame(marker=marker, width=width, height=height, sampling=sampling)


def _read_tables(data: Data, position: int, end: int) -> dict[int, int]:
    """By number of a table for coefficients: the symbol whose code is nothing but zero bits, its first one."""
    symbols = {}
    while position < end:
        kind, *counts = unpack(">17B", data, position)
        if kind >> 4 and sum(counts):
            (symbols[kind & 15],) = unpack(">B", data, position + 17)
        position += 17 + sum(counts)
    return symbols


def _read_scan(data: Data, frame: _Frame, begin: int) -> tuple[list[int], list[int]]:
    """The components that a scan has, and their tables for coefficients; what it brings is no longer missing."""
    (channels,) = unpack(">B", data, begin)
    numbers = unpack(f">{2 * channels}B", data, begin + 1)
    components, tables = list(numbers[::2]), [tables & 15 for tables in numbers[1::2]]
    first, last, approximation = unpack(">BBB", data, begin + 1 + 2 * channels)
    if not components or not set(components) <= set(frame.sampling):
        raise _damaged(begin)
    if frame.marker not in _PROGRESSIVE:
        first, last, approximation = 0, _COEFFICIENTS - 1, 0
    if not first <= last < _COEFFICIENTS:
        raise _damaged(begin)
    for component in components:
        for coefficient in range(first, last + 1):
            frame.missing[component][coefficient] = approximation & 15
    return components, tables


def _find_mark(marks: re.Pattern[bytes], data: Data, begin: int) -> int:
    """Where the next of some marks stands."""
    match = marks.search(data, begin)
    if match is None:
        raise ImageError(f"it is cut off: the mark that ends a JPEG is missing; {COPY_AGAIN}")
    return match.start()


def _check_zeros(data: Data, begin: int, end: int) -> None:
    """Raise ImageError where zeros stand that no encoder writes: a part that a disk or a copy has lost."""
    position = data.find(_ZEROS, begin, end)
    if position >= 0:
        raise ImageError(f"it is damaged: zeros stand at byte {position}, in place of a part of it; {COPY_AGAIN}")


def _check_restarts(data: Data, begin: int, end: int, blocks: int, interval: int) -> None:
    """Raise ImageError where restart markers are missing, too many, or out of turn."""
    found = b"".join(_RESTART.findall(memoryview(data)[begin:end]))
    expected = -(-blocks // interval) - 1 if interval else 0
    # Some cameras write one more at the end.
    if len(found) - expected not in (0, 1 if interval else 0) or found != bytes(
        islice(cycle(range(0xD0, 0xD8)), len(found))
    ):
        raise ImageError(
            f"it is damaged: it has {len(found)} restart markers where {expected} belong in order; {COPY_AGAIN}"
        )
