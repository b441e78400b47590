"""What an image file says of its picture before a pixel of it is decoded, and how such statements are read."""

import struct
from dataclasses import dataclass, field
from typing import Final

from photochrom.errors import ImageError
from photochrom.files.exif import ON_ITS_SIDE
from photochrom.files.metadata import Metadata

Data = bytes | bytearray

MAX_PIXELS: Final = 1 << 28
"""Pixels of the largest photograph that is read, 268 megapixels: a header that claims more is taken for a trap."""
MAX_SIDE: Final = 1_000_000
"""Its longest side [pixels]; libpng and OpenCV stop there too."""
COPY_AGAIN: Final = "copy it again from where it came"
"""What to do about a damaged file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What has to be known before decoding: the size, and what OpenCV's decoder will make of the file.

    Raises:
        ImageError: it has no pixels, or more than `MAX_PIXELS`, or a longer side than `MAX_SIDE`.
    """

    format: str
    """The format's common name."""
    width: int
    """Columns, before any orientation is applied [pixels]."""
    height: int
    """Rows, before any orientation is applied [pixels]."""
    channels: int
    """1, 3 or 4, as decoded."""
    sample_size: int = 1
    """What each channel of a pixel takes as decoded: 1, 2, 4 for single and 8 for double precision [bytes]."""
    largest: int | None = None
    """What the decoder will deliver for white; None: the largest value of its type."""
    inverted: bool = False
    """Whether the decoder will deliver 0 for white."""
    premultiplied: bool = False
    """Whether colour comes already multiplied with alpha."""
    opaque: bool = False
    """Whether the fourth channel will hold nothing of meaning."""
    orientation: int = 1
    """Exif's number for how the decoded pixels must still be turned, 1 to 8."""
    working_size: int = 0
    """What OpenCV's decoder takes for a while beside the decoded pixels and the file, as measured [bytes]."""
    corrections: tuple[tuple[int, bytes], ...] = ()
    """Positions, and the bytes to put there before decoding, so that OpenCV reads the file rightly."""
    checksummed: tuple[tuple[int, int, int], ...] = ()
    """Parts that Deflate packed, whose checksums OpenCV skips: position, length, length unpacked [bytes]."""
    tail: bytes = b""
    """The last bytes of a JPEG's only scan, where they can show that the scan broke off."""
    metadata: Metadata = field(default_factory=Metadata)
    """What the file says beside its pixels, as it stands there."""

    def __post_init__(self) -> None:
        check_size(self.width, self.height)

    @property
    def decoded_size(self) -> int:
        """What the decoded pixels take [bytes]."""
        return self.width * self.height * self.channels * self.sample_size

    @property
    def decoding_size(self) -> int:
        """What decoding takes at most, apart from the file; `decoded_size` is left of it in the end [bytes].

        OpenCV hands over a copy of what it decoded, and turning makes one of that, so it is twice the pixels at least.
        """
        return self.decoded_size + max(self.decoded_size, self.working_size)

    @property
    def upright_size(self) -> tuple[int, int]:
        """Columns and rows of the upright picture [pixels]."""
        sides = self.width, self.height
        return sides[::-1] if self.orientation in ON_ITS_SIDE else sides


def check_size(width: int, height: int) -> None:
    """Raise ImageError where a file claims no pixels, or too many."""
    if width < 1 or height < 1:
        raise ImageError(f"it is damaged: its header says {width} x {height} pixels; {COPY_AGAIN}")
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise ImageError(
            f"its header says {width} x {height} pixels; at most {MAX_PIXELS} pixels and {MAX_SIDE} a side are read: "
            "scale it down, or cut it, with another program"
        )


def unpack(layout: str, data: Data, position: int) -> tuple[int, ...]:
    """The numbers that stand there; an ImageError where the file ends before them."""
    if position + struct.calcsize(layout) > len(data):
        raise ImageError(f"it is cut off in the middle of its header; {COPY_AGAIN}")
    return struct.unpack_from(layout, data, position)


def require(data: Data, size: int) -> None:
    """Raise ImageError where a file is shorter than it says."""
    if len(data) < size:
        raise ImageError(f"it is cut off after {len(data)} of at least {size} bytes; {COPY_AGAIN}")
