"""What the tests of the installer share: a desktop that is made up, and the command on it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.gimp.fakes import Desktop, hello

import photochrom
from photochrom_gimp.system import System

OnDesktop = Callable[..., System]
"""See `on_desktop`."""


@pytest.fixture
def desktop(tmp_path: Path) -> Desktop:
    """A home folder and a folder for programs, both empty."""
    desktop = Desktop(folder=tmp_path)
    desktop.home.mkdir()
    desktop.programs.mkdir()
    return desktop


@pytest.fixture
def python(desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python that has this version of photochrom, as far as a worker shows it; the installer thinks it runs in it."""
    path = desktop.add_program("python", hello(photochrom.__version__), folder=desktop.folder / "venv" / "bin")
    for module in ("installation", "command"):
        monkeypatch.setattr(f"photochrom_gimp.{module}.this_python", lambda: str(path))
    return path


@pytest.fixture
def on_desktop(desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> OnDesktop:
    """Lets the command work on the made-up desktop, with these variables in its environment."""

    def on_desktop(**variables: str) -> System:
        system = desktop.system(**variables)
        for module in ("command", "findings"):
            monkeypatch.setattr(f"photochrom_gimp.{module}.this_system", lambda: system)
        return system

    on_desktop()
    return on_desktop
