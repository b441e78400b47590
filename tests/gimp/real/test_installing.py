"""What a new user sees: photochrom gimp, in systems with a real GIMP that was never started."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.gimp.real.root import Outcome, Root

PHOTOCHROM = "/opt/photochrom/bin/photochrom"
NAME = "photochrom-filter"


@pytest.fixture
def root(gimp_environment: Path, tmp_path: Path) -> Iterator[Root]:
    """A system with an empty home folder."""
    with Root(gimp_environment, tmp_path) as root:
        yield root


def photochrom(root: Root, *words: str, expect: int = 0) -> Outcome:
    return root.run(PHOTOCHROM, *words, seconds=240, expect=expect)


def plug_in(root: Root, series: str) -> Path:
    return root.lab / "home/.config/GIMP" / series / "plug-ins" / NAME


def test_one_command_makes_the_profile_installs_and_proves(root: Root, gimp_version: str):
    said = photochrom(root, "gimp", "install").output
    assert f"GIMP {gimp_version} (/lab/home/.config/GIMP/{gimp_version}): installed" in said
    assert f"proved by GIMP {gimp_version}." in said
    assert "colorized a small picture" in said
    profile = plug_in(root, gimp_version).parents[1]
    assert (profile / "gimprc").exists(), "GIMP itself made the profile"
    before = {path: path.read_bytes() for path in profile.rglob("*") if path.is_file()}
    again = json.loads(photochrom(root, "gimp", "status", "--prove", "--json").output)
    assert {finding["state"] for finding in again["findings"]} == {"ok"}
    assert {path: path.read_bytes() for path in profile.rglob("*") if path.is_file()} == before, "the proof left traces"
    assert "removed" in photochrom(root, "gimp", "uninstall").output
    assert not plug_in(root, gimp_version).exists()


def import_fails(folder: Path) -> None:
    (folder / "photochrom_filter" / "plug_in.py").write_text("import nothing_of_this_name\n")


def python_is_gone(folder: Path) -> None:
    record = json.loads((folder / "interpreter.json").read_text())
    (folder / "interpreter.json").write_text(json.dumps(record | {"python": "/gone/python"}))


def test_gimps_word_and_the_doctors_agree_about_what_is_wrong(root: Root, gimp_version: str):
    photochrom(root, "gimp", "install", "--no-proof")
    folder = plug_in(root, gimp_version)
    for spoil, doctor, gimp in (
        (import_fails, "plug_in.py was changed", "No module named 'nothing_of_this_name'"),
        (python_is_gone, "/gone/python", "failed on a small picture: the Python that has photochrom cannot be started"),
    ):
        spoil(folder)
        found = photochrom(root, "gimp", "status", "--prove", expect=1).output
        assert doctor in found, spoil
        assert gimp in found, spoil
        assert "2 found wrong" in found
        assert doctor in photochrom(root, "doctor", expect=1).output
        photochrom(root, "gimp", "install", "--no-proof")


def test_the_plug_in_that_3_2_takes_over_from_3_0_is_brought_up_to_date(root: Root, gimp_version: str):
    if gimp_version != "3.2":
        pytest.skip("GIMP 3.0 takes nothing over")
    old = root.lab / "home/.config/GIMP/3.0"
    old.mkdir(parents=True)
    assert (
        ": installed"
        in photochrom(
            root, "gimp", "install", "--no-proof", "--profile", str(old).replace(str(root.lab), "/lab")
        ).output
    )
    record = plug_in(root, "3.0") / "installed.json"
    record.write_text(record.read_text().replace('"photochrom": "', '"photochrom": "0.0.'))
    said = photochrom(root, "gimp", "install").output
    assert "GIMP 3.0 (/lab/home/.config/GIMP/3.0): updated" in said
    assert "GIMP 3.2 (/lab/home/.config/GIMP/3.2): updated" in said, "it was taken over"
    assert said.count("proved by") == 1, "there is no GIMP 3.0 here to ask"
    versions = {
        json.loads((plug_in(root, series) / "installed.json").read_text())["photochrom"] for series in ("3.0", "3.2")
    }
    assert len(versions) == 1
