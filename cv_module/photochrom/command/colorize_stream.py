"""``photochrom colorize`` with ``-``: one photograph from or to a standard stream, under the rules that files have."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

import cv2

from photochrom.command import standard_streams
from photochrom.command.colorize_arguments import STREAM, convert_options
from photochrom.conversion.converter import Converter
from photochrom.conversion.naming import as_output
from photochrom.conversion.options import ConvertOptions
from photochrom.conversion.search import as_path, identify, is_pattern
from photochrom.errors import ImageError, JobError, shown
from photochrom.files.encoder import check_suffix
from photochrom.files.imageio import read_bytes
from photochrom.files.output_file import EXISTS, Existing, is_there, write_file


def colorize_stream(arguments: argparse.Namespace) -> int:
    """Do what the arguments say; the exit code."""
    source = None if arguments.inputs[0] == STREAM else as_path(arguments.inputs[0])
    target = None if arguments.output == STREAM else as_output(arguments.output)
    options = convert_options(arguments)
    if source is not None and is_pattern(source):
        raise JobError(f"{shown(source)}: is a pattern, and - takes one photograph: give its name")
    if target is None:
        standard_streams.check_output()
    else:
        options = _into_file(options, target)
    if options.confidence_output is not None:
        _check_map(options.confidence_output, options.existing)
    _spare_original(source, target, options.confidence_output)
    if options.existing == "skip" and (options.confidence_output is None or is_there(options.confidence_output)):
        if target is not None and is_there(target):
            return 0
        options = replace(options, confidence_output=None)
    converter = Converter(options)
    name = "standard input" if source is None else shown(source)
    try:
        data = standard_streams.read_input() if source is None else read_bytes(source)
        coloured = converter.convert_bytes(data)
    except JobError:
        raise
    except OSError as error:
        return _fail(f"{name}: cannot be read: {error.strerror}")
    except MemoryError:
        return _fail(f"{name}: there is not enough memory for it")
    except cv2.error as error:  # also every error of ours
        return _fail(f"{name}: {error}")
    try:
        if target is None:
            standard_streams.write_output(coloured)
        else:
            write_file(target, coloured, existing=options.existing)
    except ImageError as error:
        return _fail(str(error))
    return 0


def _fail(reason: str) -> int:
    """Say what was wrong with the one photograph; the exit code."""
    print(f"failed: {reason}", file=sys.stderr)
    return 1


def _check_map(path: Path, existing: Existing) -> None:
    """Raise JobError where no confidence map can go into a file."""
    if path.is_dir() or path.suffix.lower() != ".png":
        raise JobError(f"{shown(path)}: with - the confidence map goes into a file: give a name that ends in .png")
    if is_there(path) and existing == "refuse":
        raise JobError(f"{shown(path)}: {EXISTS}")


def _spare_original(source: Path | None, target: Path | None, confidence: Path | None) -> None:
    """Raise JobError where an output is the photograph itself, by whatever name, or both outputs are one file."""
    original = standard_streams.identify_input() if source is None else identify(source)
    outputs = [path for path in (target, confidence) if path is not None]
    for path in outputs:
        if original is not None and identify(path) == original:
            raise JobError(f"{shown(path)}: is the photograph itself; originals are never touched: give another name")
    if len({(os.path.realpath(path.parent), path.name) for path in outputs}) < len(outputs):
        raise JobError(f"{shown(outputs[0])}: the photograph and its confidence map need two names")


def _into_file(options: ConvertOptions, target: Path) -> ConvertOptions:
    """The options for a photograph from standard input; a JobError where it cannot go into that file."""
    if target.is_dir() or not target.suffix:
        raise JobError(f"{shown(target)}: standard input has no name that a copy could get: give a file, or - with -o")
    suffix = target.suffix.lower()
    check_suffix(suffix)
    if options.suffix not in (None, suffix):
        raise JobError(f"{shown(target)}: its name says another format than --format {options.suffix[1:]}: give one")
    if is_there(target) and options.existing == "refuse":
        raise JobError(f"{shown(target)}: {EXISTS}")
    return replace(options, suffix=suffix)
