"""What became of a conversion, for programs: ``photochrom colorize --json``.

The keys stay as they are; new ones may come. A name that is no UTF-8 stands there as Python reads it (PEP 383): each
odd byte as a lone surrogate, U+DC80 to U+DCFF. The text itself is plain ASCII.
"""

import json
from pathlib import Path
from typing import Final

import photochrom
from photochrom.conversion.result import ConvertReport, FileResult

FORMAT: Final = 1
"""The version of the keys."""


def summary(report: ConvertReport, output: Path, *, exit_code: int) -> str:
    """One JSON object, on several lines.

    Args:
        report: what became of it.
        output: where it went.
        exit_code: what the command ends with.
    """
    record = {
        "format": FORMAT,
        "photochrom": photochrom.__version__,
        "output": str(output),
        "model": report.model,
        "engine": report.engine,
        "device": report.device,
        "seconds": round(report.seconds, 3),
        "done": report.count("done"),
        "skipped": report.count("skipped"),
        "failed": report.count("failed"),
        "remaining": report.remaining,
        "passed_over": report.passed_over,
        "exit_code": exit_code,
        "photographs": [_photograph(result) for result in report.results],
    }
    return json.dumps(record, indent=2)


def _photograph(result: FileResult) -> dict[str, object]:
    return {
        "source": str(result.source),
        "status": result.status,
        "target": None if result.target is None else str(result.target),
        "confidence": None if result.confidence is None else str(result.confidence),
        "reason": result.reason,
        "width": result.width,
        "height": result.height,
        "seconds": round(result.seconds, 3),
    }
