"""Time and memory of photochrom on this machine: from file to file, step by step, beside decoding and encoding alone.

The photographs are made up, so it runs anywhere. Each measurement runs in a process of its own, one after another.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Final

from photochrom.bench import machine
from photochrom.bench.case import Action, Case, Kind
from photochrom.errors import JobError
from photochrom.networks.device import Device, Engine

_ASPECT: Final = 4 / 3
_MOST_MEGAPIXELS: Final = 250.0
"""Above this a square picture comes near the most pixels that OpenCV decodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions:
    """What to measure."""

    megapixels: tuple[float, ...] = (1, 12)
    """Sizes of the photographs [millions of pixels]."""
    kinds: tuple[Kind, ...] = ("grey-jpeg", "colour-jpeg")
    """What the photographs are; their copies have the same format."""
    repeats: int = 5
    """How often each time is taken; the median counts."""
    model: str = "colorize"
    """The network: a shipped one by name, a user's own by path."""
    device: Device = "auto"
    """What to run on."""
    engine: Engine = "opencv"
    """What to run the network with."""

    def __post_init__(self) -> None:
        for size in self.megapixels:
            if not 0.01 <= size <= _MOST_MEGAPIXELS:
                raise JobError(
                    f"a photograph of {size:g} megapixels is not measured; give 0.01 to {_MOST_MEGAPIXELS:g}"
                )
        if not self.megapixels or not self.kinds:
            raise JobError("there is nothing to measure; give at least one size and one kind of photograph")
        if self.repeats < 1:
            raise JobError(f"repeats is {self.repeats}; give 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReport:
    """What one kind of photograph in one size took."""

    kind: Kind
    width: int
    """Columns [pixels]."""
    height: int
    """Rows [pixels]."""
    source_bytes: int
    """Length of the photograph's file."""
    copy_bytes: int
    """Length of the coloured copy's file."""
    decode: float
    """Reading and decoding the file [s]."""
    prepare: float
    """Making the network's input of the photograph [s]."""
    network: float
    """The network alone [s]."""
    enlarge: float
    """Bringing the network's colours to full size along the photograph's edges [s]."""
    merge: float
    """Joining them with the photograph's lightness [s]."""
    encode: float
    """Encoding the copy, on all processor cores where the format allows [s]."""
    encode_alone: float
    """Encoding it on one, as other programs do [s]."""
    write: float
    """Writing the encoded copy until the disk says that it is safe there [s]."""
    total: float
    """All of it from file to file, writing included, in a process that has its network loaded [s]."""
    memory_alone: int
    """Peak memory of a process that decodes the photograph and encodes a colour picture of its size [bytes]."""
    memory: int
    """Peak memory of a process that colorizes the photograph [bytes]."""

    @property
    def alone(self) -> float:
        """Decoding and encoding alone [s]."""
        return self.decode + self.encode_alone

    @property
    def ratio(self) -> float:
        """How many times as long as decoding and encoding alone it takes."""
        return self.total / self.alone

    @property
    def bytes_per_pixel(self) -> float:
        """Memory above that of decoding and encoding alone, by pixel [bytes]."""
        return (self.memory - self.memory_alone) / (self.width * self.height)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchReport:
    """What was measured, and on what."""

    machine: str
    """Processor, threads and versions."""
    load: float | None
    """How many processors were busy before anything was measured; None where the system does not tell."""
    options: BenchOptions
    """What was asked for."""
    start: float
    """A new process of the command for one photograph, the first case's, from its start to its end [s]."""
    cases: tuple[CaseReport, ...]
    """In the order of kinds, then sizes."""

    def to_json(self) -> str:
        """The same as JSON, times in seconds and memory in bytes."""
        return json.dumps(asdict(self), indent=2)

    def to_markdown(self) -> str:
        """The same as tables for people."""
        busy = "" if self.load is None else f" {self.load:.1f} processors were busy with other things."
        first = self.cases[0]
        lines = [
            f"{self.machine}. Medians of {self.options.repeats} runs.{busy}",
            "",
            f"A new process of the command for one photograph of {_megapixels(first):.3g} megapixels takes "
            f"{self.start:.2f} s; in one that runs already the photograph takes {first.total:.2f} s.",
            "",
            "| photograph [MP] | decode | prepare | network | enlarge | merge | encode | write | file to file [ms] "
            "| decode + encode [ms] | ratio |",
            "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        ]
        for case in self.cases:
            parts = (case.decode, case.prepare, case.network, case.enlarge, case.merge, case.encode, case.write)
            cells = " | ".join(f"{part * 1e3:.0f}" for part in (*parts, case.total, case.alone))
            lines.append(f"| {case.kind} {_megapixels(case):.3g} | {cells} | {case.ratio:.2f} |")
        lines += [
            "",
            "| photograph [MP] | its file [MB] | its copy [MB] | decode + encode alone, peak memory [MB] "
            "| file to file, peak memory [MB] | above [bytes per pixel] |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        for case in self.cases:
            sizes = (case.source_bytes, case.copy_bytes, case.memory_alone, case.memory)
            cells = " | ".join(f"{size / 1e6:.4g}" for size in sizes)
            lines.append(f"| {case.kind} {_megapixels(case):.3g} | {cells} | {case.bytes_per_pixel:.2f} |")
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchProgress:
    """How far a benchmark is."""

    finished: int
    """Cases behind us."""
    total: int
    """Cases that there are."""
    now: str
    """What is being measured; empty at the end."""


def run_bench(
    options: BenchOptions = BenchOptions(),
    on_progress: Callable[[BenchProgress], None] | None = None,
) -> BenchReport:
    """Measure time and memory on this machine.

    Args:
        options: what to measure.
        on_progress: called before each case and at the end.

    Raises:
        JobError: the measurement failed in one of its processes, or there is not enough memory or space on the disk;
            the message says what was being measured and what was wrong.
    """
    busy = machine.load()
    shapes = [(kind, *size_of(megapixels)) for kind in options.kinds for megapixels in options.megapixels]
    start = 0.0
    cases: list[CaseReport] = []
    for kind, width, height in shapes:
        if on_progress is not None:
            now = f"{kind} {width * height / 1e6:.3g} MP"
            on_progress(BenchProgress(finished=len(cases), total=len(shapes), now=now))
        with tempfile.TemporaryDirectory(prefix="photochrom-bench-") as folder:
            case = Case(
                kind=kind,
                width=width,
                height=height,
                folder=folder,
                repeats=options.repeats,
                model=options.model,
                device=options.device,
                engine=options.engine,
            )
            cases.append(_report(case))
            start = start or median(_time_command(case) for _ in range(options.repeats))
    if on_progress is not None:
        on_progress(BenchProgress(finished=len(cases), total=len(shapes), now=""))
    return BenchReport(machine=machine.description(), load=busy, options=options, start=start, cases=tuple(cases))


def size_of(megapixels: float) -> tuple[int, int]:
    """(width, height) of a photograph in the shape that is measured, 4:3 [pixels]."""
    width = round((megapixels * 1e6 * _ASPECT) ** 0.5)
    return width, round(megapixels * 1e6 / width)


def _megapixels(case: CaseReport) -> float:
    return case.width * case.height / 1e6


def _report(case: Case) -> CaseReport:
    source = _apart("make", case)["file"]
    alone = _apart("alone", case)["peak"]
    whole = _apart("whole", case)
    times = _apart("steps", case)
    return CaseReport(
        kind=case.kind,
        width=case.width,
        height=case.height,
        source_bytes=int(source),
        copy_bytes=int(whole["file"]),
        decode=times["decode"],
        prepare=times["prepare"],
        network=times["network"],
        enlarge=times["enlarge"],
        merge=max(0.0, times["finish"] - times["enlarge"]),
        encode=times["encode"],
        encode_alone=times["encode_alone"],
        write=times["write"],
        total=times["total"],
        memory_alone=int(alone),
        memory=int(whole["peak"]),
    )


def _apart(action: Action, case: Case) -> dict[str, float]:
    """What a process of its own answers to an action."""
    answer = _run([sys.executable, "-m", "photochrom.bench.measurement", action, json.dumps(asdict(case))], case)
    numbers: dict[str, float] = json.loads(answer)
    return numbers


def _time_command(case: Case) -> float:
    """How long the command takes, from the start of its process to the end [s]."""
    arguments = ["colorize", str(case.source), "--output", str(case.target), "--overwrite"]
    chosen = ["--model", case.model, "--device", case.device, "--engine", case.engine]
    begin = time.perf_counter()
    _run([sys.executable, "-m", "photochrom", *arguments, *chosen], case)
    return time.perf_counter() - begin


def _run(command: list[str], case: Case) -> str:
    """The output of a process.

    Raises:
        JobError: it failed.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (this program's own)
    if done.returncode == 0:
        return done.stdout
    what = f"{case.kind} of {case.width} x {case.height} pixels cannot be measured"
    if done.returncode < 0:
        raise JobError(
            f"{what}: the process was ended by signal {-done.returncode}; where that is 9, memory ran out: "
            "measure smaller photographs, or close other programs"
        )
    raise JobError(f"{what}: {done.stderr.strip() or 'the process failed without a word'}")
