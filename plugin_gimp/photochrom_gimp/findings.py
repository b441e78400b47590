"""What can keep the menu entry away, or from working, looked for without starting GIMP: for the doctor and the status.

Whether a GIMP really has the entry, only that GIMP can say; `ask` asks it.
"""

import os
from collections.abc import Iterator, Sequence

import photochrom
from photochrom.command.finding import Finding
from photochrom.errors import JobError, shown
from photochrom_gimp.advice import why_not_from_here, without_gimp
from photochrom_gimp.installation import Place, places
from photochrom_gimp.plug_in import Installed, installed
from photochrom_gimp.profile import has_old_profile, ordinary_folder
from photochrom_gimp.program import Program, can_start_in_flatpak, find_programs
from photochrom_gimp.proof import plug_in_path, prove
from photochrom_gimp.system import System, this_system
from photochrom_gimp.worker import ask_worker

_INSTALL = "photochrom gimp install"


def examine() -> list[Finding]:
    """Everything that was looked at on this system."""
    system = this_system()
    return look(system, places(system, profile=None, gimp=None, start=False))


def look(system: System, where: Sequence[Place]) -> list[Finding]:
    """What was found about the plug-in in profiles, and about GIMPs that have none.

    Args:
        system: where to look.
        where: the profiles.
    """
    programs = find_programs(system)
    current = [program for program in programs if program.version[0] == 3]
    if not where and not current:
        text, _, remedy = without_gimp(programs, old_profile=has_old_profile(system)).partition(": ")
        return [Finding(subject="GIMP", state="note", text=text, remedy=remedy)]
    findings = [Finding(subject="GIMP", state="ok", text=program.title) for program in current]
    findings += _never_started(system, current)
    for place in where:
        findings += _place(system, place)
    return findings


def ask(system: System, where: Sequence[Place]) -> Iterator[Finding]:
    """What the GIMPs themselves say; each is started, which takes seconds."""
    for place in where:
        for program in place.programs:
            proof = prove(system, program, place.profile)
            state = {"proved": "ok", "disproved": "wrong"}.get(proof.state, "note")
            if state == "ok":
                yield Finding(subject=program.title, state="ok", text=proof.text)
            elif state == "wrong":
                yield Finding(subject=program.title, state="wrong", text=proof.text, remedy=_INSTALL)
            else:
                yield Finding(subject=program.title, state="note", text=f"could not be asked: {proof.text}")


def _never_started(system: System, programs: Sequence[Program]) -> Iterator[Finding]:
    for program in programs:
        folder = ordinary_folder(system, program.series)
        if program.form == "ordinary" and not folder.is_dir():
            text = f"was never started: its settings folder {shown(folder)} is not there yet"
            yield Finding(subject=program.title, state="note", text=text, remedy=f"{_INSTALL} (it starts GIMP once)")


def _place(system: System, place: Place) -> Iterator[Finding]:
    """The plug-in in one profile: there, whole, found by GIMP, and with a worker that runs."""
    profile = place.profile
    subject = profile.title
    reason, advice = why_not_from_here(system, profile)
    remedy = advice or _INSTALL
    try:
        there = installed(profile.plug_ins)
    except JobError as error:
        yield Finding(subject=subject, state="wrong", text=str(error))
        return
    if there is None:
        text = f"the plug-in is not installed{f': {reason}' if reason else ''}"
        yield Finding(subject=subject, state="note", text=text, remedy=remedy)
        return
    if damage := there.damage():
        yield Finding(
            subject=subject, state="wrong", text=f"the plug-in is damaged: {'; '.join(damage)}", remedy=remedy
        )
        return
    yield from _reach(place)
    yield _worker(system, place, there, remedy)


def _reach(place: Place) -> Iterator[Finding]:
    """Whether GIMP looks where the plug-in lies, and may."""
    profile = place.profile
    if str(profile.plug_ins) not in plug_in_path(profile).split(os.pathsep):
        yield Finding(
            subject=profile.title,
            state="wrong",
            text="GIMP does not look into the profile's plug-ins folder: gimprc sets another plug-in-path",
            remedy=f"add {shown(profile.plug_ins)} under Edit > Preferences > Folders > Plug-ins",
        )
    if os.name == "posix" and profile.plug_ins.stat().st_uid != os.getuid():
        yield Finding(
            subject=profile.title,
            state="wrong",
            text="the plug-ins folder belongs to another user, perhaps because of sudo",
            remedy=f'sudo chown -R "$USER" {shown(profile.plug_ins)}',
        )


def _worker(system: System, place: Place, there: Installed, remedy: str) -> Finding:
    """Whether the Python that was recorded still is the plug-in's worker."""
    subject = place.profile.title
    try:
        worker = ask_worker(there.folder)
    except JobError as error:
        return Finding(subject=subject, state="wrong", text=f"the plug-in does not work: {error}", remedy=remedy)
    if place.profile.form == "flatpak" and not system.sandbox and not can_start_in_flatpak(system, worker.python):
        return Finding(
            subject=subject,
            state="wrong",
            text=f"the plug-in does not work: Flatpak's GIMP has no access to {worker.python}, or cannot start it",
            remedy=remedy,
        )
    text = f"plug-in {there.photochrom} is installed; photochrom {worker.version} in {worker.python} answers"
    if not there.photochrom == worker.version == photochrom.__version__:
        text += f"; this is photochrom {photochrom.__version__}"
        return Finding(subject=subject, state="note", text=text, remedy=f"{remedy} (makes them the same)")
    return Finding(subject=subject, state="ok", text=text)
