"""The command ``photochrom``: arguments in, text and an exit code out; all work is done elsewhere.

Exit codes: 0 all done or skipped; 1 some photographs or the report failed, or ``doctor`` found something wrong; 2
nothing was begun, because of the arguments, the network or the device; 128 and a signal's number: stopped by it.
Commands that other packages bring (`extensions`) keep to these.
"""

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import cv2

import photochrom
from photochrom.bench.bench import BenchOptions, run_bench
from photochrom.bench.case import Kind
from photochrom.command import colorize_arguments, extensions, standard_streams
from photochrom.command.colorize_command import colorize
from photochrom.command.completion import Shell, completion_script
from photochrom.command.doctor import examine
from photochrom.command.finding import print_findings
from photochrom.command.stop_signals import EXIT_CODE
from photochrom.errors import PhotochromError, shown
from photochrom.networks.contract import Contract
from photochrom.networks.model_store import models

_COMPLETION_HELP = """how to install it:
  bash   photochrom completion bash > ~/.local/share/bash-completion/completions/photochrom
         (make the folder first; it needs the package bash-completion)
  zsh    photochrom completion zsh > ~/.zfunc/_photochrom
         (with "fpath+=~/.zfunc; autoload -Uz compinit; compinit" in ~/.zshrc)
  tcsh   photochrom completion tcsh > ~/.photochrom.csh
         (with "source ~/.photochrom.csh" in ~/.tcshrc)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with the arguments given, or the process's own; the exit code."""
    standard_streams.make_usable()
    options = _parsed(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        with standard_streams.quiet_libraries(), _quiet_opencv():
            code = command(options)
        if sys.stdout is not None:
            sys.stdout.flush()
    except PhotochromError as error:
        print(f"photochrom: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("photochrom: stopped", file=sys.stderr)
        return EXIT_CODE + signal.SIGINT
    except BrokenPipeError:
        standard_streams.give_up_output()
        return EXIT_CODE + signal.SIGPIPE
    except OSError as error:
        if error.filename is not None:
            print(f"photochrom: error: {shown(Path(error.filename))}: {error.strerror}", file=sys.stderr)
            return 2
        standard_streams.give_up_output()  # print failed: the disk is full
        print(f"photochrom: error: standard output: cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    return code


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The arguments by name; photographs may stand on both sides of options, where argparse knows one side alone."""
    parser = _parser()
    options, left = parser.parse_known_args(arguments)
    inputs = getattr(options, "inputs", None)
    if left and (inputs is None or any(word.startswith("-") and word != colorize_arguments.STREAM for word in left)):
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    if inputs is not None:
        inputs.extend(left)
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="photochrom",
        description="Colour for black-and-white photographs: offline, on an ordinary CPU.",
        epilog=f"{colorize_arguments.EXAMPLES}\nphotochrom COMMAND --help tells more about a command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # an abbreviation in a script would break with the next option
    )
    parser.add_argument("--version", action="version", version=f"photochrom {photochrom.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, command: Callable[[argparse.Namespace], int] | None, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        added.set_defaults(command=command)
        return added

    colorize_arguments.add_arguments(add("colorize", colorize, "colorize photographs"))
    listing = add("models", _models, "list the networks that come with photochrom")
    listing.add_argument("--json", action="store_true", help="their whole contracts, as JSON")
    doctor = add("doctor", _doctor, "check that everything needed is there and works")
    doctor.add_argument("--model", metavar="NAME|PATH", help="check this network instead of those of photochrom")
    bench = add("bench", _bench, "measure time and memory on this machine, with photographs that are made up")
    _add_bench(bench)
    completion = add("completion", _completion, "print a script that completes the command's options in a shell")
    completion.add_argument("shell", choices=get_args(Shell), help="which shell")
    completion.epilog = _COMPLETION_HELP
    for name, brought in extensions.commands().items():
        brought.add_arguments(add(name, None, brought.text))
    return parser


def _add_bench(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--megapixels",
        type=float,
        nargs="+",
        default=(1, 12),
        metavar="SIZE",
        help="of the photographs (default: 1 12)",
    )
    parser.add_argument(
        "--kinds",
        nargs="+",
        choices=get_args(Kind),
        default=("grey-jpeg", "colour-jpeg"),
        help="of the photographs (default: grey-jpeg colour-jpeg)",
    )
    parser.add_argument(
        "--repeats",
        type=int,
        default=5,
        metavar="N",
        help="how often each time is taken; the median counts (default: 5)",
    )
    colorize_arguments.add_engine(parser)
    parser.add_argument("--json", action="store_true", help="all figures as JSON, times in seconds, memory in bytes")


def _models(options: argparse.Namespace) -> int:
    contracts = models()
    if options.json:
        print(json.dumps([asdict(contract) for contract in contracts], indent=2))
    else:
        _print_table(contracts)
    return 0


def _print_table(contracts: Sequence[Contract]) -> None:
    rows = [("NAME", "VERSION", "TASK", "WORKS AT", "SIZE", "SHA256", "LICENCE")]
    for contract in contracts:
        width, height = contract.size
        size = f"{contract.size_bytes / 1e6:.1f} MB"
        identity = (contract.name, contract.version, contract.task)
        rows.append((*identity, f"{width} x {height}", size, contract.sha256[:12], contract.licence))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _doctor(options: argparse.Namespace) -> int:
    return print_findings(examine(options.model))


def _bench(options: argparse.Namespace) -> int:
    report = run_bench(
        BenchOptions(
            megapixels=tuple(options.megapixels),
            kinds=tuple(options.kinds),
            repeats=options.repeats,
            model=options.model,
            device=options.device,
            engine=options.engine,
        ),
        lambda progress: print(f"{progress.finished}/{progress.total} {progress.now}", file=sys.stderr),
    )
    print(report.to_json() if options.json else report.to_markdown())
    return 0


def _completion(options: argparse.Namespace) -> int:
    print(completion_script(_parser(), options.shell))
    return 0


@contextmanager
def _quiet_opencv() -> Iterator[None]:
    """Keep OpenCV's own log off the terminal: what matters of it is in our errors."""
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)
