"""Shell completion: options by name, their choices, and files where files belong."""

import argparse
from typing import Final, Literal

Shell = Literal["bash", "zsh", "tcsh"]
"""The shells that are known."""

_FILES: Final = frozenset(
    {"inputs", "output", "from_list", "base", "confidence_out", "report", "model", "profile", "gimp"}
)
"""Arguments that take the name of a file or folder."""


def completion_script(parser: argparse.ArgumentParser, shell: Shell) -> str:
    """The script that teaches a shell to complete a command.

    Args:
        parser: of the command; what takes files is marked in it.
        shell: the script's language.
    """
    import shtab  # the other commands need not wait for it

    _mark_files(parser, shtab.FILE)
    return shtab.complete(parser, shell=shell)


def _mark_files(parser: argparse.ArgumentParser, mark: object) -> None:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _mark_files(command, mark)
        elif action.dest in _FILES:
            action.complete = mark  # type: ignore[attr-defined] # where shtab looks for it
