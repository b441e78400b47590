"""A limit to how long something may block: reading from a pipe cannot be told when to give up."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread
from time import monotonic


class Watchdog:
    """Calls something, once, when a block of code takes too long; one block at a time."""

    def __init__(self, on_expiry: Callable[[], None]) -> None:
        """Nothing is limited yet.

        Args:
            on_expiry: makes what blocks return; called in a thread of its own.
        """
        self.exceeded: float | None = None
        """The limit that was exceeded [s]; None: none was."""
        self._on_expiry = on_expiry
        self._seconds = 0.0
        self._deadline: float | None = None
        self._closed = False
        self._changed = Condition()
        Thread(target=self._watch, name="watchdog", daemon=True).start()

    @contextmanager
    def limit(self, seconds: float, since: float | None = None) -> Iterator[None]:
        """Let the block take so long, and no longer.

        Args:
            seconds: how long [s].
            since: from which moment that counts (`time.monotonic`); None: from now.
        """
        self._seconds = seconds
        self._set((monotonic() if since is None else since) + seconds)
        try:
            yield
        finally:
            self._set(None)

    def close(self) -> None:
        """Watch no more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _set(self, deadline: float | None) -> None:
        with self._changed:
            # A thread that waits for an earlier deadline looks again by itself.
            sleeps = self._deadline is None
            self._deadline = deadline
            if sleeps:
                self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while not self._closed:
                left = None if self._deadline is None else self._deadline - monotonic()
                if left is not None and left <= 0:
                    self.exceeded = self._seconds
                    break
                self._changed.wait(left)
        if self.exceeded is not None:
            self._on_expiry()
