"""How much memory a photograph takes on its way from file to file, told before it is decoded.

What it takes at most is what the worst picture takes: noise, which no format makes small. Measured with OpenCV 4.14,
for each format with noise of 6 megapixels; photographs take less.
"""

from collections.abc import Mapping
from typing import Final

from photochrom.conversion.options import ConvertOptions
from photochrom.files.encoder import format_name
from photochrom.files.header import Header
from photochrom.threads import processors

FIXED: Final = 32 << 20
"""Tables of decoders and encoders, and what the allocator keeps of memory that was given back [bytes]."""
_STRIP: Final = 16 << 20
"""What a thread takes that works on strips [bytes]."""
_MOST_STRIPS: Final = 8

_GROWING: Final = 3
"""How often an encoded file is there when it is longest: OpenCV lets it grow by doubling, and copies it in the end."""
_ENCODING: Final[Mapping[str, float]] = {
    "JPEG": _GROWING * 0.85,
    "PNG": _GROWING * 1.02,
    "TIFF": _GROWING * 1.37,
    "WebP": 9.5,
    "AVIF": 7.5,
    "JPEG 2000": 9.0,
    "BMP": 2.0,
    "PPM": 2.0,
}
"""By format, what encoding takes beside the pixels, with the encoded file [bytes per byte of the pixels]."""
_ENCODING_AT_BEST: Final[Mapping[str, float]] = {**_ENCODING, "JPEG": _GROWING * 1.4, "AVIF": 13.5}
"""The same for qualities above `_GOOD`."""
_GOOD: Final = 95

CONFIDENCE: Final = 9
"""A confidence map while it is made: twice in floating point, and in 8 bits [bytes per pixel]."""


def footprint(header: Header, file_size: int, suffix: str, options: ConvertOptions, *, with_map: bool) -> int:
    """What a photograph takes at most from decoding to writing, apart from its file [bytes].

    Args:
        header: of its file.
        file_size: of its file, which is given back when it is decoded [bytes].
        suffix: of its coloured copy's file.
        options: how it is converted.
        with_map: whether its confidence map is made.

    Raises:
        ImageError: there is no format of that suffix.
    """
    area = header.width * header.height
    channels = 3 if header.opaque else header.channels
    copy_channels = 4 if channels == 4 else 3
    sample = min(header.sample_size, 4)
    working_sample = 2 if options.depth == 16 and sample == 1 else sample
    copy_sample = sample if options.depth is None else options.depth // 8

    decoded, source = area * channels * sample, area * channels * working_sample
    coloured, copy = area * copy_channels * working_sample, area * copy_channels * copy_sample
    in_place = channels == copy_channels and not with_map
    colouring = max(
        0 if working_sample == sample else decoded + source,
        source + (0 if in_place else coloured) + (area * CONFIDENCE if with_map else 0),
        0 if copy_sample == working_sample else coloured + copy,
    )
    factors = _ENCODING if options.quality <= _GOOD else _ENCODING_AT_BEST
    encoding = copy + area * with_map + max(copy * factors[format_name(suffix)], area * _ENCODING["PNG"] * with_map)
    strips = _STRIP * min(processors(), _MOST_STRIPS)
    return FIXED + max(header.decoding_size, colouring + strips - file_size, round(encoding) - file_size)
