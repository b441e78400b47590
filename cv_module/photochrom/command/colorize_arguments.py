"""The arguments of ``photochrom colorize``: their names, what they mean, and which of them do not go together."""

import argparse
import re
from pathlib import Path
from typing import Final, get_args

from photochrom.colour.adjustment import MAX_SATURATION
from photochrom.conversion.options import ConvertOptions, Shard
from photochrom.conversion.search import as_path
from photochrom.errors import JobError
from photochrom.files.depth import Depth
from photochrom.files.encoder import COLOUR_SUFFIXES, DEFAULT_QUALITY
from photochrom.files.formats import FORMAT_NAMES
from photochrom.files.output_file import Existing
from photochrom.networks.device import Device, Engine

STREAM: Final = "-"
"""Standard input as IN, standard output as OUT."""

EXAMPLES: Final = """examples:
  a photograph     photochrom colorize old.jpg -o old-colour.jpg
  an album         photochrom colorize album -o album-colour
  an archive       photochrom colorize scans -o colour --skip-existing --report colour.html
                   photochrom colorize scans -o colour --shard 2/4       (one of four machines)
  for the web      photochrom colorize 'scans/**/*.tif' -o web --format jpg --depth 8
  for more editing photochrom colorize scan.jpg -o scan.tif --depth 16 --fade-uncertain 0.5
  a scanner        photochrom colorize inbox -o colour --hot-folder     (until Ctrl-C)
  in a pipe        photochrom colorize - -o - --format png < old.jpg > colour.png
  in a script      find . -name '*.jpg' -print0 | photochrom colorize --from-list - --null -o out --json > summary.json
"""
_EPILOG: Final = f"""{EXAMPLES}
A photograph keeps its name, its place below a folder, format, bit depth, alpha, metadata and, to rounding, its
lightness. Originals are never touched. An output appears complete or not at all, so a run that was broken off goes on
with --skip-existing. A photograph that fails is named at once and again at the end, and the others are done.

exit codes:
  0 all done or skipped    1 some failed, or the report (named on standard error)
  2 nothing begun: arguments, network or device
  130 stopped by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP: what was begun is finished; a second one stops at once
  (--hot-folder, which is made to be stopped, ends with 0 or 1)
"""

_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_ADDRESS: Final = re.compile(r"auto|local|(ray://)?(\[[0-9A-Fa-f:]+\]|[\w.-]+):\d{1,5}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them all."""
    parser.usage = "photochrom colorize IN... -o OUT [options]"
    parser.description = "Write coloured copies of photographs."
    parser.epilog = _EPILOG
    _add_inputs(parser.add_argument_group("which photographs"))
    _add_outputs(parser.add_argument_group("where to, and as what"))
    _add_colours(parser.add_argument_group("the colours"))
    _add_machine(parser.add_argument_group("the network and the machine"))
    _add_messages(parser.add_argument_group("what it tells"))


def _add_inputs(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "inputs",
        nargs="*",
        metavar="IN",
        help=f"photograph ({FORMAT_NAMES}), known by its content; folder, searched with all below it; pattern in "
        "quotes (*, ?, [...], ** for folders at any depth); or - for standard input",
    )
    group.add_argument(
        "--from-list",
        metavar="FILE",
        help="also the paths in FILE, one a line, relative to the current folder; - for standard input",
    )
    group.add_argument("--null", action="store_true", help="the list's paths end with NUL, as find -print0 writes")
    group.add_argument(
        "--base",
        metavar="FOLDER",
        help="photographs named one by one keep their place below FOLDER in OUT; others there go by name alone "
        "(default: with a list the current folder, else none)",
    )
    group.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="only share I of N: the same photographs in every run and on every machine",
    )
    group.add_argument(
        "--hot-folder",
        action="store_true",
        help="watch the folder IN and convert what arrives, until stopped; existing outputs are skipped",
    )


def _add_outputs(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="OUT",
        help="folder, made as needed; for one photograph also a file, whose suffix decides the format; "
        "- for standard output",
    )
    existing = group.add_mutually_exclusive_group()
    existing.add_argument(
        "--skip-existing", action="store_true", help="leave alone what has its output already (default: an error)"
    )
    existing.add_argument("--overwrite", action="store_true", help="replace outputs that exist")
    group.add_argument(
        "--format",
        type=_suffix,
        metavar="NAME",
        help="format to write, named by its suffix, such as jpg, png or tif (default: as each photograph)",
    )
    group.add_argument(
        "--depth",
        type=int,
        choices=get_args(Depth),
        help="bits per channel of the output (default: as each photograph)",
    )
    group.add_argument(
        "--quality",
        type=int,
        default=DEFAULT_QUALITY,
        metavar="1-100",
        help=f"of JPEG, WebP and AVIF (default: {DEFAULT_QUALITY})",
    )
    group.add_argument(
        "--confidence-out",
        metavar="OUT",
        help="also write how sure each colour is, as grey PNG (white: sure): a folder, or for one photograph a .png",
    )
    group.add_argument(
        "--report", metavar="FILE", help="also write one .html page with every photograph before and after"
    )


def _add_colours(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--strength",
        type=float,
        default=1.0,
        metavar="0-1",
        help="share of the new colours; the rest are the photograph's own (default: 1)",
    )
    group.add_argument(
        "--saturation",
        type=float,
        default=1.0,
        metavar=f"0-{MAX_SATURATION:g}",
        help="factor on the new colours; 0 is grey (default: 1)",
    )
    group.add_argument(
        "--fade-uncertain",
        type=float,
        default=0.0,
        metavar="0-1",
        help="how far colours fade to grey where the network guesses (default: 0)",
    )


def _add_machine(group: argparse._ArgumentGroup) -> None:
    add_engine(group)
    group.add_argument(
        "--workers", type=int, metavar="N", help="photographs in work at once (default: one per processor core)"
    )
    group.add_argument(
        "--memory",
        type=_memory,
        metavar="SIZE",
        help="what they may take together: bytes, or 800M, 1.5G (K, M, G, T of 1024; default: half of what is free)",
    )
    group.add_argument(
        "--ray",
        nargs="?",
        const="auto",
        type=_address,
        metavar="ADDRESS",
        help="run on a Ray cluster, whose machines all see IN and OUT under these paths: auto (the default) takes the "
        "one that is running here; else host:port",
    )


def add_engine(group: argparse._ActionsContainer) -> None:
    """Declare which network runs, on what and with what; other commands have these, too."""
    group.add_argument(
        "--model",
        default="colorize",
        metavar="NAME|PATH",
        help="network by name (see photochrom models), or an .onnx file with its .json beside it (default: colorize)",
    )
    group.add_argument(
        "--device",
        choices=get_args(Device),
        default="auto",
        help="of the network; auto takes CUDA where OpenCV has it and it works (default: auto)",
    )
    group.add_argument(
        "--engine", choices=get_args(Engine), default="opencv", help="what runs the network (default: opencv)"
    )


def _add_messages(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--json", action="store_true", help="at the end a summary as JSON on standard output, and nothing else there"
    )
    group.add_argument("-q", "--quiet", action="store_true", help="no progress bar and no summary, failures alone")


def _shard(text: str) -> Shard:
    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"'{text}' is no share; give i/n with i from 1 to n, such as 2/4")
    try:
        return Shard(number=int(match[1]), count=int(match[2]))
    except JobError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _suffix(text: str) -> str:
    suffix = f".{text.lower().removeprefix('.')}"
    if suffix not in COLOUR_SUFFIXES:
        allowed = ", ".join(known[1:] for known in COLOUR_SUFFIXES)
        raise argparse.ArgumentTypeError(f"'{text}' is no format that is written; give one of {allowed}")
    return suffix


def _memory(text: str) -> int:
    match = re.fullmatch(r"(\d{1,15}(?:\.\d{1,6})?)\s?([KMGT]?)(?:i?B)?", text, re.IGNORECASE)
    size = 0 if match is None else int(float(match[1]) * _UNITS[match[2].upper()])
    if size < 1:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no size; give bytes, or a number with K, M, G or T, such as 1.5G"
        )
    return size


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"'{text}' is no address; give host:port, or write --ray=auto before a photograph's name"
        )
    return text


def _existing(arguments: argparse.Namespace) -> Existing:
    if arguments.overwrite:
        return "overwrite"
    return "skip" if arguments.skip_existing else "refuse"


def _base(arguments: argparse.Namespace) -> Path | None:
    if arguments.base is not None:
        return Path(arguments.base)
    return Path() if arguments.from_list is not None else None


def convert_options(arguments: argparse.Namespace) -> ConvertOptions:
    """What is chosen about the conversion.

    Raises:
        JobError: a value that is not allowed.
    """
    return ConvertOptions(
        existing=_existing(arguments),
        base=_base(arguments),
        confidence_output=arguments.confidence_out,
        suffix=arguments.format,
        depth=arguments.depth,
        quality=arguments.quality,
        model=arguments.model,
        device=arguments.device,
        engine=arguments.engine,
        strength=arguments.strength,
        saturation=arguments.saturation,
        fade_uncertain=arguments.fade_uncertain,
        workers=arguments.workers,
        memory=arguments.memory,
        shard=arguments.shard,
    )


def check_combination(arguments: argparse.Namespace) -> None:
    """Raise JobError for arguments that do not go together, with the reason."""
    streams_in, streams_out = STREAM in arguments.inputs, arguments.output == STREAM
    given = {
        "--from-list": arguments.from_list is not None,
        "--hot-folder": arguments.hot_folder,
        "--ray": arguments.ray is not None,
        "--report": arguments.report is not None,
        "--shard": arguments.shard is not None,
        "--json": arguments.json,
        "--workers": arguments.workers is not None,
    }

    def refuse(with_what: str, *names: str, why: str) -> None:
        for name in names:
            if given[name]:
                raise JobError(f"{with_what} does not go with {name}: {why}")

    if not arguments.inputs and not given["--from-list"]:
        raise JobError("no photographs are given: name them as IN, or a list of them with --from-list")
    if arguments.null and not given["--from-list"]:
        raise JobError("--null is about a list of paths: give it with --from-list")
    if streams_in or streams_out:
        if len(arguments.inputs) > 1 or given["--from-list"]:
            raise JobError(f"{STREAM} is one photograph: give no other one with it")
        if streams_out and as_path(arguments.inputs[0]).is_dir():
            raise JobError("standard output takes one photograph, not a folder: give a folder with -o")
        refuse(STREAM, *given, why="it is one photograph in a pipe")
    if arguments.hot_folder:
        if len(arguments.inputs) != 1:
            raise JobError("--hot-folder watches one folder: give one IN")
        refuse("--hot-folder", "--from-list", why="it finds the photographs itself")
        refuse("--hot-folder", "--ray", "--report", why="it goes on until it is stopped, on this machine")
