"""The page docs/performance-gimp.md, measured on this machine: where the time of a run in GIMP goes.

    python benchmarks/gimp.py > docs/performance-gimp.md
    python benchmarks/gimp.py --versions 3.2 --megapixels 24 --repeats 9

Needs the GIMPs of `make gimp`, so root on Debian. Takes about ten minutes. How far it is goes to standard error.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from photochrom.bench.case import FORMATS, Kind
from photochrom.bench.made_up import make_photograph
from photochrom.files.imageio import write_image

ROOT = Path(__file__).resolve().parent.parent
KINDS: tuple[Kind, ...] = ("grey-jpeg", "colour-jpeg")
ASPECT = (4, 3)
COLUMNS = (
    "pixels",
    "transfer",
    "network and resampling",
    "merge",
    "layer",
    "in all [ms]",
    "without network and resampling [ms]",
    "called from a script [ms]",
)
MINUTES = 30
"""The most that one GIMP may take."""

MEASURE = """
profile=$HOME/.config/GIMP/$1
mkdir -p "$profile"
/opt/photochrom/bin/photochrom gimp install --no-proof --profile "$profile" >&2
export PYTHONPATH=$profile/plug-ins/photochrom-filter
gimp-console --new-instance --no-interface --no-data --no-fonts --batch-interpreter=python-fu-eval \\
    --batch "import runpy; runpy.run_path('/src/benchmarks/gimp_run.py', run_name='__main__')" --quit >&2
"""
"""What a shell in the root does; its argument is GIMP's version."""

PAGE = """# Performance in GIMP

Printed by `python benchmarks/gimp.py`: the colours of one layer as a new layer, with a worker that runs already, as in
the dialog. Medians of {repeats} runs.

{machine}. {load:.1f} processors were busy with other things when it began.

{rows}

- **pixels** is reading the layer from GIMP and taking the result into GIMP's memory, **transfer** what writing to the
  worker and reading from it takes, **layer** the new layer in the image, undo included.
- **network and resampling** is making the network's input of the photograph, the network, and enlarging its colours to
  full size; **merge** joins these with the photograph's lightness. The worker measures the two together; the first
  is what `photochrom bench` measures with the same Python, and merge is the rest.
- **called from a script** is the procedure in a new process of the plug-in, which starts a worker that loads the
  network: one run each.
- The photographs are made up (`photochrom/bench/made_up.py`): a grey JPEG, which becomes an RGB image on the way, and
  one with colours.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """What is colorized."""

    kind: Kind
    width: int
    """[pixels]"""
    height: int
    """[pixels]"""

    @property
    def megapixels(self) -> float:
        """Size [millions of pixels]."""
        return self.width * self.height / 1e6

    def write(self, folder: Path) -> str:
        """Make its file; the name."""
        form = FORMATS[self.kind]
        pixels = make_photograph(self.width, self.height, colour=form.colour, dtype=np.dtype(form.dtype))
        path = folder / f"{self.kind}-{self.width}x{self.height}{form.suffix}"
        write_image(path, pixels, overwrite=True)
        return path.name


def environment(version: str) -> str:
    """The environment with a GIMP; ends the program where there is none."""
    found = subprocess.run([ROOT / ".ci/gimp-root", "--find", version], stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode:
        sys.exit(found.returncode)
    return found.stdout.strip()


def inside(version: str, lab: Path, *command: str) -> str:
    """What a command prints in the root with a GIMP; its messages go to ``lab/log``."""
    with (lab / "log").open("ab") as log:
        argv = [str(ROOT / ".ci/in-gimp-root"), environment(version), str(lab), *command]
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=log, timeout=60 * MINUTES, check=False)
    if done.returncode:
        sys.exit(f"{command[0]} ended with {done.returncode}:\n{(lab / 'log').read_text(errors='replace')[-2000:]}")
    return done.stdout.decode()


def measure(version: str, photographs: Sequence[Photograph], repeats: int) -> tuple[list[str], str, float]:
    """Rows of the table for one GIMP; the machine, and how busy it was."""
    with tempfile.TemporaryDirectory(prefix="photochrom-gimp-") as folder:
        lab = Path(folder)
        sizes = [f"{photograph.megapixels:.3g}" for photograph in photographs if photograph.kind == KINDS[0]]
        print(f"GIMP {version}: the core alone", file=sys.stderr)
        bench = ["bench", "--json", "--megapixels", *sizes, "--repeats", str(repeats), "--kinds", *KINDS]
        report = json.loads(inside(version, lab, "/opt/photochrom/bin/photochrom", *bench))
        print(f"GIMP {version}: in GIMP", file=sys.stderr)
        paths = [f"/lab/{photograph.write(lab)}" for photograph in photographs]
        (lab / "order.json").write_text(json.dumps({"photographs": paths, "repeats": repeats}), encoding="utf-8")
        inside(version, lab, "sh", "-ec", MEASURE, "sh", version)
        answer = lab / "times.json"
        if not answer.exists():
            sys.exit(f"GIMP {version} measured nothing:\n{(lab / 'log').read_text(errors='replace')[-2000:]}")
        times = json.loads(answer.read_text(encoding="utf-8"))
    rows = []
    for photograph, taken, core in zip(photographs, times["measured"], report["cases"], strict=True):
        network = core["prepare"] + core["network"] + core["enlarge"]
        merge = max(0.0, taken["colorize"] - network)
        rest = taken["total"] - taken["colorize"] + merge
        parts = (taken["pixels"], taken["transfer"], taken["colorize"] - merge, merge, taken["insert"])
        cells = " | ".join(f"{seconds * 1e3:.0f}" for seconds in (*parts, taken["total"], rest, taken["call"]))
        rows.append(f"| {times['gimp']} | {photograph.kind} {photograph.megapixels:.3g} | {cells} |")
    return rows, report["machine"], report["load"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--megapixels", nargs="+", type=float, default=[1, 12, 24], metavar="MP")
    parser.add_argument("--versions", nargs="+", choices=["3.0", "3.2"], default=["3.0", "3.2"], help="of GIMP")
    parser.add_argument("--repeats", type=int, default=5, help="of each time; the median counts [%(default)s]")
    chosen = parser.parse_args(arguments)
    photographs = []
    for kind in KINDS:
        for size in chosen.megapixels:
            width = round((size * 1e6 * ASPECT[0] / ASPECT[1]) ** 0.5)
            photographs.append(Photograph(kind=kind, width=width, height=round(width * ASPECT[1] / ASPECT[0])))
    measured = [measure(version, photographs, chosen.repeats) for version in chosen.versions]
    _rows, machine, load = measured[0]
    header = [f"| GIMP | photograph [MP] | {' | '.join(COLUMNS)} |", "|---|---|" + "---:|" * len(COLUMNS)]
    rows = "\n".join(header + [row for table, _machine, _load in measured for row in table])
    print(PAGE.format(rows=rows, repeats=chosen.repeats, machine=machine, load=load), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
