"""The doctor tells a user who finds no menu entry what is wrong, and how to mend it."""

import json
from pathlib import Path

import pytest
from tests.gimp.conftest import OnDesktop
from tests.gimp.fakes import Desktop, answers, hello

from photochrom.command.cli import main
from photochrom.command.doctor import examine as examine_everything
from photochrom.command.finding import Finding
from photochrom_gimp import findings
from photochrom_gimp.installation import survey
from photochrom_gimp.plug_in import ENTRY, INTERPRETER, NAME

PLACE = ".config/GIMP/3.0"


@pytest.fixture
def folder(desktop: Desktop, python: Path, on_desktop: OnDesktop) -> Path:
    """A plug-in that is installed and works, with the worker in ``python``."""
    assert python.exists()
    on_desktop()
    profile = desktop.add_profile(PLACE)
    assert main(["gimp", "install"]) == 0
    return profile / "plug-ins" / NAME


def only() -> Finding:
    """The one finding about the one profile."""
    (finding,) = findings.examine()
    return finding


def test_a_plug_in_that_works_is_well(folder: Path, python: Path):
    finding = only()
    assert finding.state == "ok"
    assert str(python) in finding.text
    assert str(folder.parents[1]) in finding.subject


@pytest.mark.usefixtures("on_desktop")
@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda _: None, "no GIMP 3 was found"),
        (lambda desktop: desktop.add_profile(".config/GIMP/2.10"), "GIMP 2.10 is there"),
        (lambda desktop: desktop.add_gimp("3.0.4"), "was never started"),
        (lambda desktop: desktop.add_profile(PLACE), "the plug-in is not installed"),
        (lambda desktop: desktop.add_profile("snap/gimp/current/.config/GIMP/3.0"), "Snap's GIMP runs in a sandbox"),
        (lambda desktop: desktop.add_profile(".var/app/org.gimp.GIMP/config/GIMP/3.0"), "Flatpak's GIMP runs in a"),
    ],
    ids=["no GIMP", "GIMP 2.10", "never started", "not installed", "Snap", "Flatpak"],
)
def test_a_user_who_may_not_want_the_plug_in_gets_notes_with_what_to_do(desktop: Desktop, prepare, words: str):
    prepare(desktop)
    finding = only()
    assert finding.state == "note"
    assert words in finding.text
    assert finding.remedy


def damage_entry(folder: Path, _python: Path) -> None:
    (folder / ENTRY).chmod(0o644)


def change_file(folder: Path, _python: Path) -> None:
    (folder / "photochrom_filter" / "job.py").write_text("")


def remove_record(folder: Path, _python: Path) -> None:
    (folder / INTERPRETER).unlink()


def remove_python(_folder: Path, python: Path) -> None:
    python.unlink()


def remove_core(_folder: Path, python: Path) -> None:
    python.write_text("#!/bin/sh\necho \"No module named 'photochrom'\" >&2; exit 1\n")


def speak_newer(_folder: Path, python: Path) -> None:
    python.write_text(python.read_text().replace("'protocol': 1", "'protocol': 2"))


def replace_folder(folder: Path, _python: Path) -> None:
    folder.rename(folder.with_name("old"))
    folder.mkdir()


def look_elsewhere(folder: Path, _python: Path) -> None:
    (folder.parents[1] / "gimprc").write_text('(plug-in-path "/opt/plug-ins")')


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (damage_entry, f"{ENTRY} is not executable"),
        (change_file, "photochrom_filter/job.py was changed"),
        (remove_record, f"{INTERPRETER} is missing"),
        (remove_python, "cannot be started"),
        (remove_core, "has no photochrom"),
        (speak_newer, "the plug-in is older than photochrom"),
        (replace_folder, "photochrom did not make this folder"),
        (look_elsewhere, "gimprc sets another plug-in-path"),
    ],
)
def test_what_keeps_an_installed_plug_in_from_working_is_wrong_and_can_be_mended(
    spoil, words: str, folder: Path, python: Path
):
    spoil(folder, python)
    wrong = [finding for finding in findings.examine() if finding.state == "wrong"]
    assert len(wrong) == 1
    assert words in wrong[0].text
    assert wrong[0].remedy or "move it away" in wrong[0].text
    assert main(["gimp", "status"]) == 1


def test_permissions_that_forbid_a_look_are_named(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("photochrom_gimp.findings.os.access", lambda path, _: path != folder.parent)
    finding = only()
    assert (finding.state, finding.remedy) == ("wrong", f"chmod u+rwx {folder.parent}")


def test_a_folder_of_another_user_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("photochrom_gimp.findings.os.getuid", lambda: 123456)
    (wrong,) = [finding for finding in findings.examine() if finding.state == "wrong"]
    assert "another user" in wrong.text
    assert str(folder.parent) in wrong.remedy


def test_another_version_that_still_fits_is_a_note(folder: Path, python: Path):
    python.write_text(f"#!{python.read_text().splitlines()[0][2:]}\n{hello('9.9')}")
    finding = only()
    assert finding.state == "note"
    assert "photochrom 9.9" in finding.text
    assert "photochrom gimp install" in finding.remedy
    assert json.loads((folder / INTERPRETER).read_text())["photochrom"] != "9.9"


@pytest.mark.usefixtures("python")
@pytest.mark.parametrize("access", [True, False])
def test_a_flatpak_without_access_to_the_python_is_wrong(desktop: Desktop, on_desktop: OnDesktop, access: bool):
    on_desktop(FLATPAK_ID="org.gimp.GIMP")
    desktop.add_profile(".var/app/org.gimp.GIMP/config/GIMP/3.0")
    assert main(["gimp", "install"]) == 0
    on_desktop()
    desktop.add_program("flatpak", f"import sys; print('3.0.4'); sys.exit('info' not in sys.argv and not {access})")
    finding = findings.examine()[-1]
    assert finding.state == ("ok" if access else "wrong")
    assert ("has no access to" in finding.text) != access
    assert ("flatpak run --command=python3" in finding.remedy) != access


@pytest.mark.parametrize(
    ("behaviour", "state", "words"),
    [
        (None, "ok", "colorized a small picture"),
        (answers(registered=False), "wrong", "is not there"),
        ("sys.exit(3)", "note", "could not be asked"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_gimp_itself_can_be_asked(desktop: Desktop, behaviour: str | None, state: str, words: str):
    if behaviour is None:
        desktop.add_gimp("3.0.4")
    else:
        desktop.add_gimp("3.0.4", behaviour)
    assert main(["gimp", "status", "--prove"]) == (1 if state == "wrong" else 0)
    (said,) = findings.ask(desktop.system(), survey(desktop.system()).places)
    assert said.state == state
    assert words in said.text


@pytest.mark.usefixtures("folder")
def test_the_doctor_asks_the_plug_in_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("photochrom.command.doctor._network", lambda _: [])
    subjects = [finding.subject for finding in examine_everything()]
    assert any(subject.startswith("GIMP 3.0 (") for subject in subjects)
