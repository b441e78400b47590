"""How much memory is free, and how much this process has.

Free is what Linux could give without swapping, or what the process's control group leaves of a limit that it or a group
around it has, whichever is less. On another system half of what the machine has counts as free, and where even that is
unknown, `UNKNOWN_FREE`.

Source:
    proc(5), MemAvailable and statm; cgroups(7); the Linux kernel's pages on control groups v1 (memory) and v2.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

UNKNOWN_FREE: Final = 2 << 30
"""What counts as free where the system does not tell [bytes]."""
UNKNOWN_OWN: Final = 256 << 20
"""What the process counts as having where the system does not tell [bytes]; measured: 150 MB with a network."""


def free_memory(root: Path = Path("/")) -> int:
    """What this process could still take without harm to others [bytes].

    Args:
        root: below which ``proc`` and ``sys`` are.
    """
    available = _table(root / "proc" / "meminfo").get("MemAvailable:")
    machine = _half_of_the_machine() if available is None else available * 1024
    return max(0, min([machine, *_left_by_groups(root)]))


def own_memory(root: Path = Path("/")) -> int:
    """What this process has in memory now [bytes].

    Args:
        root: below which ``proc`` is.
    """
    try:
        pages = int((root / "proc" / "self" / "statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return UNKNOWN_OWN
    return pages * os.sysconf("SC_PAGE_SIZE")


def _half_of_the_machine() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, OSError, ValueError):  # what sysconf raises where it, or a name, is unknown
        return UNKNOWN_FREE


def _left_by_groups(root: Path) -> Iterator[int]:
    """What each control group around this process leaves of its limit [bytes].

    Pages of files that nobody used of late count as left: the kernel drops them before it refuses memory.
    """
    for folder, limit_name, use_name, cache_name in _groups(root):
        limit, use = _number(folder / limit_name), _number(folder / use_name)
        if limit is not None and use is not None:
            yield limit - use + _table(folder / "memory.stat").get(cache_name, 0)


def _groups(root: Path) -> Iterator[tuple[Path, str, str, str]]:
    """Folders of the control groups around this process, with the names of what is to be read there."""
    try:
        lines = (root / "proc" / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return
    mounts = root / "sys" / "fs" / "cgroup"
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            mount, names = mounts, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            mount = mounts / "memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        # Inside a container the path may be that of the host, while the container sees its own group as the top.
        group = Path(path.lstrip("/"))
        for folder in (group, *group.parents):
            yield mount / folder, *names


def _number(file: Path) -> int | None:
    """The number in a file; None where there is none, such as "max" for no limit."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _table(file: Path) -> dict[str, int]:
    """The numbers in a file of lines that are a name and a number; empty where there is no such file."""
    try:
        rows = [line.split() for line in file.read_text().splitlines()]
    except OSError:
        return {}
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}
