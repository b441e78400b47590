"""Ctrl-C, SIGTERM and SIGHUP: the first one lets what is begun be finished, the second one ends the process at once."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

EXIT_CODE: Final = 128
"""What a process ends with that a signal stopped, less the signal's number."""
_STOPPING: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # Windows has no SIGHUP


@contextmanager
def noted_signals() -> Iterator[list[int]]:
    """The numbers of the signals to stop that came while the block ran: none, or one.

    A signal that is ignored when the block begins (``nohup``, a shell's background jobs) stays ignored. A second one
    ends the process without waiting for threads: of a file that is being written its temporary file may stay, which
    the next run removes.
    """
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        del frame
        if received:
            with suppress(OSError, ValueError):  # past Python's buffer, which may be in use right now
                os.write(sys.stderr.fileno(), b"\nphotochrom: stopped at once\n")
            os._exit(EXIT_CODE + received[0])
        received.append(number)

    before = {number: signal.getsignal(number) for number in _STOPPING}
    taken = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    try:
        for number in taken:
            signal.signal(number, note)
        yield received
    finally:
        for number, handler in taken.items():
            signal.signal(number, handler)
