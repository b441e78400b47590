"""The arithmetic of a run's convolutions, which not every processor has."""

import platform

import torch

from photochrom_train.config import Precision

_X86 = ("x86_64", "AMD64")


def affordable(wanted: Precision, device: torch.device) -> Precision:
    """The wanted precision, or float32 on x86 processors without AVX-512.

    There torch 2.13 computes bfloat16 without vector instructions: a step of 16 photographs at 192 pixels took 22.3 s
    in place of 2.6 s.
    """
    vectors = torch.backends.cpu.get_cpu_capability()
    if wanted == "bfloat16" and device.type == "cpu" and platform.machine() in _X86 and "AVX512" not in vectors:
        return "float32"
    return wanted
