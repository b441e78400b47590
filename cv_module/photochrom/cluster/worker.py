"""What runs on each machine of a cluster: one process that converts photographs there, several at once."""

import os
from dataclasses import dataclass
from pathlib import Path

import ray

from photochrom.conversion.converter import Converter, End
from photochrom.conversion.options import ConvertOptions
from photochrom.conversion.result import FileResult
from photochrom.conversion.task import Task
from photochrom.networks.contract import read_contract
from photochrom.networks.model_store import find


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What a worker converts with."""

    sha256: str
    """Of the network's file."""
    device: str
    """What the network runs on: cpu, cuda or cuda_fp16."""
    engine: str
    """What runs the network: opencv or onnxruntime."""


class Worker:
    """A Ray actor whose methods several threads call."""

    def __init__(self) -> None:
        self._converter: Converter | None = None

    @ray.method
    def load(self, options: ConvertOptions, folder: Path | None) -> Equipment:
        """Load the network; what it is and runs on.

        Args:
            options: of the conversion.
            folder: what relative paths are relative to; None: there are none.

        Raises:
            JobError: the process has more memory already than it may.
            ModelError: as `Converter`.
            DeviceError: as `Converter`.
        """
        if folder is not None:
            os.chdir(folder)
        self._converter = Converter(options)
        sha256 = read_contract(find(options.model)).sha256
        return Equipment(sha256=sha256, device=self._converter.device, engine=self._converter.engine)

    @ray.method
    def convert_file(self, entry: Task | FileResult) -> End:
        """What became of one photograph; `load` was called before."""
        assert self._converter is not None
        return self._converter.convert_file(entry)
