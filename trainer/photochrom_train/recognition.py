"""Whether an ImageNet classifier recognises what a recoloured photograph shows.

Source:
    "Semantic interpretability" in Zhang, Isola & Efros, "Colorful Image Colorization", ECCV 2016, section 3.1.
"""

import re
from pathlib import Path

import cv2
import numpy as np
import torch

from photochrom_train.backbone import load_classifier, to_backbone_range
from photochrom_train.photo_source import EncodedPhoto, UInt8

_SHORT_SIDE, _CROP = 256, 224
_SAMPLE_KEY = re.compile(r"imagenetsample-(\d{6})")


def imagenet_class(photo: EncodedPhoto) -> int | None:
    """The class in [0, 1000) that a photograph shows, or None.

    Known for the ImageNet sample set alone, which has one photograph of each class, numbered from 1 in the order of the
    classes' WordNet ids, as ImageNet classifiers count them.
    """
    match = _SAMPLE_KEY.fullmatch(photo.key) if photo.source == "imagenet_sample" else None
    return int(match[1]) - 1 if match else None


class Recogniser:
    """The ImageNet classifier of a backbone file.

    Args:
        file: MobileNetV2 with its classifier.
    """

    def __init__(self, file: Path) -> None:
        self._classifier = load_classifier(file)

    @torch.no_grad()
    def judge(self, bgr: UInt8, wanted: int) -> dict[str, float]:
        """1 or 0 for right or wrong at first guess, and the probability given to the right class.

        Args:
            bgr: (H, W, 3); its short side is brought to 256 pixels, and the middle 224 x 224 are looked at.
            wanted: the class that is right.
        """
        rgb = torch.from_numpy(np.ascontiguousarray(_middle(bgr)[:, :, ::-1].transpose(2, 0, 1))).float() / 255
        probability = torch.softmax(self._classifier(to_backbone_range(rgb[None]))[0], 0)
        return {"top1": float(int(probability.argmax()) == wanted), "probability": float(probability[wanted])}


def _middle(bgr: UInt8) -> UInt8:
    scale = _SHORT_SIDE / min(bgr.shape[:2])
    height, width = (max(_SHORT_SIDE, round(side * scale)) for side in bgr.shape[:2])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = np.asarray(cv2.resize(bgr, (width, height), interpolation=way), np.uint8)
    top, left = (height - _CROP) // 2, (width - _CROP) // 2
    return resized[top : top + _CROP, left : left + _CROP]
