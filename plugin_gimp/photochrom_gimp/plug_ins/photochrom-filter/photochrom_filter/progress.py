"""How far a filter is, in GIMP's status bar; on a terminal or in a batch GIMP shows or ignores it as it sees fit."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gi.repository import Gimp


@contextmanager
def progress(title: str, parts: int) -> Iterator[Callable[[int, float], None]]:
    """A function that takes which part is in work, from 0, and how much of that is done, 0 to 1."""
    Gimp.progress_init(title)
    try:
        yield lambda part, done: Gimp.progress_update(min(1.0, (part + done) / parts))
    finally:
        Gimp.progress_end()
