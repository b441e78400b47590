"""What can keep the menu entry away, or from working, looked for without starting GIMP: for the doctor and the status.

Whether a GIMP really has the entry, only that GIMP can say; `ask` asks it.
"""

import os
from collections.abc import Iterator, Sequence

import photochrom
from photochrom.command.finding import Finding
from photochrom.errors import JobError, shown
from photochrom_gimp.advice import why_not_from_here, without_gimp
from photochrom_gimp.installation import Place, Survey, survey, was_never_started
from photochrom_gimp.plug_in import Installed, installed
from photochrom_gimp.profile import Profile, ordinary_folder
from photochrom_gimp.program import Program, can_start_in_flatpak
from photochrom_gimp.proof import looks_into_plug_ins, prove
from photochrom_gimp.system import System, this_system
from photochrom_gimp.worker import ask_worker

_INSTALL = "photochrom gimp install"


def examine() -> list[Finding]:
    """Everything that was looked at on this system."""
    system = this_system()
    return look(system, survey(system))


def look(system: System, found: Survey) -> list[Finding]:
    """What is the matter with the plug-in in each profile, and with GIMPs that have none.

    Args:
        system: where the survey was made.
        found: what it found.
    """
    if not found.places and not found.usable:
        text, remedy = without_gimp(system, found.programs)
        return [Finding(subject="GIMP", state="note", text=text, remedy=remedy)]
    findings = [_program(system, program) for program in found.usable]
    for place in found.places:
        findings += _profile(system, place.profile)
    return findings


def ask(system: System, places: Sequence[Place]) -> Iterator[Finding]:
    """What the GIMPs themselves say; each is started, which takes seconds."""
    for place in places:
        for program in place.programs:
            proof = prove(system, program, place.profile)
            if proof.state == "proved":
                yield Finding(subject=program.title, state="ok", text=proof.text)
            elif proof.state == "disproved":
                yield Finding(subject=program.title, state="wrong", text=proof.text, remedy=_INSTALL)
            else:
                yield Finding(subject=program.title, state="note", text=f"could not be asked: {proof.text}")


def _program(system: System, program: Program) -> Finding:
    if not was_never_started(system, program):
        return Finding(subject=program.title, state="ok", text="can be started")
    text = f"was never started: its settings folder {shown(ordinary_folder(system, program.series))} is not there yet"
    return Finding(subject=program.title, state="note", text=text, remedy=f"{_INSTALL} (it starts GIMP once)")


def _profile(system: System, profile: Profile) -> Iterator[Finding]:
    """The plug-in in one profile: there, whole, found by GIMP, and with a worker that runs."""
    subject = profile.title
    reason, advice = why_not_from_here(system, profile.form)
    remedy = advice or _INSTALL
    if profile.plug_ins.exists() and not os.access(profile.plug_ins, os.R_OK | os.X_OK):
        text = f"{shown(profile.plug_ins)} cannot be looked at: its permissions forbid it"
        yield Finding(subject=subject, state="wrong", text=text, remedy=f"chmod u+rwx {shown(profile.plug_ins)}")
        return
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
    yield from _reach(profile)
    yield _worker(system, profile, there, remedy)


def _reach(profile: Profile) -> Iterator[Finding]:
    """Whether GIMP looks where the plug-in lies, and the user may."""
    if not looks_into_plug_ins(profile):
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


def _worker(system: System, profile: Profile, there: Installed, remedy: str) -> Finding:
    """Whether the Python that was recorded still is the plug-in's worker."""
    subject = profile.title
    try:
        worker = ask_worker(there.folder)
    except JobError as error:
        return Finding(subject=subject, state="wrong", text=f"the plug-in does not work: {error}", remedy=remedy)
    if profile.form == "flatpak" and not system.sandbox and not can_start_in_flatpak(system, worker.python):
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
