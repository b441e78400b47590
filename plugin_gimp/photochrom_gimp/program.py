"""The GIMPs that can be started here: where each form of GIMP puts its program, and how to run it without a window."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from photochrom.errors import JobError, shown
from photochrom_gimp.profile import Form
from photochrom_gimp.system import System

_NAME: Final = re.compile(r"gimp(?P<console>-console)?(-\d+(\.\d+)?)?(\.exe)?", re.IGNORECASE)
"""What GIMP's programs are called; the console needs no display."""
_VERSION: Final = re.compile(r"\b(\d+)\.(\d+)\.(\d+)\b")
_FLATPAK_APP: Final = "org.gimp.GIMP"
_VERSION_LIMIT: Final = 30.0
"""How long GIMP may take to tell its version [s]; an AppImage unpacks itself first."""
_PYTHON_VARIABLES: Final = frozenset({"PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH", "VIRTUAL_ENV"})
"""What a virtual environment or its user sets for another Python than GIMP's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A GIMP that can be started."""

    command: tuple[str, ...]
    """The words to start it with."""
    form: Form
    version: tuple[int, int, int]

    @property
    def series(self) -> str:
        """What its profile is called: 3.0, 3.2."""
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def title(self) -> str:
        """For people."""
        return f"GIMP {'.'.join(map(str, self.version))} ({' '.join(shown(Path(word)) for word in self.command)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a GIMP without a window ended."""

    code: int
    output: str
    errors: str


def find_programs(system: System) -> list[Program]:
    """The GIMPs that are found, of any version, each once; one that cannot tell its version is left out."""
    commands = [(str(path),) for path in _executables(system)]
    found: dict[tuple[Form, tuple[int, int, int]], Program] = {}
    for command in commands:
        form: Form = "snap" if command[0].startswith("/snap/") and not system.sandbox else "ordinary"
        version = _version(system, (*command, "--version"))
        if version is not None and (form, version) not in found:
            found[form, version] = Program(command=command, form=form, version=version)
    flatpak = None if system.sandbox else _flatpak(system)
    return [*found.values(), *([flatpak] if flatpak else [])]


def given_program(system: System, path: Path) -> Program:
    """The GIMP in a file that the user named, an AppImage for instance.

    Raises:
        JobError: it is no GIMP 3 that can be started.
    """
    command = (str(path.absolute()),)
    version = _version(system, (*command, "--version"))
    if version is None:
        raise JobError(f"{shown(path)}: does not answer to --version as GIMP does; name GIMP's own program or AppImage")
    if version[0] != 3:
        raise JobError(f"{shown(path)}: is GIMP {'.'.join(map(str, version))}; the plug-in needs GIMP 3.0 or newer")
    return Program(command=command, form="ordinary", version=version)


def run(
    system: System, program: Program, arguments: Sequence[str], *, profile: Path | None, script: str, limit: float
) -> Run:
    """Start a GIMP without a window and wait for its end; what it started ends with it.

    Args:
        system: its environment is GIMP's, without what is set for this Python.
        program: which GIMP.
        arguments: for it.
        profile: its settings folder; None: the one it chooses.
        script: what it reads on standard input.
        limit: how long it may take [s].

    Raises:
        JobError: it cannot be started, or takes too long.
    """
    variables = {} if profile is None else {"GIMP3_DIRECTORY": str(profile)}
    command = [*program.command, *arguments]
    if program.form == "flatpak":
        command[2:2] = [f"--env={name}={value}" for name, value in variables.items()]
    return _run(command, _environment(system) | variables, script, limit)


def can_start_in_flatpak(system: System, python: str) -> bool:
    """Whether Flatpak's GIMP can start a Python from its sandbox."""
    command = ("flatpak", "run", f"--command={python}", _FLATPAK_APP, "-c", "import photochrom.worker")
    try:
        return _run(command, _environment(system), "", _VERSION_LIMIT).code == 0
    except JobError:
        return False


def _executables(system: System) -> Iterator[Path]:
    """Files that are called like GIMP, those that need no display first; links to one file count once."""
    found: dict[Path, Path] = {}
    for folder in _places(system):
        try:
            with os.scandir(folder) as entries:
                names = sorted((entry.name for entry in entries if _NAME.fullmatch(entry.name)), reverse=True)
        except OSError:
            continue
        for name in names:
            path = folder / name
            if path.is_file() and os.access(path, os.X_OK):
                found.setdefault(path.resolve() if not str(path).startswith("/snap/") else path, path)
    yield from sorted(found.values(), key=lambda path: "console" not in path.name)


def _places(system: System) -> Iterator[Path]:
    """The folders with programs: those on the path, and where GIMP's own installers put it."""
    yield from (Path(place) for place in system.variables.get("PATH", "").split(os.pathsep) if place)
    if system.platform == "win32":
        roots = [
            system.folder("PROGRAMFILES", Path("C:/Program Files")),
            system.folder("LOCALAPPDATA", system.home / "AppData" / "Local") / "Programs",
        ]
        for root in roots:
            yield from sorted(root.glob("GIMP 3*/bin"))
    elif system.platform == "darwin":
        for root in (Path("/Applications"), system.home / "Applications"):
            yield from sorted(root.glob("GIMP*.app/Contents/MacOS"))


def _flatpak(system: System) -> Program | None:
    """The GIMP that Flatpak has."""
    version = _version(system, ("flatpak", "info", _FLATPAK_APP))
    if version is None:
        return None
    return Program(command=("flatpak", "run", _FLATPAK_APP), form="flatpak", version=version)


def _version(system: System, command: Sequence[str]) -> tuple[int, int, int] | None:
    """The first version number that a command prints; None where it cannot be run, fails, or prints none."""
    try:
        answer = _run(command, _environment(system) | {"LC_ALL": "C"}, "", _VERSION_LIMIT)
    except JobError:
        return None
    match = _VERSION.search(answer.output) if answer.code == 0 else None
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _environment(system: System) -> dict[str, str]:
    """The environment as a GIMP has it that was started from the desktop: without this virtual environment's."""
    variables = {name: value for name, value in system.variables.items() if name not in _PYTHON_VARIABLES}
    if sys.prefix != sys.base_prefix:
        own = Path(sys.prefix).resolve()
        places = [place for place in variables.get("PATH", "").split(os.pathsep) if Path(place).parent.resolve() != own]
        variables["PATH"] = os.pathsep.join(places)
    return variables


def _run(command: Sequence[str], environment: Mapping[str, str], script: str, limit: float) -> Run:
    try:
        process = subprocess.Popen(  # noqa: S603 (GIMP, found or named by the user)
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # so that its plug-ins can be ended with it
        )
    except OSError as error:
        raise JobError(f"{shown(Path(command[0]))}: cannot be started: {error.strerror}") from None
    with process:
        try:
            output, errors = process.communicate(script, timeout=limit)
        except subprocess.TimeoutExpired:
            _end(process)
            raise JobError(f"{shown(Path(command[0]))}: did not end within {limit:.0f} s") from None
        except BaseException:  # Control-C reaches only this process
            _end(process)
            raise
    return Run(code=process.returncode, output=output, errors=errors)


def _end(process: "subprocess.Popen[str]") -> None:
    """End a process that was not waited for yet, with everything it started."""
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
