"""The page docs/performance.md, measured on this machine: time and memory from file to file, and the network alone.

    python benchmarks/performance.py > docs/performance.md
    python benchmarks/performance.py --megapixels 1 12 --repeats 3

Takes about a quarter of an hour, 3 GB of memory and 2 GB in the folder for temporary files. What it measures is what
`photochrom bench` does; only the sizes and the words are its own. How far it is goes to standard error.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from photochrom import Engine, PhotochromError
from photochrom.bench.bench import BenchOptions, BenchProgress, BenchReport, run_bench
from photochrom.bench.case import Kind

ENGINES: tuple[Engine, ...] = ("opencv", "onnxruntime")
TIMED: tuple[Kind, ...] = ("grey-jpeg", "colour-jpeg")
OTHERS: tuple[Kind, ...] = ("grey-png", "grey-png16", "colour-png", "grey-tiff16", "colour-tiff16")
OTHERS_MEGAPIXELS = 12.0

PAGE = """# Performance

Printed by `python benchmarks/performance.py`; `photochrom bench` measures the same on your machine.

## JPEG, by size

{sizes}
- **decode + encode** is what any program must do that reads the photograph and writes a colour picture of its size, on
  one processor core. The **ratio** says how many times as long the whole takes, reading and writing files included.
- **enlarge** brings the network's colours to full size along the photograph's edges, **merge** joins them with its
  lightness within what sRGB can show; both use all processor cores, and so do the network and the encoding of JPEG.
- **write** lasts until the disk says that the copy is safe there; disks that are kept busy may take long.
- The steps are measured one after another in every run, the medians count; so they need not add up. A JPEG is painted
  and encoded in bands, several at once, which takes less time than both in turn.
- **Peak memory** is that of a new process for one photograph, with Python, OpenCV and (file to file) the network.

## Other files

{others}
## The network alone

{network}
## CUDA

Not measured: no GPU with an OpenCV that was built for it was at hand. `benchmarks/cuda.py` is the measurement to run on
a machine that has both.
"""


def show(progress: BenchProgress) -> None:
    """Say on standard error what is being measured."""
    if progress.now:
        print(f"{progress.finished + 1} of {progress.total}: {progress.now}", file=sys.stderr)


def network_table(report: BenchReport, engines: Sequence[Engine]) -> str:
    """Markdown: the network alone in each engine, at the size that it sees a photograph in."""
    lines = ["| engine | [ms] |", "|---|---:|"]
    for engine in engines:
        options = replace(report.options, megapixels=(1.0,), kinds=("grey-jpeg",), engine=engine)
        case = run_bench(options).cases[0]
        lines.append(f"| {engine} | {case.network * 1e3:.1f} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--megapixels", nargs="+", type=float, default=[1, 12, 24, 50, 100, 200], metavar="MP")
    parser.add_argument("--repeats", type=int, default=5, help="of each time; the median counts [%(default)s]")
    parser.add_argument(
        "--engine", nargs="+", choices=ENGINES, default=ENGINES, help="for the network alone [%(default)s]"
    )
    chosen = parser.parse_args(arguments)
    options = BenchOptions(megapixels=tuple(chosen.megapixels), kinds=TIMED, repeats=chosen.repeats, device="cpu")
    try:
        sizes = run_bench(options, show)
        others = run_bench(replace(options, megapixels=(OTHERS_MEGAPIXELS,), kinds=OTHERS), show)
        network = network_table(sizes, chosen.engine)
    except PhotochromError as error:
        print(error, file=sys.stderr)
        return 1
    print(PAGE.format(sizes=sizes.to_markdown(), others=others.to_markdown(), network=network), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
