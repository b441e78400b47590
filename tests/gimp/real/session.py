"""One running GIMP that calls functions for a test: without a window, or with one on a screen of its own."""

import json
import os
import socket
import time
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

from tests.gimp.real.root import INSIDE, Root, RootError

DISPLAY = ":1"
DRIVER = f"import runpy; runpy.run_path('{INSIDE}/driver.py', run_name='__main__')"
BATCH = ["--batch-interpreter=python-fu-eval", "-b", DRIVER, "--quit"]
CONSOLE = ["gimp-console", "--new-instance", "--no-interface", "--no-data", "--no-fonts"]
WINDOW = ["dbus-run-session", "--", "gimp", "--new-instance", "--no-splash"]


class GimpError(Exception):
    """A function called inside GIMP raised, or GIMP did not answer; the message holds its traceback or its log."""


class GimpSession:
    """A GIMP that is ready for `call`, until `close`. Use as a context manager.

    Args:
        root: The root it runs in; its ``lab/home`` holds the profile. Closed with the session.
        windowed: Whether it has a window, on a screen that `tests.gimp.real.desktop` looks at.
        environment: Variables to add to GIMP's environment.

    Raises:
        GimpError: It did not start.
    """

    def __init__(self, root: Root, *, windowed: bool = False, environment: dict[str, str] | None = None) -> None:
        self.root = root
        self.log = root.lab / "gimp.log"
        """What GIMP and its plug-ins print."""
        command = (WINDOW if windowed else CONSOLE) + BATCH
        variables = {"NO_AT_BRIDGE": "1", "PYTHONPATH": "/src"}
        variables |= ({"DISPLAY": DISPLAY} if windowed else {}) | (environment or {})
        self.pid = root.start(command, self.log.name, variables)
        """GIMP's process, as `Root.run` sees it ("kill", …)."""
        try:
            self._connection = self._connect(seconds=120)
        except GimpError:
            root.close()
            raise
        self._lines = self._connection.makefile("rw", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _connect(self, seconds: float) -> socket.socket:
        """A connection to the driver; the socket is reached through its folder, as its whole path may be too long."""
        end = time.monotonic() + seconds
        folder = os.open(self.root.lab, os.O_PATH)
        try:
            while time.monotonic() < end:
                connection = socket.socket(socket.AF_UNIX)
                try:
                    connection.connect(f"/proc/self/fd/{folder}/driver.sock")
                except OSError:
                    connection.close()
                    time.sleep(0.1)
                else:
                    return connection
        finally:
            os.close(folder)
        raise GimpError(f"GIMP did not start within {seconds:.0f} s:\n{self.tail()}")

    def tail(self) -> str:
        """The last thousand characters or so of what GIMP printed."""
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else "(nothing printed)"

    def call(self, function: str, /, *, seconds: float = 120, **arguments: object) -> object:
        """What a function of a file in ``inside/`` returns when it is called in GIMP.

        Args:
            function: ``"file.function"``.
            seconds: Time limit [s].
            arguments: Its keyword arguments: whatever JSON can hold, as its result.

        Raises:
            GimpError: It raised, GIMP ended, or the time is over.
        """
        script, _, name = function.partition(".")
        request = {"script": script, "function": name, "arguments": arguments}
        self._connection.settimeout(seconds)
        try:
            self._lines.write(json.dumps(request) + "\n")
            self._lines.flush()
            line = self._lines.readline()
        except OSError as error:
            raise GimpError(f"no answer from {function} within {seconds:.0f} s ({error}):\n{self.tail()}") from error
        if not line:
            raise GimpError(f"GIMP ended during {function}:\n{self.tail()}")
        answer: dict[str, object] = json.loads(line)
        if "error" in answer:
            raise GimpError(f"{function} raised inside GIMP:\n{answer['error']}\n{self.tail()}")
        return answer["value"]

    def begin(self, function: str, /, *, seconds: float = 120, **arguments: object) -> "Future[object]":
        """Like `call`, but returns at once: for a function that waits for a dialog's answer, or is to be killed."""
        future: Future[object] = Future()

        def wait() -> None:
            try:
                future.set_result(self.call(function, seconds=seconds, **arguments))
            except GimpError as error:
                future.set_exception(error)

        Thread(target=wait, daemon=True).start()
        return future

    def path(self, name: str) -> Path:
        """A file in ``/lab`` as the test sees it."""
        return self.root.lab / name

    def quit(self, seconds: float = 30) -> None:
        """Let GIMP end by itself, as a user would, and wait for that.

        Raises:
            RootError: It did not end in time.
        """
        self._connection.shutdown(socket.SHUT_RDWR)
        end = time.monotonic() + seconds
        while self.root.run("pgrep", "-f", "^gimp").status == 0:
            if time.monotonic() > end:
                raise RootError(f"GIMP did not end within {seconds:.0f} s:\n{self.tail()}")
            time.sleep(0.1)

    def close(self) -> None:
        """End GIMP and everything else in its root at once."""
        self._lines.close()
        self._connection.close()
        self.root.close()
