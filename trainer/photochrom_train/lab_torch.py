"""Lab to sRGB in torch, differentiable, for losses that look at pictures; tested against the core's conversion.

Source:
    CIE 15:2004 (L*a*b*), IEC 61966-2-1 (sRGB), D65 white as in OpenCV.
"""

import torch
from torch import Tensor

_WHITE_X, _WHITE_Z = 0.950456, 1.088754
_XYZ_TO_RGB = (
    (3.240479, -1.53715, -0.498535),
    (-0.969256, 1.875991, 0.041556),
    (0.055648, -0.204043, 1.057311),
)


def lab_to_rgb(lightness: Tensor, chroma: Tensor) -> Tensor:
    """(N, 3, H, W) sRGB-encoded R, G, B, clipped to [0, 1].

    Args:
        lightness: (N, 1, H, W) L* in [0, 100].
        chroma: (N, 2, H, W) a* and b*.
    """
    fy = (lightness + 16) / 116
    fx = fy + chroma[:, :1] / 500
    fz = fy - chroma[:, 1:] / 200
    x, y, z = _inverse(fx) * _WHITE_X, _inverse(fy), _inverse(fz) * _WHITE_Z
    linear = torch.cat([red * x + green * y + blue * z for red, green, blue in _XYZ_TO_RGB], 1).clamp(0, 1)
    encoded = 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear > 0.0031308, encoded, 12.92 * linear)


def _inverse(value: Tensor) -> Tensor:
    return torch.where(value > 6 / 29, value**3, (value - 16 / 116) / 7.787037)
