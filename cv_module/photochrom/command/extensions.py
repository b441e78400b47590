"""Commands and findings that other packages bring, found through entry points: the core imports none of them.

A package brings the command ``photochrom NAME``, and looks at things when ``photochrom doctor`` does, with::

    [project.entry-points."photochrom.commands"]
    NAME = "package.module:COMMAND"

    [project.entry-points."photochrom.findings"]
    NAME = "package.module:examine"

COMMAND is a `Command`; ``examine()`` returns `Finding`s. What cannot be loaded says so when it is used, and harms no
other command.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from photochrom.command.finding import Finding
from photochrom.errors import JobError

COMMANDS: Final = "photochrom.commands"
"""The group of entry points that are commands."""
FINDINGS: Final = "photochrom.findings"
"""The group of those that look at things for the doctor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that a package brings."""

    text: str
    """What it does, for the help: a phrase that begins with a verb."""
    add_arguments: Callable[[argparse.ArgumentParser], None]
    """Adds its arguments to a parser, and sets the parser's default ``command`` to the function that runs it: this
    takes the parsed arguments, returns the exit code, and may raise PhotochromError."""


def commands() -> dict[str, Command]:
    """The commands that packages bring, by name."""
    return {point.name: _command(point) for point in _points(COMMANDS)}


def findings() -> Iterator[Finding]:
    """What packages found when they looked."""
    for point in _points(FINDINGS):
        try:
            examine: Callable[[], Iterable[Finding]] = point.load()
        except Exception as error:  # noqa: BLE001 (a damaged package fails in its own ways)
            yield Finding(subject=point.name, state="wrong", text=_complaint(point, error), remedy=_remedy(point))
        else:
            yield from examine()


def _points(group: str) -> list[EntryPoint]:
    """The entry points of a group, each name once: a package may be on the path twice."""
    found = {point.name: point for point in reversed(tuple(entry_points(group=group)))}
    return sorted(found.values(), key=lambda point: point.name)


def _command(point: EntryPoint) -> Command:
    try:
        command = point.load()
    except Exception as error:  # noqa: BLE001 (see findings)
        return _broken(f"{_complaint(point, error)}; {_remedy(point)}")
    if not isinstance(command, Command):
        return _broken(f"{point.value} is no photochrom.command.extensions.Command; {_remedy(point)}")
    return command


def _broken(complaint: str) -> Command:
    """A command that takes anything and fails with a complaint."""

    def refuse(_: argparse.Namespace) -> int:
        raise JobError(complaint)

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("arguments", nargs=argparse.REMAINDER)
        parser.set_defaults(command=refuse)

    return Command(text="cannot be loaded: run it to see why", add_arguments=add_arguments)


def _complaint(point: EntryPoint, error: Exception) -> str:
    return f"{point.value} cannot be loaded: {type(error).__name__}: {error}"


def _remedy(point: EntryPoint) -> str:
    return f"install {point.dist.name if point.dist else 'its package'} again"
