"""The worker as a process: bytes in, bytes out, its last words, and a certain end."""

import os
import subprocess
import sys
from collections import deque
from contextlib import nullcontext, suppress
from io import BufferedReader, FileIO
from threading import Lock, Thread
from typing import Final

from photochrom_filter.environment import worker_environment
from photochrom_filter.interpreter import MEND, Interpreter
from photochrom_filter.texts import _
from photochrom_filter.watchdog import Watchdog
from photochrom_filter.worker_error import WorkerError

if sys.platform == "linux":
    from fcntl import F_SETPIPE_SZ, fcntl

_PIPE: Final = 1 << 20
"""What a pipe holds where the system lets it; 64 KiB make both sides wait for each other more often [bytes]."""
_TAIL: Final = 64
"""How many of the last lines of standard error are kept."""
_LONGEST_LINE: Final = 4096
"""More of a line of standard error is not looked at [bytes]."""
_KILL: Final = 9
"""Number of the signal SIGKILL, which Windows does not have."""
_GRACE: Final = 2.0
"""How long a process that was killed, or closed its output, may take to be gone [s]."""


class WorkerProcess:
    """A worker that runs; `end` may be called from any thread, the others from one at a time."""

    def __init__(self, interpreter: Interpreter) -> None:
        """Start it.

        Raises:
            WorkerError: the interpreter cannot be started.
        """
        self._python = interpreter.python
        self._ending = Lock()
        self._closed = False
        try:
            self._process = subprocess.Popen(  # noqa: S603 (what the installer recorded)
                [self._python, "-m", "photochrom.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=worker_environment(os.environ),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise WorkerError(
                _("the Python that has photochrom cannot be started ({python}: {reason}); ").format(
                    python=self._python, reason=reason
                )
                + MEND
            ) from None
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        assert isinstance(stdin, FileIO)
        assert isinstance(stdout, FileIO)
        assert isinstance(stderr, FileIO)
        _widen(stdin, stdout)
        self._stdin = stdin
        self._stdout = BufferedReader(stdout)
        self._last_words: deque[bytes] = deque(maxlen=_TAIL)
        self._listener = Thread(target=self._drain, args=(BufferedReader(stderr),), name="stderr", daemon=True)
        self._listener.start()
        self._watchdog = Watchdog(self._process.kill)

    @property
    def runs(self) -> bool:
        """Whether it is still there."""
        return self._process.poll() is None

    def write(self, data: bytes, limit: float | None) -> None:
        """Give it all of some bytes.

        Args:
            data: the bytes.
            limit: how long that may take [s]; None: who is reading meanwhile has a limit.

        Raises:
            WorkerError: it ended, or takes nothing.
        """
        rest = memoryview(data)
        try:
            with nullcontext() if limit is None else self._watchdog.limit(limit):
                while rest:
                    rest = rest[self._stdin.write(rest) :]
        except (OSError, ValueError):  # ValueError: `end` closed the pipe
            raise self.gone() from None

    def read_line(self, most: int, limit: float, since: float | None = None) -> bytes:
        """A line with its end; of one that is longer, the first bytes.

        Args:
            most: how many bytes at most.
            limit: how long that may take [s].
            since: from which moment that counts (`time.monotonic`); None: from now.

        Raises:
            WorkerError: it ended, or says nothing.
        """
        with self._watchdog.limit(limit, since):
            try:
                line = self._stdout.readline(most)
            except ValueError:  # `end` closed the pipe
                line = b""
        if not line.endswith(b"\n") and len(line) < most:
            raise self.gone()
        return line

    def read(self, count: int, limit: float) -> bytes:
        """So many bytes of what it says.

        Args:
            count: how many.
            limit: how long that may take [s].

        Raises:
            WorkerError: it ended, or says no more.
        """
        with self._watchdog.limit(limit):
            try:
                data = self._stdout.read(count)
            except ValueError:  # `end` closed the pipe
                data = b""
        if len(data) < count:
            raise self.gone()
        return data

    def end(self) -> None:
        """End it at once, whatever it is doing; once more does nothing."""
        with self._ending:
            self._closed = True
            self._watchdog.close()
            with suppress(OSError):
                self._stdin.close()  # reaches the worker also where the interpreter is a script that started it
            self._process.kill()
            self._process.wait()
            self._listener.join(_GRACE)
            self._stdout.close()

    def gone(self) -> WorkerError:
        """Ends what is left of it; the error that says how it ended."""
        closed = self._closed
        code: int | None = None
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(_GRACE)
        self.end()
        if self._watchdog.exceeded is not None:
            return WorkerError(
                _("photochrom's worker did not answer for {seconds:g} seconds and was ended; try again").format(
                    seconds=self._watchdog.exceeded
                )
            )
        if closed:
            return WorkerError(_("photochrom's worker was ended by the plug-in"))
        words = [line.decode(errors="replace").strip() for line in self._last_words]
        if any("No module named" in line and "photochrom" in line for line in words):
            return WorkerError(
                _("{python} has no photochrom, or one that is too old; ").format(python=self._python) + MEND
            )
        reason = next((line for line in reversed(words) if line), _("it left no message"))
        return WorkerError(
            _("photochrom's worker ended too early, {how}: {reason}").format(how=_how(code), reason=reason)
        )

    def _drain(self, stderr: BufferedReader) -> None:
        with stderr:
            while line := stderr.readline(_LONGEST_LINE):
                self._last_words.append(line)


def _how(code: int | None) -> str:
    """In words what the exit code of a process means."""
    if code is None:
        return _("when it closed its output")
    if code == -_KILL:
        return _("by the signal SIGKILL, perhaps because memory ran out")
    if code < 0:
        return _("by the signal {number}").format(number=-code)
    return _("with the exit code {code}").format(code=code)


def _widen(*pipes: FileIO) -> None:
    """Let pipes hold more, where the system can and allows it."""
    if sys.platform == "linux":
        for pipe in pipes:
            with suppress(OSError):
                fcntl(pipe, F_SETPIPE_SZ, _PIPE)
