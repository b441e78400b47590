"""Colour for black-and-white photographs, on OpenCV."""

from photochrom.colorizer import Colorization, Colorizer, colorize
from photochrom.contract import Contract
from photochrom.conversion import convert
from photochrom.device import Device, Engine
from photochrom.errors import DeviceError, ImageError, JobError, ModelError, PhotochromError
from photochrom.model_store import models
from photochrom.options import ConvertOptions, Shard
from photochrom.profile import result_profile
from photochrom.result import ConvertReport, FileResult, Preview, Progress

__version__ = "0.1.0"

Colorizer_create = Colorizer.create

__all__ = [
    "Colorization",
    "Colorizer",
    "Colorizer_create",
    "Contract",
    "ConvertOptions",
    "ConvertReport",
    "Device",
    "DeviceError",
    "Engine",
    "FileResult",
    "ImageError",
    "JobError",
    "ModelError",
    "PhotochromError",
    "Preview",
    "Progress",
    "Shard",
    "colorize",
    "convert",
    "models",
    "result_profile",
]
