"""``photochrom gimp`` installs, looks after and removes the plug-in; text, JSON and exit codes say what happened."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.gimp.conftest import OnDesktop
from tests.gimp.fakes import HEALTHY, Desktop, answers

import photochrom
from photochrom.command.cli import main
from photochrom_gimp.plug_in import ENTRY, INTERPRETER, NAME

Captured = pytest.CaptureFixture[str]

pytestmark = pytest.mark.usefixtures("on_desktop")


def entries(desktop: Desktop) -> list[str]:
    """Where the plug-in is, below the home folder."""
    found = desktop.home.rglob(ENTRY)
    return sorted(str(path.relative_to(desktop.home).parents[2]) for path in found)


def test_without_any_gimp_nothing_is_done_and_the_user_is_told_what_to_do(desktop: Desktop, capsys: Captured):
    for action in ("install", "uninstall"):
        assert main(["gimp", action]) == 2
        assert "install GIMP 3.0 or newer" in capsys.readouterr().err
    assert main(["gimp", "status"]) == 0
    assert "no GIMP 3 was found" in capsys.readouterr().out
    assert list(desktop.home.iterdir()) == []


@pytest.mark.parametrize("sign", ["program", "profile"])
def test_gimp_2_10_is_met_with_a_sentence(desktop: Desktop, sign: str, capsys: Captured):
    if sign == "program":
        desktop.add_gimp("2.10.38", name="gimp-2.10")
    else:
        desktop.add_profile(".config/GIMP/2.10")
    assert main(["gimp", "install"]) == 2
    error = capsys.readouterr().err
    assert "GIMP 2.10 is there" in error
    assert "install GIMP 3.0 or newer" in error
    assert entries(desktop) == []


def test_every_profile_gets_the_plug_in_and_every_gimp_proves_its_own(desktop: Desktop, python: Path, capsys: Captured):
    for series in ("3.0", "3.2"):
        desktop.add_profile(f".config/GIMP/{series}")
        desktop.add_gimp(f"{series}.4", name=f"gimp-console-{series}")
    assert main(["gimp", "install"]) == 0
    assert entries(desktop) == [".config/GIMP/3.0", ".config/GIMP/3.2"]
    lines = capsys.readouterr().out.splitlines()
    for series in ("3.0", "3.2"):
        at = lines.index(f"GIMP {series} ({desktop.home}/.config/GIMP/{series}): installed")
        assert lines[at + 1].startswith(f"  proved by GIMP {series}.4 ")
    assert any(str(python) in line for line in lines)
    record = json.loads((desktop.home / ".config/GIMP/3.2/plug-ins" / NAME / INTERPRETER).read_text())
    assert record == {"python": str(python), "photochrom": photochrom.__version__, "protocol": 1}
    assert len(desktop.log.read_text().splitlines()) == 2, "each GIMP is started once, for its own profile"


@pytest.mark.usefixtures("python")
def test_installing_again_updates(desktop: Desktop, capsys: Captured):
    desktop.add_profile(".config/GIMP/3.0")
    main(["gimp", "install"])
    capsys.readouterr()
    assert main(["gimp", "install"]) == 0
    assert capsys.readouterr().out.startswith(f"GIMP 3.0 ({desktop.home}/.config/GIMP/3.0): updated\n  not proved")


@pytest.mark.usefixtures("python")
def test_a_gimp_that_was_never_started_is_started_once_to_make_its_profile(desktop: Desktop, capsys: Captured):
    desktop.add_gimp("3.2.6")
    assert main(["gimp", "install"]) == 0
    assert entries(desktop) == [".config/GIMP/3.2"]
    said = capsys.readouterr()
    assert "for the first time" in said.err
    assert "proved by GIMP 3.2.6" in said.out


@pytest.mark.usefixtures("python")
def test_a_gimp_that_makes_no_profile_is_an_error_that_says_what_to_do(desktop: Desktop, capsys: Captured):
    desktop.add_gimp("3.2.6", "sys.exit(1)")
    assert main(["gimp", "install"]) == 2
    assert "start it once yourself" in capsys.readouterr().err


@pytest.mark.usefixtures("python")
def test_a_gimp_that_the_plug_in_does_not_work_in_is_exit_code_1(desktop: Desktop, capsys: Captured):
    desktop.add_profile(".config/GIMP/3.0")
    desktop.add_gimp("3.0.4", answers(registered=False))
    assert main(["gimp", "install"]) == 1
    assert "DISPROVED by GIMP 3.0.4" in capsys.readouterr().out
    assert main(["gimp", "install", "--no-proof"]) == 0
    assert "not proved" in capsys.readouterr().out


@pytest.mark.usefixtures("python")
def test_one_profile_that_fails_keeps_no_other_from_its_plug_in(desktop: Desktop, capsys: Captured):
    foreign = desktop.add_profile(".config/GIMP/3.0") / "plug-ins" / NAME
    foreign.mkdir(parents=True)
    desktop.add_profile(".config/GIMP/3.2")
    assert main(["gimp", "install"]) == 1
    said = capsys.readouterr()
    assert f"FAILED: {foreign}: photochrom did not make this folder" in said.err
    assert list(foreign.iterdir()) == []
    assert entries(desktop) == [".config/GIMP/3.2"]


@pytest.mark.usefixtures("python")
def test_only_the_profile_that_is_named_is_touched_and_may_be_any_gimps(desktop: Desktop, capsys: Captured):
    desktop.add_profile(".config/GIMP/3.0")
    mine = desktop.add_profile("mine")
    image = desktop.add_gimp("3.2.6", name="GIMP.AppImage", folder=desktop.home / "Applications")
    assert main(["gimp", "install", "--profile", str(mine), "--gimp", str(image)]) == 0
    assert entries(desktop) == ["mine"]
    assert f"proved by GIMP 3.2.6 ({image})" in capsys.readouterr().out
    assert main(["gimp", "install", "--profile", str(desktop.home / "none")]) == 2
    assert main(["gimp", "install", "--gimp", str(mine)]) == 2
    assert main(["gimp", "uninstall", "--profile", str(mine)]) == 0
    assert entries(desktop) == []


def test_a_python_in_which_the_plug_in_could_not_work_changes_nothing(
    desktop: Desktop, monkeypatch: pytest.MonkeyPatch, capsys: Captured
):
    profile = desktop.add_profile(".config/GIMP/3.0")
    bare = desktop.add_program("python", "import sys; sys.exit('No module named photochrom')", folder=desktop.home)
    monkeypatch.setattr("photochrom_gimp.installation.this_python", lambda: str(bare))
    assert main(["gimp", "install"]) == 2
    error = capsys.readouterr().err
    assert f"could not use {bare}, so nothing was installed" in error
    assert "has no photochrom" in error
    assert list(profile.iterdir()) == []


def test_with_the_python_that_runs_it_the_worker_really_answers(desktop: Desktop):
    desktop.add_profile(".config/GIMP/3.0")
    assert main(["gimp", "install"]) == 0
    (record,) = desktop.home.rglob(INTERPRETER)
    # Not what it links to: that one has no photochrom.
    assert json.loads(record.read_text())["python"] == sys.executable
    assert main(["gimp", "status"]) == 0


def test_sudo_is_refused_for_it_would_be_another_users_gimp(desktop: Desktop, on_desktop: OnDesktop, capsys: Captured):
    on_desktop(SUDO_USER="maria")
    desktop.add_profile(".config/GIMP/3.0")
    assert main(["gimp", "install"]) == 2
    assert "without sudo" in capsys.readouterr().err
    assert entries(desktop) == []


@pytest.mark.usefixtures("python")
@pytest.mark.parametrize(
    ("place", "words"),
    [
        (".var/app/org.gimp.GIMP/config/GIMP/3.0", "flatpak run --command=python3 org.gimp.GIMP -m venv"),
        ("snap/gimp/current/.config/GIMP/3.0", "AppImage"),
    ],
)
def test_a_sandboxed_gimp_is_skipped_from_outside_and_installed_from_inside(
    desktop: Desktop, on_desktop: OnDesktop, place: str, words: str, capsys: Captured
):
    sandboxed = desktop.add_profile(place)
    assert main(["gimp", "install"]) == 1, "nothing was installed"
    said = capsys.readouterr().out
    assert "skipped" in said
    assert words in said
    assert list(sandboxed.iterdir()) == []
    desktop.add_profile(".config/GIMP/3.2")
    assert main(["gimp", "install"]) == 0
    assert entries(desktop) == [".config/GIMP/3.2"]
    inside = {"FLATPAK_ID": "org.gimp.GIMP"} if "flatpak" in words else {"SNAP_NAME": "gimp"}
    on_desktop(**inside)
    assert main(["gimp", "install"]) == 0
    assert place in entries(desktop)


@pytest.mark.usefixtures("python")
def test_a_flatpak_that_was_never_started_is_told_apart_from_no_gimp(desktop: Desktop, capsys: Captured):
    desktop.add_program("flatpak", "print('Version: 3.0.4')")
    assert main(["gimp", "install"]) == 2
    assert "runs in a sandbox" in capsys.readouterr().err


@pytest.mark.usefixtures("python")
def test_uninstalling_takes_the_plug_in_away_and_is_done_twice_without_harm(desktop: Desktop, capsys: Captured):
    desktop.add_profile(".config/GIMP/3.0")
    desktop.add_gimp("3.2.6")
    main(["gimp", "install"])
    capsys.readouterr()
    assert main(["gimp", "uninstall"]) == 0
    assert entries(desktop) == []
    assert capsys.readouterr().out.count(": removed\n") == 2
    assert main(["gimp", "uninstall"]) == 0
    assert capsys.readouterr().out.count("nothing to remove\n") == 2


def test_uninstalling_where_gimp_was_never_started_says_so(desktop: Desktop, capsys: Captured):
    desktop.add_gimp("3.2.6")
    assert main(["gimp", "uninstall"]) == 0
    assert "nothing to remove" in capsys.readouterr().out
    assert not desktop.log.exists(), "GIMP was started for nothing"


@pytest.mark.usefixtures("python")
def test_everything_can_be_had_as_json(desktop: Desktop, capsys: Captured):
    profile = desktop.add_profile(".config/GIMP/3.0")
    desktop.add_profile(".var/app/org.gimp.GIMP/config/GIMP/3.0")
    desktop.add_gimp("3.0.4", HEALTHY)

    def answer(*words: str) -> dict[str, object]:
        code = main(["gimp", *words, "--json"])
        record: dict[str, object] = json.loads(capsys.readouterr().out)
        assert (record["format"], record["photochrom"]) == (1, photochrom.__version__)
        assert record["exit_code"] == code
        return record

    profiles = answer("install")["profiles"]
    assert isinstance(profiles, list)
    first, second = profiles
    assert (first["profile"], first["form"], first["status"]) == (str(profile), "ordinary", "installed")
    assert first["proofs"][0]["state"] == "proved"
    assert (second["form"], second["status"]) == ("flatpak", "skipped")
    found = answer("status", "--prove")["findings"]
    assert isinstance(found, list)
    assert {finding["state"] for finding in found} == {"ok", "note"}
    assert any("colorized a small picture" in finding["text"] for finding in found)
    profiles = answer("uninstall")["profiles"]
    assert isinstance(profiles, list)
    assert [one["status"] for one in profiles] == ["removed", "absent"]


@pytest.mark.parametrize(("line", "word"), [("photochrom gi", "gimp"), ("photochrom gimp unin", "uninstall")])
def test_the_shells_complete_the_command_and_what_follows(line: str, word: str, capsys: Captured):
    main(["completion", "bash"])
    words = line.split()
    program = (
        f"{capsys.readouterr().out}\nCOMP_WORDS=({line})\nCOMP_CWORD={len(words) - 1}\n"
        "$(complete -p photochrom | sed 's/.*-F \\([^ ]*\\).*/\\1/')\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n"
    )
    done = subprocess.run(["bash"], input=program, capture_output=True, text=True, check=False)
    assert done.stdout.split() == [word], done.stderr
