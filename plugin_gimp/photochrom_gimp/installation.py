"""Installing into every profile: which there are, what became of each, and the proof."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from photochrom.errors import JobError
from photochrom_gimp import plug_in
from photochrom_gimp.advice import why_not_from_here, without_gimp
from photochrom_gimp.plug_in import SOURCE, Interpreter
from photochrom_gimp.profile import Profile, find_profiles, given_profile, has_old_profile, ordinary_folder
from photochrom_gimp.program import Program, find_programs, given_program, run
from photochrom_gimp.proof import Proof, prove
from photochrom_gimp.system import System
from photochrom_gimp.worker import ask_worker, this_python

_FIRST_START = ("-n", "-i", "--quit")
"""GIMP makes its profile, with what it takes over from an older one, and ends."""
_FIRST_START_LIMIT = 180.0
"""How long that may take [s]; 5 to 20 are usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One profile, and the GIMPs that use it."""

    profile: Profile
    programs: Sequence[Program]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the plug-in in one profile."""

    place: Place
    status: Literal["installed", "updated", "removed", "absent", "skipped", "failed"]
    """Absent: there was none to remove. Skipped: only the GIMP of the profile itself can do it."""
    reason: str = ""
    """Why it was skipped or failed."""
    remedy: str = ""
    """What to do about that."""
    proofs: Sequence[Proof] = ()

    @property
    def is_well(self) -> bool:
        """Whether it is done as far as anybody can tell."""
        return self.status != "failed" and not any(proof.state == "disproved" for proof in self.proofs)


def places(system: System, *, profile: Path | None, gimp: Path | None, start: bool) -> list[Place]:
    """The profiles to work on, each with its GIMPs.

    Args:
        system: where to look.
        profile: the only one, given by the user; None: all that are found.
        gimp: a GIMP given by the user, known besides those that are found.
        start: whether a GIMP that was never started is started once, so that it makes its profile.

    Raises:
        JobError: the profile or GIMP given is none, or a GIMP does not start.
    """
    programs = [*([given_program(system, gimp)] if gimp else []), *find_programs(system)]
    programs = [program for program in programs if program.version[0] == 3]
    if profile is not None:
        given = given_profile(profile)
        return [Place(profile=given, programs=[program for program in programs if given.is_of(program.series)])]
    if start:
        for program in programs:
            _make_profile(system, program)
    return [
        Place(profile=found, programs=[program for program in programs if _uses(program, found)])
        for found in find_profiles(system)
    ]


def nowhere(system: System) -> str:
    """What to say to a user for whom there are no places."""
    return without_gimp(find_programs(system), old_profile=has_old_profile(system))


def install(system: System, where: Sequence[Place], *, proof: bool) -> Iterator[Outcome]:
    """Put the plug-in into profiles, with the Python that runs this as its worker's; one outcome after the other.

    Args:
        system: where GIMP runs.
        where: the profiles.
        proof: whether each GIMP is asked whether it works.

    Raises:
        JobError: the plug-in cannot work with this Python; nothing was changed.
    """
    interpreter = _interpreter()
    for place in where:
        yield _install(system, place, interpreter, proof=proof)


def uninstall(where: Sequence[Place]) -> Iterator[Outcome]:
    """Remove the plug-in from profiles; one outcome after the other."""
    for place in where:
        try:
            removed = plug_in.uninstall(place.profile.plug_ins)
        except JobError as error:
            yield Outcome(place=place, status="failed", reason=str(error))
        else:
            yield Outcome(place=place, status="removed" if removed else "absent")


def _interpreter() -> Interpreter:
    python = this_python()
    try:
        worker = ask_worker(SOURCE, python)
    except JobError as error:
        raise JobError(
            f"the plug-in could not use {python}, so nothing was installed: {error} "
            "(photochrom has to be installed in it, with pip for instance; PYTHONPATH does not reach it)"
        ) from None
    return Interpreter(python=python, photochrom=worker.version, protocol=worker.protocol)


def _install(system: System, place: Place, interpreter: Interpreter, *, proof: bool) -> Outcome:
    reason, remedy = why_not_from_here(system, place.profile)
    if reason:
        return Outcome(place=place, status="skipped", reason=reason, remedy=remedy)
    try:
        status = plug_in.install(place.profile.plug_ins, interpreter)
    except JobError as error:
        return Outcome(place=place, status="failed", reason=str(error))
    proofs = [prove(system, program, place.profile) for program in place.programs] if proof else []
    return Outcome(place=place, status=status, proofs=proofs)


def _make_profile(system: System, program: Program) -> None:
    """Let a GIMP that was never started make its profile."""
    folder = ordinary_folder(system, program.series)
    if program.form != "ordinary" or folder.is_dir():
        return
    done = run(system, program, _FIRST_START, profile=None, script="", limit=_FIRST_START_LIMIT)
    if not folder.is_dir():
        last = done.errors.strip().rpartition("\n")[2]
        raise JobError(
            f"{program.title}: was never started, and starting it without a window did not make its settings folder "
            f"{folder} (exit code {done.code}: {last}); start it once yourself, then photochrom gimp install"
        )


def _uses(program: Program, profile: Profile) -> bool:
    return program.form == profile.form and profile.is_of(program.series)
