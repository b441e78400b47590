"""``photochrom colorize``: hands the arguments to the engine, and tells what became of the photographs."""

import argparse
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from photochrom.command.colorize_arguments import STREAM, check_combination, convert_options
from photochrom.command.colorize_stream import colorize_stream
from photochrom.command.json_summary import summary
from photochrom.command.path_list import read_list
from photochrom.command.progress_bar import ProgressBar
from photochrom.command.stop_signals import EXIT_CODE, noted_signals
from photochrom.conversion.convert import convert
from photochrom.conversion.naming import as_output
from photochrom.conversion.result import ConvertReport, Progress
from photochrom.conversion.search import as_path
from photochrom.errors import JobError, shown


def colorize(arguments: argparse.Namespace) -> int:
    """Do what the arguments say; the exit code."""
    check_combination(arguments)
    if STREAM in (*arguments.inputs, arguments.output):
        return colorize_stream(arguments)
    return _colorize_files(arguments)


def _colorize_files(arguments: argparse.Namespace) -> int:
    options = convert_options(arguments)
    paths = [as_path(name) for name in arguments.inputs]
    if arguments.from_list is not None:
        paths += read_list(arguments.from_list, null=arguments.null)
    output = as_output(arguments.output)
    with ExitStack() as stack:
        page = None
        if arguments.report is not None:
            from photochrom.report.html_report import MOST_PICTURES, PREVIEW_SIDE, HtmlReport

            options = replace(options, preview_side=PREVIEW_SIDE, most_reviews=MOST_PICTURES)
            page = stack.enter_context(HtmlReport(Path(arguments.report), options))
        received = stack.enter_context(noted_signals())
        bar = stack.enter_context(ProgressBar(quiet=arguments.quiet))

        def on_progress(progress: Progress) -> None:
            bar.show(progress)
            if page is not None:
                page.add(progress)

        def cancelled() -> bool:
            return bool(received)

        if arguments.hot_folder:
            from photochrom.conversion.hot_folder import watch

            report = watch(paths[0], output, options, on_progress, cancelled)
        elif arguments.ray is not None:
            from photochrom.cluster.convert_on_ray import convert_on_ray

            report = convert_on_ray(paths, output, options, on_progress, cancelled, address=arguments.ray)
        else:
            report = convert(paths, output, options, on_progress, cancelled)
        unreported = ""
        if page is not None:
            try:
                page.finish(report)
            except JobError as error:  # the photographs are done all the same
                unreported = str(error)
    exit_code = 1 if report.failures or unreported else 0
    if report.remaining and not arguments.hot_folder:  # which is made to be stopped
        exit_code = EXIT_CODE + received[0]
    if arguments.json:
        print(summary(report, output, exit_code=exit_code))
    elif not arguments.quiet:
        print(_sentence(report, output))
    if unreported:
        print(f"no report: {unreported}", file=sys.stderr)
    if not arguments.quiet:
        _print_troubles(report, named=bar.is_shown)
    return exit_code


def _sentence(report: ConvertReport, output: Path) -> str:
    """What became of the conversion, for people."""
    done, skipped = report.count("done"), report.count("skipped")
    total = len(report.results) + report.remaining
    parts = [f"{done} of {total} colorized to {shown(output)}"]
    if skipped:
        parts.append(f"{skipped} skipped, which were there already")
    text = f"{', '.join(parts)} in {report.seconds:.1f} s ({report.model}, {report.engine} on {report.device})"
    if report.passed_over:
        text += f"\nleft alone in the folders: {report.passed_over} (hidden, or not named as images)"
    return text


def _print_troubles(report: ConvertReport, *, named: bool) -> None:
    """What was not done; failures by name where a long bar may have carried their first mention away."""
    if report.remaining:
        print(f"stopped: {report.remaining} not begun", file=sys.stderr)
    if report.failures:
        print(f"{len(report.failures)} failed{':' if named else ', named above'}", file=sys.stderr)
    for failure in report.failures if named else ():
        print(f"  {failure.reason}", file=sys.stderr)
