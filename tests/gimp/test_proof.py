"""GIMP's word about the plug-in, in a profile of its own with the user's plug-ins, is understood and passed on."""

import json
from pathlib import Path

import pytest
from tests.gimp.fakes import HEALTHY, Desktop, answers

from photochrom_gimp.plug_in import Interpreter, install
from photochrom_gimp.profile import Profile
from photochrom_gimp.program import Program, find_programs
from photochrom_gimp.proof import Proof, looks_into_plug_ins, prove

TRACEBACK = """noise before
Traceback (most recent call last):
  File "/profile/plug-ins/photochrom-filter/photochrom-filter.py", line 12, in <module>
    import gi
ImportError: no gi
gimp-console: LibGimpBase-WARNING: gimp: gimp_wire_read(): unexpected EOF
Traceback (most recent call last):
  File "/profile/plug-ins/other/other.py", line 2, in <module>
ImportError: nothing of ours
"""


@pytest.fixture
def profile(desktop: Desktop) -> Profile:
    """A profile with the plug-in."""
    profile = Profile(folder=desktop.add_profile('a "profile" \\ of mine/3.0'), form="ordinary")
    install(profile.plug_ins, Interpreter(python="/python", photochrom="1", protocol=1))
    return profile


def asked(desktop: Desktop, profile: Profile, behaviour: str) -> Proof:
    desktop.add_gimp("3.0.4", behaviour)
    (program,) = find_programs(desktop.system())
    return prove(desktop.system(), program, profile)


def test_a_gimp_that_colorizes_is_the_proof_and_the_profile_stays_as_it_was(desktop: Desktop, profile: Profile):
    before = sorted(profile.folder.rglob("*"))
    program = desktop.programs / "gimp-console"
    assert asked(desktop, profile, HEALTHY) == Proof(
        gimp=f"GIMP 3.0.4 ({program})",
        state="proved",
        text="Filters > Photochrom > Colorize is there, and colorized a small picture in 0.2 s",
        seconds=0.25,
    )
    assert sorted(profile.folder.rglob("*")) == before
    start = json.loads(desktop.log.read_text())
    own = Path(start["variables"]["GIMP3_DIRECTORY"])
    assert own != profile.folder
    assert not own.exists(), "the profile made for the proof was left behind"
    assert "--batch-interpreter=python-fu-eval" in start["arguments"]


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (
            f"sys.stderr.write({TRACEBACK!r})\n" + answers(registered=False),
            "is not there: ImportError: no gi",
        ),
        (answers(registered=False), "is not there: GIMP passed it over without a word"),
        (
            answers(registered=True, succeeded=False, message="the Python is gone", coloured=False, seconds=1.0),
            "failed on a small picture: the Python is gone",
        ),
        (answers(registered=True, succeeded=True, message="", coloured=False, seconds=1.0), "has no colours"),
        ("sys.exit(69)", "apt install gir1.2-gimp-3.0"),
    ],
)
def test_what_gimp_says_against_the_plug_in_disproves_it(
    desktop: Desktop, profile: Profile, behaviour: str, words: str
):
    proof = asked(desktop, profile, behaviour)
    assert proof.state == "disproved"
    assert words in proof.text


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("sys.stderr.write('Gtk-WARNING: cannot open display: \\n'); sys.exit(1)", "without a display"),
        ("sys.stderr.write('no room\\n\\n'); sys.exit(3)", "ended with code 3 before it could be asked: no room"),
        ("sys.exit(0)", "ended with code 0 before it could be asked: it said nothing"),
    ],
)
def test_a_gimp_that_does_not_run_says_nothing_about_the_plug_in(
    desktop: Desktop, profile: Profile, behaviour: str, words: str
):
    proof = asked(desktop, profile, behaviour)
    assert proof.state == "not possible"
    assert words in proof.text


def test_a_gimp_that_hangs_is_not_waited_for_for_ever(
    desktop: Desktop, profile: Profile, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("photochrom_gimp.proof._LIMIT", 0.5)
    proof = asked(desktop, profile, "time.sleep(60)")
    assert (proof.state, "did not end within" in proof.text) == ("not possible", True)


def test_a_gimp_that_cannot_be_started_any_more_is_no_proof(desktop: Desktop, profile: Profile):
    gone = Program(command=(str(desktop.programs / "gone"),), form="ordinary", version=(3, 0, 4))
    assert prove(desktop.system(), gone, profile).state == "not possible"


@pytest.mark.parametrize(
    ("gimprc", "looks"),
    [
        (None, True),
        ("# empty\n", True),
        ('(plug-in-path "${gimp_dir}/plug-ins:${gimp_plug_in_dir}/plug-ins")', True),
        ('(theme "x")\n(plug-in-path\n    "/opt/mine:${gimp_dir}/plug-ins/")', True),
        ('(plug-in-path "/opt/mine")', False),
    ],
)
def test_where_gimp_looks_for_plug_ins_is_read_from_its_settings(
    desktop: Desktop, profile: Profile, gimprc: str | None, looks: bool
):
    if gimprc is not None:
        (profile.folder / "gimprc").write_text(gimprc)
    assert looks_into_plug_ins(profile) == looks
    proof = asked(desktop, profile, HEALTHY)
    assert proof.state == ("proved" if looks else "disproved")
    assert ("gimprc in the profile has a plug-in-path without" in proof.text) != looks
