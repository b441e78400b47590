"""Ctrl-C, SIGTERM and SIGHUP: the first one lets what is begun be finished, the second one stops at once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_STOPPING: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # Windows has no SIGHUP


class StoppedError(KeyboardInterrupt):
    """A second signal came."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        """Of the signal that came first."""


@contextmanager
def noted_signals() -> Iterator[list[int]]:
    """The numbers of the signals to stop that came while the block ran: none, or one.

    A signal that is ignored when the block begins (``nohup``, a shell's background jobs) stays ignored. The second one
    raises `StoppedError` in the main thread.
    """
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        del frame
        if received:
            raise StoppedError(received[0])
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
