"""Every GIMP's settings folder is found where that form of GIMP keeps it."""

import pytest
from tests.gimp.fakes import Desktop

from photochrom.errors import JobError
from photochrom_gimp.profile import Form, Profile, find_profiles, given_profile, has_old_profile, ordinary_folder


@pytest.mark.parametrize(
    ("platform", "place", "form"),
    [
        ("linux", ".config/GIMP", "ordinary"),
        ("freebsd14", ".config/GIMP", "ordinary"),
        ("darwin", "Library/Application Support/GIMP", "ordinary"),
        ("win32", "AppData/Roaming/GIMP", "ordinary"),
        ("linux", ".var/app/org.gimp.GIMP/config/GIMP", "flatpak"),
        ("linux", "snap/gimp/current/.config/GIMP", "snap"),
        ("linux", "snap/gimp/common/.config/GIMP", "snap"),
    ],
)
def test_the_profiles_of_every_series_are_found_oldest_first(desktop: Desktop, platform: str, place: str, form: Form):
    for name in ("3.10", "3.2", "2.10", "3.0", "backup-3.0"):
        desktop.add_profile(f"{place}/{name}")
    (desktop.home / place / "3.4").touch()  # a file is no profile
    found = find_profiles(desktop.system(platform=platform))
    assert [profile.folder.name for profile in found] == ["3.0", "3.2", "3.10"]
    assert {profile.form for profile in found} == {form}
    assert all(profile.plug_ins == profile.folder / "plug-ins" for profile in found)


@pytest.mark.parametrize(
    ("platform", "variable", "below"), [("linux", "XDG_CONFIG_HOME", "GIMP"), ("win32", "APPDATA", "GIMP")]
)
def test_the_systems_own_variable_moves_the_settings(desktop: Desktop, platform: str, variable: str, below: str):
    desktop.add_profile(".config/GIMP/3.0")
    moved = desktop.add_profile(f"elsewhere/{below}/3.2")
    system = desktop.system(platform=platform, **{variable: str(desktop.home / "elsewhere")})
    assert [profile.folder for profile in find_profiles(system)] == [moved]
    assert ordinary_folder(system, "3.0") == moved.with_name("3.0")


def test_an_empty_variable_counts_as_not_set(desktop: Desktop):
    profile = desktop.add_profile(".config/GIMP/3.0")
    system = desktop.system(XDG_CONFIG_HOME="", GIMP3_DIRECTORY="")
    assert [found.folder for found in find_profiles(system)] == [profile]


@pytest.mark.parametrize("absolute", [True, False])
def test_gimps_own_variable_names_the_one_profile_of_every_series(desktop: Desktop, absolute: bool):
    desktop.add_profile(".config/GIMP/3.0")
    own = desktop.add_profile("my gimp")
    system = desktop.system(GIMP3_DIRECTORY=str(own) if absolute else "my gimp")
    (found,) = find_profiles(system)
    assert found == Profile(folder=own, form="ordinary")
    assert found.is_of("3.0")
    assert found.is_of("3.2")
    assert ordinary_folder(system, "3.2") == own


def test_a_profile_under_two_names_is_one(desktop: Desktop):
    profile = desktop.add_profile(".config/GIMP/3.0")
    sandbox = desktop.add_profile(".var/app/org.gimp.GIMP/config")
    (sandbox / "GIMP").symlink_to(profile.parent)
    assert [found.folder for found in find_profiles(desktop.system())] == [profile]


def test_a_profile_belongs_to_the_gimp_of_its_series(desktop: Desktop):
    profile = Profile(folder=desktop.home / "3.0", form="ordinary")
    assert profile.is_of("3.0")
    assert not profile.is_of("3.2")


def test_a_folder_that_the_user_names_is_taken_as_it_is(desktop: Desktop):
    assert given_profile(desktop.add_profile("anything")).form == "given"


@pytest.mark.parametrize(
    ("place", "named", "word"),
    [
        (".config/GIMP/3.0", ".config/GIMP/3.2", "no folder"),
        (".config/GIMP/3.0", ".config/GIMP", ".config/GIMP/3.0"),
        (".config/GIMP/3.0/plug-ins", ".config/GIMP/3.0/plug-ins", "name the profile"),
    ],
)
def test_a_folder_beside_above_or_below_a_profile_is_refused(desktop: Desktop, place: str, named: str, word: str):
    desktop.add_profile(place)
    with pytest.raises(JobError, match=word):
        given_profile(desktop.home / named)


@pytest.mark.parametrize("place", [".config/GIMP/2.10", ".var/app/org.gimp.GIMP/config/GIMP/2.10"])
def test_the_settings_of_gimp_2_10_are_recognized(desktop: Desktop, place: str):
    assert not has_old_profile(desktop.system())
    desktop.add_profile(place)
    assert has_old_profile(desktop.system())
