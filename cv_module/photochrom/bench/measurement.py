"""What one photograph takes from file to file, measured in this process.

A process tells only the most memory that it ever had, so each measurement of memory needs a fresh one: `bench` runs
this module as ``python -m photochrom.bench.measurement ACTION CASE`` and reads the answer, a JSON object.
"""

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from photochrom.bench.case import FORMATS, Case
from photochrom.bench.made_up import make_photograph
from photochrom.colour.lab import Float32, Pixels
from photochrom.colour.photograph import check_photograph, in_strips, most_rows
from photochrom.conversion.converter import Converter
from photochrom.conversion.options import ConvertOptions
from photochrom.conversion.task import Task
from photochrom.errors import JobError, PhotochromError
from photochrom.files.decoder import decode_image
from photochrom.files.encoder import encode_image
from photochrom.files.imageio import read_bytes, write_image
from photochrom.files.output_file import write_file
from photochrom.networks.model_store import find
from photochrom.networks.network import load_network
from photochrom.painting.painting import Painting
from photochrom.painting.prepare import prepare
from photochrom.threads import shared_threads


def make(case: Case) -> dict[str, float]:
    """Write the photograph; its size in ``file`` [bytes]."""
    kind = FORMATS[case.kind]
    pixels = make_photograph(case.width, case.height, colour=kind.colour, dtype=np.dtype(kind.dtype))
    write_image(case.source, pixels, overwrite=True)
    return {"file": case.source.stat().st_size}


def alone(case: Case) -> dict[str, float]:
    """Read it and write a colour picture of its size: ``peak`` of the process's memory [bytes]."""
    pixels = decode_image(read_bytes(case.source)).pixels
    if pixels.ndim == 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    write_image(case.target, pixels, overwrite=True)
    return {"peak": peak_memory()}


def whole(case: Case) -> dict[str, float]:
    """Colorize it, as the command does: ``peak`` of the process's memory, size of the copy in ``file`` [bytes]."""
    _convert(_converter(case), case)
    return {"peak": peak_memory(), "file": case.target.stat().st_size}


def steps(case: Case) -> dict[str, float]:
    """Median times of `whole` as ``total`` and of its steps [s]; each round takes all of them, one after the other.

    ``finish`` is enlarging and merging together; ``enlarge`` is its first part alone.
    """
    converter = _converter(case)
    network = load_network(find(case.model), device=case.device, engine=case.engine)
    contract = network.contract
    pixels = check_photograph(decode_image(read_bytes(case.source)).pixels)
    prepared = prepare(pixels, contract.size, stride=contract.stride)
    outputs = network.run({"lightness": prepared.lightness})
    chroma, guide = prepared.window.crop(outputs["chroma"], contract.stride), prepared.guide(contract.stride)
    out = Painting(pixels, chroma, guide).whole()
    encoded = encode_image(out, case.target.suffix)
    actions: dict[str, Callable[[], object]] = {
        "total": lambda: _convert(converter, case),
        "decode": lambda: decode_image(read_bytes(case.source)),
        "prepare": lambda: prepare(pixels, contract.size, stride=contract.stride),
        "network": lambda: network.run({"lightness": prepared.lightness}),
        "enlarge": lambda: _enlarge(pixels, chroma, guide),
        "finish": lambda: Painting(pixels, chroma, guide).whole(out),
        "encode": lambda: encode_image(out, case.target.suffix),
        "encode_alone": lambda: _encode_alone(out, case.target.suffix),
        "write": lambda: write_file(case.target, encoded, existing="overwrite"),
    }
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(case.repeats):
        for name, action in actions.items():
            begin = time.perf_counter()
            action()
            times[name].append(time.perf_counter() - begin)
    return {name: statistics.median(taken) for name, taken in times.items()}


def _converter(case: Case) -> Converter:
    return Converter(ConvertOptions(existing="overwrite", model=case.model, device=case.device, engine=case.engine))


def _convert(converter: Converter, case: Case) -> None:
    result, _ = converter.convert_file(Task(source=case.source, target=case.target, confidence=None))
    if result.status != "done":
        raise JobError(result.reason)


def _encode_alone(pixels: Pixels, suffix: str) -> None:
    with shared_threads(lambda: 1):
        encode_image(pixels, suffix)


def _enlarge(pixels: Pixels, chroma: Float32, guide: Float32) -> None:
    """Enlarge the chroma as `finish` does, over a lightness that is at hand."""
    enlarger = Painting(pixels, chroma, guide).enlarger
    height, width = enlarger.size
    lightness = np.full((most_rows(width), width), 50, np.float32)
    in_strips(height, width, lambda rows: enlarger.rows(rows, lightness[: rows.stop - rows.start]))


def peak_memory() -> int:
    """The most memory that this process ever had [bytes].

    Linux hands the figure of `resource` on from the process that started this one; /proc has this one's own.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


_ACTIONS: Final[Mapping[str, Callable[[Case], dict[str, float]]]] = {
    "make": make,
    "alone": alone,
    "whole": whole,
    "steps": steps,
}


def main() -> int:
    """Do what the process's arguments say: an action and a case as JSON; the exit code."""
    action, case = sys.argv[1:]
    try:
        answer = _ACTIONS[action](Case(**json.loads(case)))
    except PhotochromError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except MemoryError:
        sys.stderr.write("there is not enough memory\n")
        return 1
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
