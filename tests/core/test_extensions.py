"""Packages bring commands and findings through entry points; a damaged one harms nobody else."""

import argparse
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from photochrom.command import extensions
from photochrom.command.cli import main
from photochrom.command.extensions import COMMANDS, FINDINGS, Command
from photochrom.command.finding import Finding

Brings = Callable[..., None]


def greet(options: argparse.Namespace) -> int:
    sys.stdout.write(f"hello {options.whom}\n")
    return 7


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("whom", choices=["mother", "father"])
    parser.set_defaults(command=greet)


COMMAND = Command(text="greet somebody", add_arguments=add_arguments)


def examine() -> list[Finding]:
    return [Finding(subject="greeting", state="ok", text="polite")]


@pytest.fixture
def bring(monkeypatch: pytest.MonkeyPatch) -> Brings:
    """Makes these the only entry points: ``bring(group, name="module:object")``."""

    def bring(group: str, **points: str) -> None:
        found = EntryPoints(EntryPoint(name, value, group) for name, value in points.items())
        monkeypatch.setattr(extensions, "entry_points", lambda *, group: found.select(group=group))

    return bring


def test_a_package_brings_a_command_with_its_arguments_help_and_completion(
    bring: Brings, capsys: pytest.CaptureFixture[str]
):
    bring(COMMANDS, greet=f"{__name__}:COMMAND")
    assert main(["greet", "mother"]) == 7
    assert capsys.readouterr().out == "hello mother\n"
    assert main(["completion", "bash"]) == 0
    assert "father" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "greet somebody" in capsys.readouterr().out


def test_without_such_packages_the_command_is_what_it_was(bring: Brings, capsys: pytest.CaptureFixture[str]):
    bring(COMMANDS)
    with pytest.raises(SystemExit) as ended:
        main(["gimp", "install"])
    assert ended.value.code == 2
    assert "invalid choice: 'gimp'" in capsys.readouterr().err
    assert list(extensions.findings()) == []


@pytest.mark.parametrize(
    ("value", "why"), [("no_such_package:COMMAND", "No module named"), (f"{__name__}:greet", "no ")]
)
def test_a_command_that_cannot_be_loaded_says_so_and_hinders_no_other(
    bring: Brings, value: str, why: str, capsys: pytest.CaptureFixture[str]
):
    bring(COMMANDS, greet=f"{__name__}:COMMAND", lost=value)
    assert main(["greet", "father"]) == 7
    assert main(["lost", "install", "--all"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"photochrom: error: {value}")
    assert why in error
    assert "again" in error


def test_a_package_brings_findings_or_is_one_itself(bring: Brings):
    bring(FINDINGS, greeting=f"{__name__}:examine", lost="no_such_package:examine")
    found = {finding.subject: finding for finding in extensions.findings()}
    assert found["greeting"].text == "polite"
    assert found["lost"].state == "wrong"
    assert "no_such_package" in found["lost"].text
