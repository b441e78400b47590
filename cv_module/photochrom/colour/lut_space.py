"""Colour spaces of profiles that hold tables of colours, such as scanners', through LittleCMS.

Source:
    LittleCMS 2 as imagecodecs brings it. It is loaded when such a profile comes, and not before.
"""

from functools import cache
from typing import Literal

import cv2
import numpy as np

from photochrom.colour.icc import Float64, broken
from photochrom.colour.lab import LUMINANCE_OF_BGR, Float32, Pixels
from photochrom.colour.space import ColourSpace

_RELATIVE_COLORIMETRIC = 1
_NO_OPTIMIZATION = 0x0100
"""A transform that is used for one strip is not worth the time to optimize it."""
_MOST_XYZ = np.float32(2)
"""What XYZ goes to in a profile (ICC.1, clause 6.3.4); a damaged table can give anything."""


class LutSpace(ColourSpace):
    """RGB or grey by tables of colours; colours are written in sRGB.

    These describe devices: their tables lead from pixels to colours, and the way back is missing or a rough one.
    """

    def __init__(self, profile: bytes, pixels: Literal["rgb", "gray"], srgb_from_xyz: Float64) -> None:
        """Take a sound profile, what pixels it is for, and the matrix from XYZ under D50 to B, G and R of linear sRGB.

        Raises:
            ImageError: LittleCMS cannot make sense of the profile.
        """
        self._profile = profile
        self._grey = pixels == "gray"
        self._srgb_from_xyz = srgb_from_xyz
        self.linear(np.zeros((1, 1, 3), np.uint8))

    def luminance(self, pixels: Pixels) -> Float32:
        """As for sRGB; a grey pixel stands for three equal channels."""
        if pixels.ndim == 2:
            pixels = np.repeat(pixels[:, :, None], 3, axis=2)
        y = np.asarray(cv2.transform(self.linear(pixels), LUMINANCE_OF_BGR[None]), np.float32)
        return np.clip(y, 0, 1, out=y).reshape(pixels.shape[:2])

    def linear(self, pixels: Pixels) -> Float32:
        """As for sRGB."""
        from imagecodecs import CmsError, cms_transform

        try:
            xyz = cms_transform(
                pixels[:, :, 0] if self._grey else pixels[:, :, :3],
                self._profile,
                _xyz_profile(),
                colorspace="gray" if self._grey else "bgr",
                outcolorspace="xyz",
                outdtype=np.float32,
                intent=_RELATIVE_COLORIMETRIC,
                flags=_NO_OPTIMIZATION,
            )
        except CmsError as error:
            raise broken(f"LittleCMS cannot use it ({error})") from error
        sane = np.clip(np.nan_to_num(xyz), -_MOST_XYZ, _MOST_XYZ)
        linear = cv2.transform(sane, self._srgb_from_xyz)
        return np.asarray(linear, np.float32).reshape(*pixels.shape[:2], 3)


@cache
def _xyz_profile() -> bytes:
    from imagecodecs import cms_profile

    return cms_profile("xyz")
