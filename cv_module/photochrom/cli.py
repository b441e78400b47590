"""The command ``photochrom``: arguments in, text and an exit code out; all work is done elsewhere.

Exit codes: 0 all done; 1 some photographs failed, or ``doctor`` found something wrong; 2 nothing was begun, because of
the arguments, the network or the device; 130 and 143 stopped by Ctrl-C or SIGTERM.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import NoReturn, get_args

import cv2
from tqdm import tqdm

import photochrom
from photochrom.device import Device, Engine
from photochrom.doctor import examine
from photochrom.errors import PhotochromError
from photochrom.imageio import shown
from photochrom.job import ColorizeJob, JobReport, Progress, run_job
from photochrom.model_store import models

_EXAMPLES = """examples:
  one photograph                   photochrom colorize old.jpg -o old-colour.jpg
  a folder with all below it       photochrom colorize album/ -o album-colour/
  several, and how sure we are     photochrom colorize *.tif -o out/ --confidence-out maps/
  paler colours                    photochrom colorize old.png -o pale.png --saturation 0.7

A photograph keeps its format, its 8 or 16 bits, its alpha and its lightness. Originals are never touched, and existing
outputs only with --overwrite. A photograph that fails is named at the end, and the others are done.
"""

_EXIT_CODES = """exit codes:
  0 all done    1 some failed (named on standard error)    2 nothing begun: wrong arguments, network or device
  130 stopped with Ctrl-C, 143 by SIGTERM: the photograph at hand is finished first
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with the arguments given, or the process's own; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        with _quiet_opencv():
            return command(options)
    except PhotochromError as error:
        print(f"photochrom: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("photochrom: stopped", file=sys.stderr)
        return 128 + signal.SIGINT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="photochrom",
        description="Colour for black-and-white photographs: offline, on an ordinary CPU.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"photochrom {photochrom.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_colorize(
        commands.add_parser(
            "colorize",
            help="colorize photographs",
            description="Write coloured copies of photographs.",
            epilog=f"{_EXAMPLES}\n{_EXIT_CODES}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    listing = commands.add_parser("models", help="list the networks that come with photochrom")
    listing.set_defaults(command=_models)
    doctor = commands.add_parser("doctor", help="check that everything needed is there and works")
    doctor.add_argument("--model", metavar="NAME|PATH", help="check this network instead of those of photochrom")
    doctor.set_defaults(command=_doctor)
    return parser


def _add_colorize(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "inputs",
        nargs="+",
        type=Path,
        metavar="IN",
        help="photograph (JPEG, PNG, TIFF, WebP, BMP, PPM, PGM, PBM), or folder to search with all below it",
    )
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        type=Path,
        metavar="OUT",
        help="folder, made as needed; for a single photograph also a file name, whose suffix decides the format",
    )
    parser.add_argument(
        "--confidence-out",
        type=Path,
        metavar="OUT",
        help="also write how sure each colour is, as grey PNG (white: sure): a folder, or for one photograph a .png",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace outputs that exist (default: refuse them)")
    parser.add_argument(
        "--saturation", type=float, default=1.0, metavar="FACTOR", help="of the colours; 0 is grey (default: 1)"
    )
    parser.add_argument(
        "--model",
        default="colorize",
        metavar="NAME|PATH",
        help="network by name (see photochrom models), or an .onnx file with its .json beside it (default: colorize)",
    )
    parser.add_argument(
        "--device",
        choices=get_args(Device),
        default="auto",
        help="what to run on; auto takes CUDA where OpenCV has it (default: auto)",
    )
    parser.add_argument(
        "--engine", choices=get_args(Engine), default="opencv", help="what runs the network (default: opencv)"
    )
    parser.set_defaults(command=_colorize)


def _colorize(options: argparse.Namespace) -> int:
    job = ColorizeJob(
        inputs=tuple(options.inputs),
        output=options.output,
        confidence_output=options.confidence_out,
        overwrite=options.overwrite,
        model=options.model,
        device=options.device,
        engine=options.engine,
        saturation=options.saturation,
    )
    begin = time.monotonic()
    with _finish_on_signal() as received, _progress_bar() as on_progress:
        report = run_job(job, on_progress, cancelled=lambda: bool(received))
    _print_report(report, job.output, time.monotonic() - begin)
    if report.remaining:
        return 128 + received[0]
    return 1 if report.failures else 0


def _print_report(report: JobReport, output: Path, seconds: float) -> None:
    total = len(report.done) + len(report.failures) + report.remaining
    where = f"{report.engine} on {report.device}"
    print(f"{len(report.done)} of {total} colorized to {shown(output)} in {seconds:.1f} s ({where})")
    if report.passed_over:
        print(f"left alone in the folders: {report.passed_over} (hidden, or not named as images)")
    if report.remaining:
        print(f"stopped: {report.remaining} not begun", file=sys.stderr)
    if report.failures:
        print(f"{len(report.failures)} failed:", file=sys.stderr)
        for failure in report.failures:
            print(f"  {failure.reason}", file=sys.stderr)


def _models(options: argparse.Namespace) -> int:
    del options
    rows = [("NAME", "VERSION", "TASK", "WORKS AT", "SIZE", "SHA256", "LICENCE")]
    for contract in models():
        width, height = contract.size
        size = f"{contract.size_bytes / 1e6:.1f} MB"
        identity = (contract.name, contract.version, contract.task)
        rows.append((*identity, f"{width} x {height}", size, contract.sha256[:12], contract.licence))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _doctor(options: argparse.Namespace) -> int:
    marks = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}
    findings = examine(options.model)
    for finding in findings:
        print(f"{marks[finding.state]}  {finding.subject}: {finding.text}")
        if finding.remedy:
            print(f"       -> {finding.remedy}")
    wrong = sum(finding.state == "wrong" for finding in findings)
    print(f"{wrong} found wrong" if wrong else "all is well")
    return 1 if wrong else 0


@contextmanager
def _progress_bar() -> Iterator[Callable[[Progress], None]]:
    """What to tell a job's progress to; a bar on standard error where that is a terminal, else nothing."""
    with ExitStack() as stack:
        bar: tqdm[NoReturn] | None = None

        def show(progress: Progress) -> None:
            nonlocal bar
            if bar is None:
                hidden = not sys.stderr.isatty()
                bar = stack.enter_context(
                    tqdm(total=progress.total, unit="photo", file=sys.stderr, disable=hidden, leave=False)
                )
            bar.update(progress.finished - bar.n)
            bar.refresh()

        yield show


@contextmanager
def _finish_on_signal() -> Iterator[list[int]]:
    """Collect Ctrl-C and SIGTERM, so that the photograph at hand is finished; a second one interrupts."""
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        del frame
        if received:
            raise KeyboardInterrupt
        received.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _quiet_opencv() -> Iterator[None]:
    """Keep OpenCV's own log off the terminal: what matters of it is in our errors."""
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)
