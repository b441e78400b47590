"""The plug-in in every profile: which profiles and GIMPs there are, what became of each, and the proof."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from photochrom.errors import JobError, shown
from photochrom_gimp import plug_in
from photochrom_gimp.advice import why_not_from_here
from photochrom_gimp.plug_in import SOURCE, Interpreter
from photochrom_gimp.profile import Profile, find_profiles, given_profile, ordinary_folder
from photochrom_gimp.program import Program, find_programs, given_program, run
from photochrom_gimp.proof import Proof, prove
from photochrom_gimp.system import System
from photochrom_gimp.worker import ask_worker, this_python

Say = Callable[[str], object]
"""Takes a line about what is being waited for."""

_FIRST_START: Final = ("-n", "-i", "--quit")
"""GIMP makes its profile, with what it takes over from an older one, and ends."""
_FIRST_START_LIMIT: Final = 180.0
"""How long that may take [s]; 5 to 25 were seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One profile, and the GIMPs that use it."""

    profile: Profile
    programs: Sequence[Program]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The GIMPs and profiles on a system."""

    programs: Sequence[Program]
    """Of all versions."""
    places: Sequence[Place]
    """The profiles of GIMP 3."""

    @property
    def usable(self) -> list[Program]:
        """The GIMPs that can have the plug-in."""
        return [program for program in self.programs if program.version[0] == 3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the plug-in in one profile."""

    profile: Profile
    status: Literal["installed", "updated", "removed", "absent", "skipped", "failed"]
    """Absent: there was none to remove. Skipped: only the GIMP of the profile itself can do it."""
    reason: str = ""
    """Why it was skipped or failed."""
    remedy: str = ""
    """What to do about that."""
    proofs: Sequence[Proof] = ()

    @property
    def is_well(self) -> bool:
        """Whether nothing is known to be wrong."""
        return self.status != "failed" and not any(proof.state == "disproved" for proof in self.proofs)


def survey(system: System, *, profile: Path | None = None, gimp: Path | None = None) -> Survey:
    """Look for GIMPs and profiles.

    Args:
        system: where to look.
        profile: the only profile, given by the user; None: all that are found.
        gimp: a GIMP given by the user, besides those that are found.

    Raises:
        JobError: the profile or GIMP given is none.
    """
    programs = [*([given_program(system, gimp)] if gimp else []), *find_programs(system)]
    profiles = find_profiles(system) if profile is None else [given_profile(profile)]
    usable = [program for program in programs if program.version[0] == 3]
    return Survey(
        programs=programs,
        places=[Place(profile=found, programs=[each for each in usable if _uses(each, found)]) for found in profiles],
    )


def make_profiles(system: System, found: Survey, say: Say) -> bool:
    """Start every ordinary GIMP that was never started, so that it makes its profile; whether there was one.

    Raises:
        JobError: it does not start, or makes none.
    """
    new = [program for program in found.usable if was_never_started(system, program)]
    for program in new:
        say(f"starting {program.title} for the first time, so that it makes its settings folder")
        done = run(system, program, _FIRST_START, profile=None, script="", limit=_FIRST_START_LIMIT)
        if was_never_started(system, program):
            raise JobError(
                f"{program.title}: was never started, and starting it without a window did not make its settings "
                f"folder {shown(ordinary_folder(system, program.series))} (exit code {done.code}); start it once "
                "yourself, then photochrom gimp install"
            )
    return bool(new)


def was_never_started(system: System, program: Program) -> bool:
    """Whether an ordinary GIMP has no profile yet."""
    return program.form == "ordinary" and not ordinary_folder(system, program.series).is_dir()


def install(system: System, places: Sequence[Place], *, proof: bool, say: Say) -> Iterator[Outcome]:
    """Put the plug-in into profiles, with the Python that runs this as its worker's; one outcome after the other.

    Args:
        system: where GIMP runs.
        places: the profiles.
        proof: whether each GIMP is asked whether it works.
        say: told what is being waited for.

    Raises:
        JobError: the plug-in cannot work with this Python; nothing was changed.
    """
    interpreter = _interpreter()
    for place in places:
        reason, remedy = why_not_from_here(system, place.profile.form)
        if reason:
            yield Outcome(profile=place.profile, status="skipped", reason=reason, remedy=remedy)
            continue
        try:
            status = plug_in.install(place.profile.plug_ins, interpreter)
        except JobError as error:
            yield Outcome(profile=place.profile, status="failed", reason=str(error))
            continue
        proofs = [_prove(system, program, place.profile, say) for program in place.programs] if proof else []
        yield Outcome(profile=place.profile, status=status, proofs=proofs)


def uninstall(places: Sequence[Place]) -> Iterator[Outcome]:
    """Remove the plug-in from profiles; one outcome after the other."""
    for place in places:
        try:
            removed = plug_in.uninstall(place.profile.plug_ins)
        except JobError as error:
            yield Outcome(profile=place.profile, status="failed", reason=str(error))
        else:
            yield Outcome(profile=place.profile, status="removed" if removed else "absent")


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


def _prove(system: System, program: Program, profile: Profile, say: Say) -> Proof:
    say(f"asking {program.title} whether it works there")
    return prove(system, program, profile)


def _uses(program: Program, profile: Profile) -> bool:
    """Whether a GIMP uses a profile: a given one may be any form's."""
    return profile.is_of(program.series) and profile.form in (program.form, "given")
