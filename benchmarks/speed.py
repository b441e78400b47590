"""Time and memory of colorizing, as Markdown tables: the network alone, and photographs of several sizes.

    python benchmarks/speed.py
    python benchmarks/speed.py --megapixels 1 12 --engine opencv --runs 9

Each size runs in a process of its own, so that its peak memory is its own. The photograph is a sample enlarged to that
size, 8-bit grey. "Rest" is what colorizing takes beyond preparing and the network: enlarging the chroma along the
photograph's edges and joining it with the lightness.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import machine
from photochrom import Colorizer, Engine, PhotochromError
from photochrom.model_store import find
from photochrom.network import load_network
from photochrom.prepare import prepare

SAMPLE = Path(__file__).parent.parent / "samples" / "raccoon.jpg"
ENGINES: tuple[Engine, ...] = ("opencv", "onnxruntime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one size took."""

    width: int
    height: int
    prepare: float
    """Median [s]."""
    network: float
    """Median [s]."""
    total: float
    """Median of the whole [s]."""
    arrays: int
    """Photograph and result together [bytes]."""
    beyond: int
    """Most memory beyond those two and the loaded program, the network's own working memory included [bytes]."""
    peak: int
    """Most memory of the process [bytes]."""


def grey(path: Path) -> NDArray[np.uint8]:
    """A sample photograph, 8-bit grey."""
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise SystemExit(f"{path} is not a picture that OpenCV can read")
    return np.asarray(picture, np.uint8)


def size_of(megapixels: float) -> tuple[int, int]:
    """(width, height) of a 4:3 photograph."""
    width = round((megapixels * 1e6 * 4 / 3) ** 0.5)
    return width, round(megapixels * 1e6 / width)


def median_time(action: Callable[[], object], runs: int) -> float:
    """Median of `runs` timed calls after one that is not timed [s]."""
    action()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak_memory() -> int:
    """Most memory that this process has held at once so far [bytes]; Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def memory_now() -> int:
    """Memory that this process holds [bytes]; where the system does not tell, the most it has held."""
    pages = Path("/proc/self/statm")
    if not pages.is_file():
        return peak_memory()
    return int(pages.read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def network_time(model: str, engine: Engine, runs: int) -> float:
    """Median time of one forward pass at the network's own size [s]."""
    network = load_network(find(model), device="cpu", engine=engine)
    lightness = prepare(grey(SAMPLE), network.contract.size, stride=network.contract.stride).lightness
    return median_time(lambda: network.run({"lightness": lightness}), runs)


def measure(model: str, megapixels: float, runs: int) -> Measurement:
    """Colorize one size in this process, which must not have done anything large before."""
    width, height = size_of(megapixels)
    colorizer = Colorizer(model, device="cpu")
    photograph = np.asarray(cv2.resize(grey(SAMPLE), (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    result = np.full((height, width, 3), 255, np.uint8)  # full, not empty: its memory is taken before the measurement
    before = memory_now()
    total = median_time(lambda: colorizer.colorize(photograph, result), runs)
    peak = peak_memory()
    network = load_network(find(model), device="cpu")
    contract = network.contract
    prepared = prepare(photograph, contract.size, stride=contract.stride)
    return Measurement(
        width=width,
        height=height,
        prepare=median_time(lambda: prepare(photograph, contract.size, stride=contract.stride), runs),
        network=median_time(lambda: network.run({"lightness": prepared.lightness}), runs),
        total=total,
        arrays=photograph.nbytes + result.nbytes,
        beyond=peak - before,
        peak=peak,
    )


def measure_apart(model: str, megapixels: float, runs: int) -> Measurement:
    """`measure` in a process of its own."""
    command = [sys.executable, __file__, "--model", model, "--runs", str(runs), "--measure", str(megapixels)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(f"{megapixels:g} MP failed:\n{answer.stderr}")
    return Measurement(**json.loads(answer.stdout))


def network_table(model: str, engines: Sequence[Engine], runs: int) -> list[str]:
    """Markdown lines: the network alone in each engine."""
    rows = [f"| {engine} | {network_time(model, engine, runs) * 1e3:.1f} |" for engine in engines]
    return ["| engine | network alone [ms] |", "|---|---:|", *rows]


def size_table(model: str, sizes: Sequence[float], runs: int) -> list[str]:
    """Markdown lines: each size with its times and its memory."""
    lines = [
        "| photograph | prepare [s] | network [s] | rest [s] | total [s] "
        "| photograph + result [MB] | beyond them [MB] | process, peak [MB] |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for megapixels in sizes:
        one = measure_apart(model, megapixels, runs)
        rest = max(0.0, one.total - one.prepare - one.network)
        lines.append(
            f"| {megapixels:g} MP ({one.width}×{one.height}) "
            f"| {one.prepare:.3f} | {one.network:.3f} | {rest:.3f} | {one.total:.3f} "
            f"| {one.arrays / 1e6:.0f} | {one.beyond / 1e6:.0f} | {one.peak / 1e6:.0f} |"
        )
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", default="colorize", help="name or path of a network [%(default)s]")
    parser.add_argument("--engine", nargs="*", choices=ENGINES, default=ENGINES, help="for the network alone [all]")
    parser.add_argument("--megapixels", nargs="*", type=float, default=[1, 12, 24, 50, 100], metavar="MP")
    parser.add_argument("--runs", type=int, default=5, help="timed runs of each size; the median counts [%(default)s]")
    parser.add_argument("--network-runs", type=int, default=50, help="the same for the network alone [%(default)s]")
    parser.add_argument("--measure", type=float, metavar="MP", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        if options.measure is not None:
            print(json.dumps(asdict(measure(options.model, options.measure, options.runs))))
            return 0
        print(f"{machine.description()}. Medians of {options.network_runs} and {options.runs} runs.\n")
        print("\n".join(network_table(options.model, options.engine, options.network_runs)), end="\n\n", flush=True)
        print("\n".join(size_table(options.model, options.megapixels, options.runs)))
    except PhotochromError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
