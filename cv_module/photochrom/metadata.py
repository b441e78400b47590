"""What image files say about their pictures, apart from the pixels."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a file says about its picture, as it stands in the file."""

    exif: bytes = b""
    """The Exif block, from its TIFF header on; empty: none."""
    icc: bytes = b""
    """The ICC profile; empty: none."""
