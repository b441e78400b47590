"""Threads: how many there may be, in the process and for one photograph, and how long they wait.

A photograph that is alone in work is finished on all processor cores; several at once share them, because threads that
outnumber the cores gain nothing and hold memory each.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

import cv2

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
