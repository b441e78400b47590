"""How close a recoloured photograph comes to the true one; every function measures one photograph.

What scikit-image has is taken from there. Pictures are (H, W, 3) uint8 BGR.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from skimage.color import deltaE_cie76, deltaE_ciede2000
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from photochrom.colour.lab import Float32, split_lab
from photochrom_train.colourfulness import colourfulness as colourfulness_of
from photochrom_train.photo_source import UInt8

BEST_PSNR = float(10 * np.log10(12 * 255**2))
"""PSNR of nothing but the rounding to 8 bits [dB]; also reported for pictures that are equal."""

LEVELS_PER_LIGHTNESS = 255 / 100
"""8-bit levels per unit of L*."""

_UNITS_PER_SIDE = 128
_EDGE = 10.0
_COLOUR_EDGE = 15.0
_NEAR, _FAR = 0.75, 2.5


@dataclass(frozen=True, slots=True)
class LabPicture:
    """A picture with its lightness and chroma."""

    bgr: UInt8
    """(H, W, 3)."""
    lightness: Float32
    """(H, W) L*."""
    chroma: Float32
    """(2, H, W) a* and b*."""

    @classmethod
    def of(cls, bgr: UInt8) -> "LabPicture":
        """The picture with these pixels."""
        return cls(bgr, *split_lab(bgr.astype(np.float32) / np.float32(255)))

    @property
    def lab(self) -> Float32:
        """(H, W, 3) L*, a*, b*."""
        return np.stack([self.lightness, *self.chroma], 2)


def fidelity(picture: LabPicture, truth: LabPicture) -> dict[str, float]:
    """PSNR [dB] over B, G and R; SSIM [-1, 1]; mean CIE76 and CIEDE2000 distance [Lab units]; colourfulness.

    Source:
        Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", TIP 2004, with its
        Gaussian window; CIE 15:2004; CIE 142-2001.
    """
    if np.array_equal(picture.bgr, truth.bgr):
        psnr = BEST_PSNR
    else:
        psnr = min(BEST_PSNR, float(peak_signal_noise_ratio(truth.bgr, picture.bgr, data_range=255)))
    similarity = structural_similarity(
        truth.bgr,
        picture.bgr,
        data_range=255,
        channel_axis=2,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return {
        "psnr": psnr,
        "ssim": float(similarity),
        "delta_e": float(deltaE_cie76(truth.lab, picture.lab).mean()),
        "delta_e00": float(deltaE_ciede2000(truth.lab, picture.lab).mean()),
        "colourfulness": colourfulness(picture.bgr),
    }


def colourfulness(bgr: UInt8) -> float:
    """Hasler-Suesstrunk colourfulness, as `colourfulness.colourfulness` has it."""
    rgb = torch.from_numpy(np.ascontiguousarray(bgr[:, :, ::-1].transpose(2, 0, 1))).float() / 255
    return float(colourfulness_of(rgb[None]))


def lightness_change(picture: LabPicture, grey: Float32) -> dict[str, float]:
    """Largest change of L* from the (H, W) L* that went in [8-bit levels], and the share of pixels beyond one level."""
    change = np.abs(picture.lightness - grey) * LEVELS_PER_LIGHTNESS
    return {"lightness_change": float(change.max()), "lightness_share": float((change > 1).mean())}


class ColourBorders:
    """The borders in a true photograph where lightness and colour both change: where colour may bleed.

    A border pixel is one where L*, smoothed over half a unit, changes by 10 or more per unit, and a*b* differ by 15 or
    more between the points 2.5 units to both sides, along the gradient of L*. The unit is 1/128 of the longest side,
    but at least a pixel: about what a network predicts one colour for.

    Args:
        truth: the true photograph.
    """

    def __init__(self, truth: LabPicture) -> None:
        height, width = truth.lightness.shape
        self._unit = max(1.0, max(height, width) / _UNITS_PER_SIDE)
        smooth = cv2.GaussianBlur(truth.lightness, (0, 0), self._unit / 2)
        across = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8), np.float32)
        down = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8), np.float32)
        slope = np.hypot(across, down)
        self._direction = np.asarray(np.stack([across, down]) / np.maximum(slope, 1e-6), np.float32)
        self._grid: Float32 = np.mgrid[:height, :width].astype(np.float32)[::-1]
        strong = slope * self._unit >= _EDGE
        self.mask: NDArray[np.bool_] = strong & (np.hypot(*self._step(truth.chroma, _FAR)) >= _COLOUR_EDGE)
        self._truth = truth

    def steps(self, picture: LabPicture) -> dict[str, float]:
        """How much of a picture's colour step across the borders lies at the border itself, and how wrong it is there.

        Returns:
            `step_near`: mean difference of a*b* between the points 0.75 units to both sides of the borders, as far as
            it points the way of the whole step; `step_far`: between the points 2.5 units to both sides;
            `border_error`: mean distance of a*b* from the truth on the borders. NaN in a photograph without borders.
        """
        if not self.mask.any():
            return dict.fromkeys(("step_near", "step_far", "border_error"), float("nan"))
        near, far = (self._step(picture.chroma, distance)[:, self.mask] for distance in (_NEAR, _FAR))
        length = np.hypot(*far)
        along = (near * far).sum(0) / np.maximum(length, np.float32(1e-6))
        error = np.hypot(*(picture.chroma - self._truth.chroma)[:, self.mask])
        return {"step_near": float(along.mean()), "step_far": float(length.mean()), "border_error": float(error.mean())}

    def _step(self, chroma: Float32, distance: float) -> Float32:
        """(2, H, W) difference of a*b* across every pixel, along the gradient of lightness."""
        reach = self._direction * np.float32(distance * self._unit)
        before, behind = (_pick(chroma, self._grid + np.float32(side) * reach) for side in (-1, 1))
        return behind - before


def _pick(chroma: Float32, points: Float32) -> Float32:
    """(2, H, W) a*b* at (2, H, W) points (x, y), linear between pixels; outside, those of the margin."""
    planes = [
        cv2.remap(plane, points[0], points[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for plane in chroma
    ]
    return np.stack(planes).astype(np.float32)
