"""Whether a Python can be the plug-in's worker: asked by the plug-in's own client, not by looking at versions."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from photochrom.errors import JobError, shown

_LIMIT: Final = 90.0
"""How long the answer may take [s]; the client itself gives up before that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker that answered."""

    python: str
    """The path of its Python."""
    version: str
    """Of photochrom."""
    protocol: int


def this_python() -> str:
    """The absolute path of the Python that runs this; in a virtual environment its own, not what that links to.

    Raises:
        JobError: nobody knows it: another program has Python built in.
    """
    if not sys.executable:
        raise JobError("the Python that runs this does not know its own path; run photochrom in a virtual environment")
    return str(Path(sys.executable).absolute())


def ask_worker(plug_in: Path, python: str | None = None) -> Worker:
    """Start the worker as the plug-in does, and let it introduce itself.

    Args:
        plug_in: the plug-in's folder, in a profile or where it comes from.
        python: the worker's Python; None: the one that was recorded in that folder.

    Raises:
        JobError: it does not work; the message is what a user of the plug-in would see.
    """
    # The client needs nothing but the standard library, found from the folder: no site, no variables, nothing written.
    command = [this_python(), "-B", "-E", "-S", "-m", "photochrom_filter.hello", *([python] if python else [])]
    try:
        done = subprocess.run(  # noqa: S603 (this very Python)
            command, cwd=plug_in, capture_output=True, encoding="utf-8", timeout=_LIMIT, check=False
        )
        answer = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise JobError(f"{shown(plug_in)}: does not run: {type(error).__name__}: {error}") from None
    if "error" in answer:
        raise JobError(answer["error"])
    return Worker(python=answer["python"], version=answer["version"], protocol=answer["protocol"])
