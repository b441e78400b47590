"""Colour for black-and-white photographs, on OpenCV."""

from photochrom.colorizer import Colorization, Colorizer, colorize
from photochrom.contract import Contract
from photochrom.device import Device, Engine
from photochrom.errors import DeviceError, ImageError, JobError, ModelError, PhotochromError
from photochrom.model_store import models

__version__ = "0.1.0"

Colorizer_create = Colorizer.create

__all__ = [
    "Colorization",
    "Colorizer",
    "Colorizer_create",
    "Contract",
    "Device",
    "DeviceError",
    "Engine",
    "ImageError",
    "JobError",
    "ModelError",
    "PhotochromError",
    "colorize",
    "models",
]
