"""The proof: a GIMP without a window is asked whether the filter is registered, and colorizes a small picture with it.

GIMP runs in a profile of its own, made for the purpose and removed afterwards, with the user's folders of plug-ins. So
nothing in the user's profile changes, and a GIMP that is open is not disturbed.
"""

import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from photochrom.errors import JobError
from photochrom_gimp.plug_in import NAME
from photochrom_gimp.profile import Profile
from photochrom_gimp.program import Program, Run, run
from photochrom_gimp.system import System

MENU: Final = "Filters > Photochrom > Colorize"
_SCRIPT: Final = Path(__file__).parent / "in_gimp" / "prove.py"
_MARK: Final = "photochrom-proof "
"""What stands before the script's answer."""
_ARGUMENTS: Final = ("-n", "-i", "-d", "-f", "--batch-interpreter=python-fu-eval", "-b", "-", "--quit")
_LIMIT: Final = 180.0
"""How long GIMP may take in all [s]; a first start takes 5 to 20."""
_NO_INTERPRETER: Final = 69
"""GIMP's exit code where it has no such batch interpreter."""
_TRACEBACK: Final = re.compile(r"Traceback \(most recent call last\):\n(?P<frames>([ \t].*\n)+)(?P<error>\S.*)")
_PLUG_IN_PATH: Final = re.compile(r'\(plug-in-path\s+"((?:[^"\\]|\\.)*)"\)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What came of asking a GIMP."""

    gimp: str
    """Its version and program."""
    state: Literal["proved", "disproved", "not possible"]
    """Not possible: GIMP itself does not run without a window here, which says nothing about the plug-in."""
    text: str
    """What was seen, in words."""
    seconds: float = 0.0
    """How long the colorization took, with the start of the worker [s]; 0: there was none."""


def prove(system: System, program: Program, profile: Profile) -> Proof:
    """Ask a GIMP about the plug-in in a profile."""
    try:
        with tempfile.TemporaryDirectory(
            prefix="photochrom-gimp-", dir=_workspace(system, program), ignore_cleanup_errors=True
        ) as folder:
            (Path(folder) / "gimprc").write_text(_settings(profile), encoding="utf-8")
            script = _SCRIPT.read_text(encoding="utf-8")
            done = run(system, program, _ARGUMENTS, profile=Path(folder), script=script, limit=_LIMIT)
    except JobError as error:
        return Proof(gimp=program.title, state="not possible", text=str(error))
    except OSError as error:
        return Proof(gimp=program.title, state="not possible", text=f"no folder for it: {error}")
    return _judge(program, profile, done)


def plug_in_path(profile: Profile) -> str:
    """Where a GIMP with this profile looks for plug-ins: as its gimprc says, else as GIMP does without."""
    try:
        settings = (profile.folder / "gimprc").read_text(encoding="utf-8", errors="replace")
    except OSError:
        settings = ""
    match = _PLUG_IN_PATH.search(settings)
    own = (
        re.sub(r"\\(.)", r"\1", match[1])
        if match
        else f"${{gimp_dir}}/plug-ins{os.pathsep}${{gimp_plug_in_dir}}/plug-ins"
    )
    return own.replace("${gimp_dir}", str(profile.folder))


def looks_into_plug_ins(profile: Profile) -> bool:
    """Whether a GIMP with this profile looks into the profile's own folder of plug-ins."""
    own = profile.plug_ins.resolve()
    return any(Path(place).resolve() == own for place in plug_in_path(profile).split(os.pathsep) if place)


def _settings(profile: Profile) -> str:
    """The gimprc of a profile that has the plug-ins of another."""
    escaped = plug_in_path(profile).replace("\\", "\\\\").replace('"', '\\"')
    return f'(plug-in-path "{escaped}")\n'


def _workspace(system: System, program: Program) -> Path | None:
    """A folder that GIMP sees too; None: the system's for temporary files."""
    if program.form == "flatpak":
        return system.home / ".var" / "app" / "org.gimp.GIMP" / "cache"
    return system.home / "snap" / "gimp" / "common" if program.form == "snap" else None


def _judge(program: Program, profile: Profile, done: Run) -> Proof:
    lines = [line.removeprefix(_MARK) for line in done.output.splitlines() if line.startswith(_MARK)]
    if not lines:
        return _silent(program, done)
    answer = json.loads(lines[-1])
    if not answer["registered"]:
        text = f"{MENU} is not there: {_why_not_registered(profile, done)}"
        return Proof(gimp=program.title, state="disproved", text=text)
    if not answer["succeeded"]:
        text = f"{MENU} is there, but failed on a small picture: {answer['message']}"
        return Proof(gimp=program.title, state="disproved", text=text, seconds=answer["seconds"])
    if not answer["coloured"]:
        text = f"{MENU} is there and said that it succeeded, but the picture has no colours"
        return Proof(gimp=program.title, state="disproved", text=text, seconds=answer["seconds"])
    text = f"{MENU} is there, and colorized a small picture in {answer['seconds']:.1f} s"
    return Proof(gimp=program.title, state="proved", text=text, seconds=answer["seconds"])


def _silent(program: Program, done: Run) -> Proof:
    """What a GIMP that did not come as far as the script lacks."""
    if done.code == _NO_INTERPRETER:
        text = (
            "this GIMP runs no plug-ins in Python (it has no python-fu-eval); install its Python support, in Debian "
            "and Ubuntu: apt install gir1.2-gimp-3.0 python3-gi"
        )
        return Proof(gimp=program.title, state="disproved", text=text)
    if "cannot open display" in done.errors.lower():
        text = "does not start without a display, and there is no gimp-console; look into its menu yourself"
        return Proof(gimp=program.title, state="not possible", text=text)
    text = f"ended with code {done.code} before it could be asked: {_last_line(done.errors)}"
    return Proof(gimp=program.title, state="not possible", text=text)


def _why_not_registered(profile: Profile, done: Run) -> str:
    """What GIMP said about the plug-in, or where it looks for plug-ins instead."""
    if not looks_into_plug_ins(profile):
        return f"gimprc in the profile has a plug-in-path without {profile.plug_ins}"
    reasons = [match["error"] for match in _TRACEBACK.finditer(done.errors) if NAME in match["frames"]]
    return reasons[-1] if reasons else "GIMP passed it over without a word"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
