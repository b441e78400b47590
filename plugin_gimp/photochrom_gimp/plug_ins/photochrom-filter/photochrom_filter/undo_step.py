"""One step of GIMP's undo for everything that a filter does to an image."""

from collections.abc import Iterator
from contextlib import contextmanager

from gi.repository import Gimp


@contextmanager
def undo_step(image: Gimp.Image) -> Iterator[None]:
    """Everything done to an image inside is undone at once, also when it ends with an error."""
    image.undo_group_start()
    try:
        yield
    finally:
        image.undo_group_end()
