"""Runs commands inside the root as JSON lines on standard input ask: the hands of the tests in there.

``{"run": [argv…], "seconds": s}`` is answered, when the command has ended, with ``{"status": …, "output": …}``; status
is null where it took longer than its seconds and was killed. ``{"start": [argv…], "log": path}`` is answered at once
with ``{"pid": …}``. Both take "environment", variables to add. The end of standard input ends this program, and as it
is the root's only one, everything else in there too.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def run(argv: list[str], environment: dict[str, str], seconds: float) -> dict[str, object]:
    """Exit status and everything printed by a command, which is killed after so many seconds."""
    with subprocess.Popen(
        argv, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            return {"status": None, "output": output.decode(errors="replace")}
    return {"status": process.returncode, "output": output.decode(errors="replace")}


def start(argv: list[str], environment: dict[str, str], log: Path) -> dict[str, object]:
    """Process id of a command that goes on in the background and prints to a file."""
    with log.open("ab") as printed:
        process = subprocess.Popen(
            argv, env=environment, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT
        )
    return {"pid": process.pid}


def main() -> None:
    """Answer requests until there are no more."""
    for line in sys.stdin:
        request = json.loads(line)
        environment = os.environ | request.get("environment", {})
        try:
            if "run" in request:
                answer = run(request["run"], environment, request["seconds"])
            else:
                answer = start(request["start"], environment, Path(request["log"]))
        except OSError as error:
            answer = {"status": None, "output": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
