"""``photochrom gimp install|status|uninstall``: arguments in, text or JSON and an exit code out.

Exit codes: 0 done, and nothing wrong was seen; 1 something failed, is wrong, or does not work in GIMP; 2 nothing was
begun: wrong arguments, no GIMP 3, or a Python with which the plug-in could not work.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Final

import photochrom
from photochrom.command.extensions import Command
from photochrom.command.finding import count_wrong, print_findings
from photochrom.errors import JobError
from photochrom_gimp import findings, installation
from photochrom_gimp.advice import why_not_from_here, without_gimp
from photochrom_gimp.installation import Outcome, Survey
from photochrom_gimp.system import System, this_system
from photochrom_gimp.worker import this_python

FORMAT: Final = 1
"""The version of the keys of ``--json``."""

_WORDS: Final = {
    "installed": "installed",
    "updated": "updated",
    "removed": "removed",
    "absent": "there was nothing to remove",
    "skipped": "skipped",
    "failed": "FAILED",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its own commands."""
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, text: str) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False)
        added.add_argument(
            "--profile",
            type=Path,
            metavar="DIR",
            help="only this settings folder of GIMP (default: all that are found)",
        )
        added.add_argument("--json", action="store_true", help="what came of it, as JSON")
        return added

    install = add("install", "install or update the plug-in in every GIMP 3 of yours, and prove that it works there")
    install.add_argument("--gimp", type=Path, metavar="FILE", help="a GIMP that is not found by itself: an AppImage")
    install.add_argument("--no-proof", action="store_true", help="do not start GIMP to see whether it works")
    install.set_defaults(command=_install)
    status = add("status", "say where the plug-in is, and what is wrong with it")
    status.add_argument("--gimp", type=Path, metavar="FILE", help="a GIMP that is not found by itself: an AppImage")
    status.add_argument("--prove", action="store_true", help="start each GIMP and let it colorize a small picture")
    status.set_defaults(command=_status)
    uninstall = add("uninstall", "remove the plug-in from every GIMP 3 of yours")
    uninstall.set_defaults(command=_uninstall, gimp=None)


COMMAND: Final = Command(text="install the plug-in for GIMP 3, look after it, remove it", add_arguments=add_arguments)


def _install(options: argparse.Namespace) -> int:
    system = this_system()
    found = _survey(system, options)
    if options.profile is None and installation.make_profiles(system, found, _say):
        found = _survey(system, options)
    if not found.places:  # all GIMPs are in sandboxes, and none was started
        raise JobError("; ".join(why_not_from_here(system, found.usable[0].form)))
    results = installation.install(system, found.places, proof=not options.no_proof, say=_say)
    outcomes = _report(results, quiet=options.json)
    done = any(outcome.status != "skipped" for outcome in outcomes)
    code = 0 if done and all(outcome.is_well for outcome in outcomes) else 1
    if options.json:
        _print_json(code, interpreter=this_python(), profiles=[_record(outcome) for outcome in outcomes])
    elif any(outcome.status in ("installed", "updated") for outcome in outcomes):
        print(
            f"The worker's Python is {this_python()}; after moving it, or another version of photochrom, install again."
        )
        print("A GIMP that is open now has to be started again.")
    return code


def _status(options: argparse.Namespace) -> int:
    system = this_system()
    found = installation.survey(system, profile=options.profile, gimp=options.gimp)
    seen = findings.look(system, found)
    if options.prove:
        seen += findings.ask(system, found.places)
    if options.json:
        code = 1 if count_wrong(seen) else 0
        _print_json(code, findings=[asdict(finding) for finding in seen])
        return code
    return print_findings(seen)


def _uninstall(options: argparse.Namespace) -> int:
    found = _survey(this_system(), options)
    outcomes = _report(installation.uninstall(found.places), quiet=options.json)
    code = 0 if all(outcome.is_well for outcome in outcomes) else 1
    if options.json:
        _print_json(code, profiles=[_record(outcome) for outcome in outcomes])
    elif not outcomes:
        print("no GIMP here was ever started: there was nothing to remove")
    return code


def _survey(system: System, options: argparse.Namespace) -> Survey:
    """What there is to work on.

    Raises:
        JobError: nothing, or it is another user's.
    """
    if system.variables.get("SUDO_USER") and options.profile is None:
        raise JobError(
            "run this without sudo: the plug-in lies in your own settings of GIMP, not in the system's; "
            "for another user's settings name them with --profile DIR"
        )
    found = installation.survey(system, profile=options.profile, gimp=options.gimp)
    if not found.places and not found.usable:
        raise JobError("; ".join(without_gimp(system, found.programs)))
    return found


def _say(text: str) -> None:
    print(f"photochrom: {text}", file=sys.stderr)


def _report(outcomes: Iterable[Outcome], *, quiet: bool) -> list[Outcome]:
    """Print outcomes as they come, failures to standard error."""
    done = []
    for outcome in outcomes:
        done.append(outcome)
        if not quiet:
            _print(outcome)
    return done


def _print(outcome: Outcome) -> None:
    reason = f": {outcome.reason}" if outcome.reason else ""
    failed = outcome.status == "failed"
    print(f"{outcome.profile.title}: {_WORDS[outcome.status]}{reason}", file=sys.stderr if failed else sys.stdout)
    if outcome.remedy:
        print(f"  -> {outcome.remedy}")
    for proof in outcome.proofs:
        print(f"  {proof.state.upper() if proof.state == 'disproved' else proof.state} by {proof.gimp}: {proof.text}")
    if outcome.status in ("installed", "updated") and not outcome.proofs:
        print("  not proved: no GIMP was started for it; look for Filters > Photochrom > Colorize in its menu")
    sys.stdout.flush()


def _record(outcome: Outcome) -> dict[str, object]:
    profile = outcome.profile
    return {
        "profile": str(profile.folder),
        "form": profile.form,
        "status": outcome.status,
        "reason": outcome.reason,
        "remedy": outcome.remedy,
        "proofs": [asdict(proof) for proof in outcome.proofs],
    }


def _print_json(code: int, **facts: object) -> None:
    print(json.dumps({"format": FORMAT, "photochrom": photochrom.__version__, "exit_code": code, **facts}, indent=2))
