"""Threads: how many there may be, in the process and for one photograph, how long they wait, and parts shared out.

A photograph that is alone in work is finished on all processor cores; several at once share them, because threads that
outnumber the cores gain nothing and hold memory each.

They are plain threads: Python switches every ThreadPoolExecutor off when its main thread ends, and threads of the
user's that it lets finish then could colorize nothing any more.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeVar

import cv2

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")

LOOK_AGAIN: Final = 0.1
"""How long a thread waits for something before it asks again whether it shall stop [s]."""

_share: Final[ContextVar[Callable[[], int]]] = ContextVar("photochrom_threads", default=cv2.getNumThreads)


def processors() -> int:
    """Processor cores that this process may use, as the system and its control group allow."""
    try:
        return min(len(os.sched_getaffinity(0)), cv2.getNumberOfCPUs())
    except AttributeError:  # not on macOS and Windows
        return cv2.getNumberOfCPUs()


def threads_for_a_photograph() -> int:
    """Threads that may work on one photograph now: as many as OpenCV may use, or as `shared_threads` says."""
    return max(1, _share.get()())


@contextmanager
def shared_threads(share: Callable[[], int]) -> Iterator[None]:
    """Let something else decide about the photographs that this thread works on in the block.

    Args:
        share: asked each time for how many threads there may be; less than 1 counts as 1.
    """
    token = _share.set(share)
    try:
        yield
    finally:
        _share.reset(token)


def on_threads(work: Callable[[_Part], _Result], parts: Sequence[_Part], threads: int) -> list[_Result]:
    """What something makes of every part, in their order.

    The calling thread takes parts too, and all of them where the system gives no more threads.

    Args:
        work: called once for every part; several at a time. What it raises comes out, once the parts that were begun
            have ended; so does a KeyboardInterrupt.
        parts: handed out one after the other.
        threads: how many to work on, the calling one included.
    """
    results: dict[int, _Result] = {}
    rest = iter(enumerate(parts))
    stopped = threading.Event()
    errors: list[BaseException] = []

    def take() -> None:
        for at, part in rest:
            if stopped.is_set():
                return
            results[at] = work(part)

    def help_out() -> None:
        try:
            take()
        except BaseException as error:  # noqa: BLE001 (comes out in the calling thread)
            errors.append(error)
            stopped.set()

    helpers: list[threading.Thread] = []
    try:
        for _ in range(min(threads, len(parts)) - 1):
            helper = threading.Thread(target=help_out, name="photochrom")
            try:
                helper.start()
            except RuntimeError:  # a limit of the system's, or Python is about to end
                break
            helpers.append(helper)
        take()
        for helper in helpers:
            helper.join()
    except BaseException:
        stopped.set()
        for helper in helpers:
            helper.join()
        raise
    if errors:
        raise errors[0]
    return [results[at] for at in range(len(parts))]
