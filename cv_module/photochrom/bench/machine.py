"""What something was measured on, in words."""

import os
import platform
from pathlib import Path

import cv2
import numpy as np


def processor() -> str:
    """The processor's name as the system gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def description() -> str:
    """Processor, threads that OpenCV uses, and versions, in one line."""
    return (
        f"{processor()}, {cv2.getNumThreads()} threads; OpenCV {cv2.__version__}, NumPy {np.__version__}, "
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )


def load() -> float | None:
    """How many processors were busy on average over the last minute; None where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None
