"""Threads that convert photographs side by side.

One thread reads: it takes memory for a file, reads it, takes memory for what its pixels will need, and hands it to the
next worker that is free; so the next file is read while others are coloured. Each worker brings one photograph at a
time from decoding to writing. The caller's own thread waits, and tells what ends.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue

from photochrom.conversion.converter import Converter, Loaded
from photochrom.conversion.memory import CancelledError
from photochrom.conversion.result import FileResult, Preview
from photochrom.conversion.task import Task
from photochrom.threads import LOOK_AGAIN, processors

_End = tuple[int, FileResult, Preview | None]
"""A photograph's place among the entries, and what became of it."""


def convert_entries(
    converter: Converter,
    entries: Sequence[Task | FileResult],
    on_result: Callable[[int, FileResult, Preview | None], None],
    cancelled: Callable[[], bool] | None = None,
) -> None:
    """Convert photographs; returns when all are done, or those that were begun when it was cancelled.

    Args:
        converter: what each photograph is converted with; its options say how many at once.
        entries: from `plan_tasks`.
        on_result: called in this thread when a photograph ends, with its place among the entries. What it raises, and a
            KeyboardInterrupt, comes out here; before that what is begun is finished, and the rest is not begun.
        cancelled: asked in this thread, about ten times a second; True begins no more photographs.
    """
    run = _Run(converter, converter.options.workers or processors())
    run.begin(entries)
    try:
        while (end := run.next_end(cancelled)) is not None:
            on_result(*end)
    finally:
        run.stop()
        run.wait()


class _Run:
    """One run over some tasks: what its threads share."""

    def __init__(self, converter: Converter, count: int) -> None:
        self._converter = converter
        self._count = count
        self._ended = threading.Event()
        self._free = threading.Semaphore(count)
        self._ends: SimpleQueue[Future[_End | None]] = SimpleQueue()
        self._stopped = threading.Event()

    def begin(self, entries: Sequence[Task | FileResult]) -> None:
        """Start to read."""
        _on_thread(self._ends.put, self._read, entries)

    def stop(self) -> None:
        """Begin no more photographs."""
        self._stopped.set()

    def wait(self) -> None:
        """Return when all that was begun has ended."""
        self._ended.wait()

    def next_end(self, cancelled: Callable[[], bool] | None) -> _End | None:
        """The next photograph that ended; None when there are no more."""
        while True:
            if cancelled is not None and cancelled():
                self.stop()
            try:
                return self._ends.get(timeout=None if cancelled is None else LOOK_AGAIN).result()
            except Empty:
                continue

    def _read(self, entries: Sequence[Task | FileResult]) -> _End | None:
        """Read the photographs one after the other and hand them on; None when the last has ended."""
        try:
            with suppress(CancelledError):
                for number, entry in enumerate(entries):
                    loaded = self._converter.load(entry, self._stopped.is_set)
                    if not self._wait_for_worker():
                        if isinstance(loaded, Loaded):
                            loaded.reservation.release()
                        break
                    self._hand_on(number, loaded)
        finally:
            for _ in range(self._count):
                self._free.acquire()
            self._ended.set()
        return None

    def _hand_on(self, number: int, loaded: Loaded | FileResult) -> None:
        """Finish a photograph in a thread of its own; in this one, where the system gives no more."""
        try:
            _on_thread(self._end, self._finish, number, loaded)
        except RuntimeError:
            _into_future(self._end, self._finish, number, loaded)

    def _wait_for_worker(self) -> bool:
        """Take a worker when one is free; False if it was stopped before."""
        while not self._stopped.is_set():
            if self._free.acquire(timeout=LOOK_AGAIN):
                return True
        return False

    def _finish(self, number: int, loaded: Loaded | FileResult) -> _End | None:
        return (number, loaded, None) if isinstance(loaded, FileResult) else (number, *self._converter.finish(loaded))

    def _end(self, future: Future[_End | None]) -> None:
        self._ends.put(future)
        self._free.release()


def _on_thread(
    on_end: Callable[[Future[_End | None]], object], work: Callable[..., _End | None], *arguments: object
) -> None:
    """Begin something in a thread of its own; see `threads` for why no pool.

    Raises:
        RuntimeError: there are no more threads to be had.
    """
    threading.Thread(target=_into_future, args=(on_end, work, *arguments), name="photochrom").start()


def _into_future(
    on_end: Callable[[Future[_End | None]], object], work: Callable[..., _End | None], *arguments: object
) -> None:
    """Do something, and hand on what came of it, be it an error."""
    future: Future[_End | None] = Future()
    try:
        future.set_result(work(*arguments))
    except BaseException as error:  # noqa: BLE001 (comes out in the thread that asks for the result)
        future.set_exception(error)
    on_end(future)
