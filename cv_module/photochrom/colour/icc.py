"""ICC profiles as files: what they are for, and the curves and colorants of those that are no more than that.

Curves and a matrix are read here and not by a colour library: they are simple, they are what nearly every photograph
comes with, and a table of each curve makes them as fast as sRGB and exact to 16 bits.

Source:
    ICC.1:2022 (profile version 4.4), clauses 7.2 (header), 7.3 (tag table), 10.6 (curveType), 10.18
    (parametricCurveType), 10.31 (XYZType), and F.2 and F.3 (how curves and matrix are applied).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import ImageError

Float64 = NDArray[np.float64]

CURVE_SAMPLES: Final = 65536
"""A curve is known at this many places from 0 to 1: at every 16-bit code, so at every 8-bit one too."""

_HEADER_BYTES: Final = 128
_MOST_TAGS: Final = 1000
_HELP: Final = "export the photograph again with a sound profile, or without one: then it is taken as sRGB"
_PARAMETERS: Final = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}
"""How many numbers each function of a parametric curve has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IccProfile:
    """A profile whose header and tag table are sound."""

    data: bytes
    """The whole profile, without what follows it."""
    device_class: str
    """What it describes: scnr (input), mntr (display), prtr (output), spac (a colour space), or something else."""
    pixels: str
    """The colour space of pixels: RGB, GRAY, or something else."""
    connection: str
    """The space that pixels are converted to: XYZ or Lab, both relative to a white of D50."""
    tags: Mapping[str, bytes]
    """The tags by their signatures."""

    def curve(self, tag: str) -> Float64:
        """The curve from the pixels' codes to light at `CURVE_SAMPLES` places, in [0, 1].

        Raises:
            ImageError: there is no such tag, or it is no sound curve.
        """
        data = self._tag(tag)
        kind = data[:4]
        try:
            if kind == b"curv":
                curve = _sampled_curve(data)
            elif kind == b"para":
                curve = _parametric_curve(data)
            else:
                raise broken(f"its curve {tag} is of the unknown kind {kind!r}")
        except struct.error:
            raise broken(f"its curve {tag} is cut off") from None
        if not np.isfinite(curve).all():
            raise broken(f"its curve {tag} has no value at some places")
        return np.clip(curve, 0, 1)

    def xyz(self, tag: str) -> Float64:
        """X, Y and Z of a colour, as the profile gives them.

        Raises:
            ImageError: there is no such tag, or it is no colour.
        """
        data = self._tag(tag)
        if data[:4] != b"XYZ " or len(data) < 20:
            raise broken(f"its colour {tag} is cut off or of an unknown kind")
        return np.array(struct.unpack_from(">3i", data, 8)) / 65536

    def _tag(self, tag: str) -> bytes:
        try:
            return self.tags[tag]
        except KeyError:
            raise broken(f"it has no {tag}") from None


def read_icc(data: bytes) -> IccProfile:
    """The header and the tags of a profile.

    Raises:
        ImageError: this is no profile, or a damaged one.
    """
    if len(data) < _HEADER_BYTES + 4 or data[36:40] != b"acsp":
        raise broken(f"these {len(data)} bytes are no ICC profile")
    (size,) = struct.unpack_from(">I", data)
    if not _HEADER_BYTES + 4 <= size <= len(data):
        raise broken(f"it says that it has {size} bytes, and {len(data)} are there")
    data = bytes(data[:size])
    (count,) = struct.unpack_from(">I", data, _HEADER_BYTES)
    if count > _MOST_TAGS or _HEADER_BYTES + 4 + 12 * count > size:
        raise broken(f"it says that it has {count} tags, which do not fit into its {size} bytes")
    tags = {}
    for number in range(count):
        signature, offset, length = struct.unpack_from(">4sII", data, _HEADER_BYTES + 4 + 12 * number)
        if offset + length > size:
            raise broken(f"its tag {_text(signature)} lies outside of it")
        tags[_text(signature)] = data[offset : offset + length]
    return IccProfile(
        data=data,
        device_class=_text(data[12:16]),
        pixels=_text(data[16:20]),
        connection=_text(data[20:24]),
        tags=tags,
    )


def broken(what: str) -> ImageError:
    """The error that says what is wrong with a profile."""
    return ImageError(f"the ICC profile cannot be used: {what}; {_HELP}")


def _text(signature: bytes) -> str:
    return signature.decode("latin-1").rstrip(" ")


def _sampled_curve(data: bytes) -> Float64:
    codes = np.linspace(0, 1, CURVE_SAMPLES)
    (count,) = struct.unpack_from(">I", data, 8)
    if count == 0:
        return codes
    if count == 1:
        (exponent,) = struct.unpack_from(">H", data, 12)
        return np.asarray(np.power(codes, exponent / 256))
    if 12 + 2 * count > len(data):
        raise struct.error
    samples = np.frombuffer(data, ">u2", count, 12) / 65535
    return np.asarray(np.interp(codes, np.linspace(0, 1, count), samples))


def _parametric_curve(data: bytes) -> Float64:
    codes = np.linspace(0, 1, CURVE_SAMPLES)
    (function,) = struct.unpack_from(">H", data, 8)
    if function not in _PARAMETERS:
        raise broken(f"its curve has the unknown function {function}")
    numbers = [value / 65536 for value in struct.unpack_from(f">{_PARAMETERS[function]}i", data, 12)]
    exponent = numbers[0]
    a, b = numbers[1:3] if function else (1.0, 0.0)
    with np.errstate(all="ignore"):  # the caller looks for what is not finite
        power: Float64 = np.power(np.maximum(a * codes + b, 0), exponent)
        if function == 0:
            return power
        if function in (1, 2):
            offset = numbers[3] if function == 2 else 0.0
            return np.where(a * codes + b >= 0, power, 0) + offset
        slope, edge = numbers[3:5]
        power_offset, line_offset = numbers[5:] if function == 4 else (0.0, 0.0)
        return np.where(codes >= edge, power + power_offset, slope * codes + line_offset)
