"""Which photographs in a folder have arrived, by what one look after the other finds."""

from collections.abc import Iterable, Set
from pathlib import Path

from photochrom.conversion.result import FileResult
from photochrom.conversion.search import Found


class Arrivals:
    """What was seen so far of a folder that photographs arrive in.

    A photograph has arrived when two looks in a row find its file with the same size and time of change; one that is
    still being copied has another one or the other. It arrives again when its file has changed. Of what is gone nothing
    is kept, so memory grows only by what lies in the folder.
    """

    def __init__(self) -> None:
        self._seen: dict[Path, _Sight] = {}

    @property
    def known(self) -> Set[Path]:
        """What the last look saw, or took for still there."""
        return self._seen.keys()

    def look(self, there: Iterable[Found | FileResult]) -> list[Found | FileResult]:
        """What has arrived since the last look.

        Args:
            there: all photographs in the folder now, and the folders that could not be looked into. Those arrive when
                that begins; what was seen in them before is taken for still there.
        """
        arrived: list[Found | FileResult] = []
        sights: dict[Path, _Sight] = {}
        unreadable = set()
        for one in there:
            before = self._seen.get(one.source)
            if isinstance(one, FileResult):
                unreadable.add(one.source)
                sight: _Sight | None = (one.reason, True)
                is_new = before != sight
            else:
                sight, is_new = _see(one, before)
            if sight is not None:
                sights[one.source] = sight
            if is_new:
                arrived.append(one)
        if unreadable:
            sights |= {path: sight for path, sight in self._seen.items() if not unreadable.isdisjoint(path.parents)}
        self._seen = sights
        return arrived


_Sight = tuple[object, bool]
"""What tells whether something changed: size and time of change of a file; and whether it has arrived."""


def _see(found: Found, before: _Sight | None) -> tuple[_Sight | None, bool]:
    """What is seen of a photograph, nothing if it is gone; and whether it has arrived just now."""
    try:
        status = found.source.stat()
    except OSError:
        return None, False
    mark = (status.st_size, status.st_mtime_ns)
    if before == (mark, True):
        return before, False
    has_arrived = before == (mark, False)
    return (mark, has_arrived), has_arrived
