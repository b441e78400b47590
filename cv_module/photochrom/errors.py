"""The errors photochrom raises: one base class, and one kind for each thing that can be wrong.

They are `cv2.error`s: an OpenCV script's ``except cv2.error`` catches them, and `code`, `err` and `msg` mean what they
mean there. ``str(error)`` is the plain sentence for people: what was given, what is allowed, what to do.
"""

from pathlib import Path

import cv2


class PhotochromError(cv2.error):
    """Anything photochrom refuses or fails at; raised as one of the four kinds below."""

    status: int = cv2.Error.StsError
    """OpenCV's number for this kind of error (`cv2.Error`)."""
    status_text: str = "Unspecified error"
    """OpenCV's words for that number."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        # OpenCV keeps these on the class, where the last error of the process would show through.
        self.code = self.status
        self.err = message
        self.func = ""
        self.file = ""
        self.line = 0
        self.msg = f"photochrom: error: ({self.status}:{self.status_text}) {message}"


class ImageError(PhotochromError):
    """A picture, or what shall be done with it, is not acceptable."""

    status = cv2.Error.StsBadArg
    status_text = "Bad argument"


class ModelError(PhotochromError):
    """A network file or its contract is missing, damaged, unknown, or does not keep its contract."""

    status = cv2.Error.StsParseError
    status_text = "Parsing error"


class DeviceError(PhotochromError):
    """The device or engine asked for is not to be had here."""

    status = cv2.Error.GpuNotSupported
    status_text = "No CUDA support"


class JobError(PhotochromError):
    """A job over files cannot be done as asked."""


def shown(path: Path) -> str:
    """A path for a message: as it is, or with escapes where it would garble a terminal."""
    text = str(path)
    return text if text.isprintable() else ascii(text)
