"""GIMP's programs are found under every name, asked for their version, and ended with all they started."""

import json
import os
import time
from pathlib import Path

import pytest
from tests.gimp.fakes import Desktop

from photochrom.errors import JobError
from photochrom_gimp.program import Program, can_start_in_flatpak, find_programs, given_program, run

FLATPAK = """
import os, sys
if sys.argv[1] == "info":
    print("ID: org.gimp.GIMP\\nVersion: 3.0.4")
elif sys.argv[2].startswith("--command="):
    sys.exit(0 if sys.argv[2] == "--command=/seen/python" else 1)
else:
    print(sys.argv[1:])
"""


def program(path: Path) -> Program:
    return Program(command=(str(path),), form="ordinary", version=(3, 0, 4))


def test_the_console_is_preferred_and_every_version_counts_once(desktop: Desktop):
    for version, name in (
        ("3.2.6", "gimp-3.2"),
        ("3.0.4", "gimp-3.0"),
        ("3.0.4", "gimp-console-3.0"),
        ("2.10.38", "gimp-2.10"),
    ):
        desktop.add_gimp(version, name=name)
    (desktop.programs / "gimp").symlink_to("gimp-3.2")
    found = {Path(each.command[0]).name: each.version for each in find_programs(desktop.system())}
    assert found == {"gimp-console-3.0": (3, 0, 4), "gimp-3.2": (3, 2, 6), "gimp-2.10": (2, 10, 38)}


def test_what_is_only_called_like_gimp_is_left_out(desktop: Desktop):
    desktop.add_program("gimp-console", "raise SystemExit('no display')")
    desktop.add_program("gimp-3.0", "print('hello')")
    desktop.add_gimp("3.0.4", name="gimptool-3.0")
    desktop.add_gimp("3.0.4", name="gimp-console-3.0").chmod(0o644)
    (desktop.programs / "gimp-3.2").mkdir()
    assert find_programs(desktop.system()) == []


@pytest.mark.parametrize(
    ("platform", "place"),
    [("darwin", "Applications/GIMP.app/Contents/MacOS"), ("win32", "AppData/Local/Programs/GIMP 3/bin")],
)
def test_what_gimps_own_installers_put_elsewhere_is_found(desktop: Desktop, platform: str, place: str):
    name = "gimp-console-3.exe" if platform == "win32" else "gimp-console"
    path = desktop.add_gimp("3.0.4", name=name, folder=desktop.home / place)
    found = find_programs(desktop.system(platform=platform, LOCALAPPDATA=str(desktop.home / "AppData/Local")))
    assert [each.command for each in found] == [(str(path),)]


def test_flatpaks_gimp_is_found_and_given_its_variables_by_flatpak(desktop: Desktop):
    desktop.add_program("flatpak", FLATPAK)
    (found,) = find_programs(desktop.system())
    assert (found.form, found.series) == ("flatpak", "3.0")
    done = run(desktop.system(), found, ["-i"], profile=Path("/a profile"), script="", limit=30)
    assert done.output == "['run', '--env=GIMP3_DIRECTORY=/a profile', 'org.gimp.GIMP', '-i']\n"


def test_inside_its_sandbox_a_gimp_is_an_ordinary_one(desktop: Desktop):
    desktop.add_program("flatpak", FLATPAK)
    desktop.add_gimp("3.0.4")
    (found,) = find_programs(desktop.system(FLATPAK_ID="org.gimp.GIMP"))
    assert found.form == "ordinary"


def test_flatpaks_gimp_says_itself_whether_it_can_start_a_python(desktop: Desktop):
    assert not can_start_in_flatpak(desktop.system(), "/seen/python"), "there is no flatpak"
    desktop.add_program("flatpak", FLATPAK)
    assert can_start_in_flatpak(desktop.system(), "/seen/python")
    assert not can_start_in_flatpak(desktop.system(), "/hidden/python")


def test_a_program_that_the_user_names_must_be_a_gimp_3(desktop: Desktop):
    image = desktop.add_gimp("3.2.6", name="GIMP-3.2.6-x86_64.AppImage", folder=desktop.home)
    assert given_program(desktop.system(), image).series == "3.2"
    for path, word in (
        (desktop.add_gimp("2.10.38", name="gimp-2.10"), "is GIMP 2.10.38"),
        (desktop.add_program("viewer", "print('1.2.3 viewer'); raise SystemExit(1)"), "does not answer"),
        (desktop.home / "missing", "does not answer"),
    ):
        with pytest.raises(JobError, match=word):
            given_program(desktop.system(), path)


def test_gimps_environment_has_nothing_of_this_pythons(desktop: Desktop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.prefix", str(desktop.folder / "venv"))
    own = desktop.folder / "venv" / "bin"
    system = desktop.system(
        PYTHONPATH="/x", PYTHONHOME="/y", VIRTUAL_ENV=str(own.parent), PATH=f"{own}:/usr/bin", LANG="de"
    )
    run(system, program(desktop.add_gimp("3.0.4")), [], profile=desktop.home, script="", limit=30)
    variables = json.loads(desktop.log.read_text())["variables"]
    assert not {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"} & variables.keys()
    assert (variables["PATH"], variables["LANG"]) == ("/usr/bin", "de")
    assert variables["GIMP3_DIRECTORY"] == str(desktop.home)


def test_a_gimp_that_hangs_is_ended_with_what_it_started(desktop: Desktop):
    child = desktop.folder / "child"
    behaviour = (
        "started = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(child)!r}).write_text(str(started.pid)); time.sleep(60)"
    )
    hanging = program(desktop.add_gimp("3.0.4", behaviour))
    begin = time.monotonic()
    with pytest.raises(JobError, match="did not end within 1 s"):
        run(desktop.system(), hanging, [], profile=None, script="", limit=1)
    assert time.monotonic() - begin < 20
    status = Path("/proc") / child.read_text() / "status"
    end = time.monotonic() + 10
    while status.exists() and "zombie" not in status.read_text():  # nobody may be there to reap it
        assert time.monotonic() < end, "it still runs"
        time.sleep(0.02)


def test_a_program_that_cannot_be_started_is_an_error(desktop: Desktop):
    path = desktop.programs / "gimp"
    path.write_text("#!/no/such/interpreter\n")
    path.chmod(0o755)
    with pytest.raises(JobError, match=f"{path}: cannot be started: {os.strerror(2)}"):
        run(desktop.system(), program(path), [], profile=None, script="", limit=30)
