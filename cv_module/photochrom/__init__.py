"""Colour for black-and-white photographs, on OpenCV."""

from photochrom.colorizer import Colorization, Colorizer, colorize
from photochrom.colour.profile import result_profile
from photochrom.conversion.convert import convert
from photochrom.conversion.options import ConvertOptions, Shard
from photochrom.conversion.result import ConvertReport, FileResult, Preview, Progress
from photochrom.errors import DeviceError, ImageError, JobError, ModelError, PhotochromError
from photochrom.networks.contract import Contract, Tensor
from photochrom.networks.device import Device, Engine
from photochrom.networks.model_store import models
from photochrom.painting.painting import Painting

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
    "Painting",
    "PhotochromError",
    "Preview",
    "Progress",
    "Shard",
    "Tensor",
    "colorize",
    "convert",
    "models",
    "result_profile",
]
