"""A budget of memory that photographs in work share."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from photochrom.conversion.system_memory import free_memory, own_memory
from photochrom.errors import ImageError, JobError
from photochrom.threads import LOOK_AGAIN


class CancelledError(Exception):
    """A wait for memory was ended by whoever waited."""


class MemoryBudget:
    """Memory that several threads share; who asks first is served first, and nobody waits for ever.

    What a photograph takes is known piece by piece: its file first, and what its pixels need only when the file has
    been read. Two that hold a first piece and wait for a second would wait for each other, so one alone is admitted to
    take pieces at a time; the others are at work, and will give theirs back.
    """

    def __init__(self, limit: int, *, strict: bool) -> None:
        """A budget of which nothing is taken.

        Args:
            limit: what all reservations may come to [bytes].
            strict: whether a single reservation that is larger than the limit is refused; else it is granted as soon
                as it is the only one.
        """
        self.limit = limit
        self.strict = strict
        self._taken = 0
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    @property
    def taken(self) -> int:
        """What all reservations come to [bytes]."""
        return self._taken

    @contextmanager
    def admit(self, cancelled: Callable[[], bool] = lambda: False) -> Iterator["Reservation"]:
        """A reservation of nothing yet, to take memory with; the next one is admitted when the block ends.

        It lasts beyond the block, until it is released; a block that ends with an exception releases it.

        Args:
            cancelled: asked ten times a second while waiting, here and in `Reservation.take`.

        Raises:
            CancelledError: ``cancelled`` said so before its turn came.
        """
        turn = object()
        reservation = Reservation(self, cancelled)
        with self._changed:
            self._queue.append(turn)
        try:
            self._wait(lambda: self._queue[0] is turn, cancelled)
            yield reservation
        except BaseException:
            reservation.release()
            raise
        finally:
            with self._changed:
                self._queue.remove(turn)
                self._changed.notify_all()

    def _wait(self, ready: Callable[[], bool], cancelled: Callable[[], bool]) -> None:
        with self._changed:
            while not ready():
                if cancelled():
                    raise CancelledError
                self._changed.wait(LOOK_AGAIN)

    def _take(self, reservation: "Reservation", size: int) -> None:
        wanted = reservation.size + size
        if self.strict and wanted > self.limit:
            raise ImageError(
                f"it takes {wanted / 1e6:.0f} MB of memory, and the limit leaves {self.limit / 1e6:.0f} MB "
                "for photographs: allow more with --memory (memory=...)"
            )

        def fits() -> bool:
            others = self._taken - reservation.size
            return others + wanted <= self.limit or others == 0

        self._wait(fits, reservation.cancelled)
        with self._changed:  # only who is admitted takes, so it still fits
            self._taken += size

    def _give_back(self, size: int) -> None:
        with self._changed:
            self._taken -= size
            self._changed.notify_all()


class Reservation:
    """A share of a budget."""

    def __init__(self, budget: MemoryBudget, cancelled: Callable[[], bool]) -> None:
        self._budget = budget
        self.cancelled = cancelled
        self.size = 0

    def take(self, size: int) -> None:
        """Add memory to the reservation, as soon as there is enough.

        Args:
            size: how much more [bytes].

        Raises:
            ImageError: of a strict budget: this reservation alone would be larger than it.
            CancelledError: the wait was cancelled; what was taken before stays.
        """
        self._budget._take(self, size)
        self.size += size

    def release(self) -> None:
        """Give all of it back; once more does nothing."""
        size, self.size = self.size, 0
        self._budget._give_back(size)


def budget_of(limit: int | None) -> MemoryBudget:
    """The budget for photographs under a limit for the whole process.

    Args:
        limit: what the process may take, with what it has now [bytes]; None: half of what is free, and more for a
            photograph that is alone in work.

    Raises:
        JobError: the process has more than the limit already.
    """
    if limit is None:
        return MemoryBudget(free_memory() // 2, strict=False)
    own = own_memory()
    if limit <= own:
        raise JobError(
            f"the memory limit is {limit / 1e6:.0f} MB, and the program with its network takes {own / 1e6:.0f} MB "
            "before the first photograph: allow more with --memory (memory=...)"
        )
    return MemoryBudget(limit - own, strict=True)
