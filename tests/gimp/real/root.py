"""A root with a real GIMP, seen from outside: where it is, and commands that run in it."""

import json
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

PROJECT = Path(__file__).parents[3]
INSIDE = "/src/tests/gimp/real/inside"
VERSIONS = ("3.0", "3.2")


class RootError(Exception):
    """The root, or a program in it, did not do what every test relies on."""


def environment(version: str) -> Path:
    """Folder of the environment with this GIMP that `.ci/gimp-root` made.

    Raises:
        RootError: There is none; the message says why.
    """
    found = subprocess.run(
        [PROJECT / ".ci/gimp-root", "--find", version], capture_output=True, text=True, timeout=60, check=False
    )
    if found.returncode != 0:
        raise RootError(f"GIMP {version} is not here: {found.stderr.strip()}")
    return Path(found.stdout.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a command ended."""

    status: int | None
    """Exit status; None where it took too long, or could not be started."""
    output: str
    """What it printed on standard output and standard error."""


class Root:
    """A system of its own with GIMP in it, for as long as this object is open.

    The folder ``lab`` is ``/lab`` inside, and ``lab/home`` is the home folder. Use as a context manager.
    """

    def __init__(self, environment: Path, lab: Path) -> None:
        self.lab = lab
        self._process = subprocess.Popen(
            [PROJECT / ".ci/in-gimp-root", environment, lab, "python3", "-u", f"{INSIDE}/shell.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process inside at once."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, request: dict[str, object], seconds: float) -> dict[str, object]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise RootError("the root has ended") from error
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            self.close()
            raise RootError(f"the root did not answer {request} within {seconds:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise RootError(f"the root ended instead of answering {request}")
        answer: dict[str, object] = json.loads(line)
        return answer

    def run(
        self, *argv: str, seconds: float = 60, expect: int | None = None, environment: Mapping[str, str] | None = None
    ) -> Outcome:
        """Outcome of a command, which is killed when its time is over.

        Args:
            argv: Program and its arguments.
            seconds: Time limit [s].
            expect: Exit status without which `RootError` is raised; None accepts every outcome.
            environment: Variables to add.
        """
        request: dict[str, object] = {"run": argv, "seconds": seconds, "environment": dict(environment or {})}
        answer = self._ask(request, seconds + 10)
        status = answer["status"]
        assert status is None or isinstance(status, int)
        outcome = Outcome(status=status, output=str(answer["output"]))
        if expect is not None and outcome.status != expect:
            raise RootError(f"{' '.join(argv)} ended with {outcome.status}, not {expect}:\n{outcome.output}")
        return outcome

    def start(self, argv: Sequence[str], log: str, environment: Mapping[str, str] | None = None) -> int:
        """Process id (as seen inside) of a program that goes on in the background and prints to ``/lab/LOG``."""
        request: dict[str, object] = {"start": argv, "log": f"/lab/{log}", "environment": dict(environment or {})}
        answer = self._ask(request, 10)
        pid = answer.get("pid")
        if not isinstance(pid, int):
            raise RootError(f"{argv[0]} could not be started: {answer['output']}")
        return pid

    def wait_for(self, *argv: str, seconds: float) -> str:
        """Output of a command as soon as it succeeds; it is tried again every quarter of a second.

        Raises:
            RootError: It never did within so many seconds.
        """
        end = time.monotonic() + seconds
        while (outcome := self.run(*argv, seconds=10)).status != 0:
            if time.monotonic() > end:
                raise RootError(f"{' '.join(argv)} did not succeed within {seconds:.0f} s: {outcome.output}")
            time.sleep(0.25)
        return outcome.output
