"""The plug-in is put into a profile whole or not at all, and nobody else's files are touched."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import photochrom
from photochrom.errors import JobError
from photochrom_filter.interpreter import Interpreter as InterpreterOfPlugIn
from photochrom_gimp import plug_in
from photochrom_gimp.plug_in import ENTRY, INTERPRETER, NAME, RECORD, SOURCE, Interpreter, install, installed, uninstall

INTERPRETER_OF_TEST = Interpreter(python="/some where/bin/python", photochrom="9.9", protocol=1)


@pytest.fixture
def plug_ins(tmp_path: Path) -> Path:
    """A profile's folder of plug-ins, which is not there yet."""
    return tmp_path / "plug-ins"


@pytest.fixture
def folder(plug_ins: Path) -> Path:
    """A plug-in that is installed."""
    install(plug_ins, INTERPRETER_OF_TEST)
    return plug_ins / NAME


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_gimp_will_find_the_plug_in_with_all_its_files(plug_ins: Path):
    assert install(plug_ins, INTERPRETER_OF_TEST) == "installed"
    assert [path.name for path in plug_ins.iterdir()] == [NAME]
    folder = plug_ins / NAME
    assert f"{folder.name}.py" == ENTRY
    assert not folder.name.isidentifier()
    assert os.access(folder / ENTRY, os.X_OK)
    assert (folder / ENTRY).read_text().startswith("#!/usr/bin/env python3\n")
    there = content(folder)
    catalogues = [name for name in there if name.endswith(".mo")]
    assert catalogues
    assert not [name for name in there if name.endswith((".pyc", ".po"))]
    for source in SOURCE.rglob("*.py"):
        assert there[str(source.relative_to(SOURCE))] == source.read_bytes()


def test_the_plug_in_reads_which_python_was_recorded(folder: Path):
    read = InterpreterOfPlugIn.read(folder / INTERPRETER)
    assert (read.python, read.photochrom, read.protocol) == ("/some where/bin/python", "9.9", 1)


def test_an_installed_plug_in_is_recognized_and_sound(plug_ins: Path, folder: Path):
    (folder / "photochrom_filter" / "__pycache__").mkdir()
    (folder / "photochrom_filter" / "__pycache__" / "job.cpython-313.pyc").touch()
    there = installed(plug_ins)
    assert there is not None
    assert there.photochrom == photochrom.__version__
    assert there.damage() == []
    assert there.strangers() == []


def spoil(folder: Path) -> None:
    (folder / ENTRY).chmod(0o644)
    (folder / "photochrom_filter" / "job.py").unlink()
    (folder / "photochrom_filter" / "__init__.py").write_text("raise SystemExit")


def test_damage_is_named_and_mended_by_installing_again(plug_ins: Path, folder: Path):
    spoil(folder)
    there = installed(plug_ins)
    assert there is not None
    assert sorted(there.damage()) == [
        f"{ENTRY} is not executable",
        "photochrom_filter/__init__.py was changed",
        "photochrom_filter/job.py is missing",
    ]
    assert install(plug_ins, INTERPRETER_OF_TEST) == "updated"
    there = installed(plug_ins)
    assert there is not None
    assert there.damage() == []


def test_files_of_an_older_version_do_not_stay(plug_ins: Path, folder: Path):
    old = folder / "photochrom_filter" / "old.py"
    old.touch()
    record = json.loads((folder / RECORD).read_text())
    record["files"]["photochrom_filter/old.py"] = "0" * 64
    (folder / RECORD).write_text(json.dumps(record))
    assert install(plug_ins, INTERPRETER_OF_TEST) == "updated"
    assert not old.exists()


def make_folder(path: Path) -> None:
    path.mkdir(parents=True)
    (path / ENTRY).write_text("somebody's")


def make_file(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("somebody's")


def make_link(path: Path) -> None:
    make_folder(path.parent.parent / "work" / NAME)
    path.parent.mkdir()
    path.symlink_to(path.parent.parent / "work" / NAME)


def make_broken_link(path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to("nowhere")


def make_damaged_record(path: Path) -> None:
    make_folder(path)
    (path / RECORD).write_text("{")


def make_other_record(path: Path) -> None:
    make_folder(path)
    (path / RECORD).write_text('["photochrom"]')


def make_newer_record(path: Path) -> None:
    make_folder(path)
    (path / RECORD).write_text('{"format": 2, "photochrom": "9.0", "files": {}}')


@pytest.mark.parametrize(
    "make",
    [make_folder, make_file, make_link, make_broken_link, make_damaged_record, make_other_record, make_newer_record],
)
@pytest.mark.parametrize("act", [lambda plug_ins: install(plug_ins, INTERPRETER_OF_TEST), uninstall, installed])
def test_what_somebody_else_made_is_refused_and_left_alone(
    make: Callable[[Path], None], act: Callable[[Path], object], plug_ins: Path
):
    make(plug_ins / NAME)
    before = content(plug_ins.parent), sorted(plug_ins.rglob("*"))
    with pytest.raises(JobError, match="move it away") as refused:
        act(plug_ins)
    assert str(plug_ins / NAME) in str(refused.value)
    assert (content(plug_ins.parent), sorted(plug_ins.rglob("*"))) == before


@pytest.mark.parametrize("act", [lambda plug_ins: install(plug_ins, INTERPRETER_OF_TEST), uninstall])
def test_a_users_own_file_in_the_folder_is_not_deleted(act: Callable[[Path], object], plug_ins: Path, folder: Path):
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(JobError, match=r"did not put there \(notes.txt\)"):
        act(plug_ins)
    assert (folder / "notes.txt").read_text() == "mine"
    assert installed(plug_ins) is not None


def test_a_first_installation_that_fails_leaves_nothing(plug_ins: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(path: Path, _data: bytes) -> None:
        if path.name == "job.py":
            raise OSError(28, os.strerror(28), str(path))
        path.touch()

    monkeypatch.setattr(plug_in, "_write", fail)
    with pytest.raises(JobError, match="cannot be installed: No space left on device"):
        install(plug_ins, INTERPRETER_OF_TEST)
    assert list(plug_ins.iterdir()) == []


@pytest.mark.parametrize("failing", [1, 2])
def test_an_update_that_fails_leaves_the_old_plug_in(
    failing: int, plug_ins: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    before = content(folder)
    rename = Path.rename
    renamed: list[Path] = []

    def fail(path: Path, target: Path) -> Path:
        renamed.append(path)
        if len(renamed) == failing:
            raise OSError(5, os.strerror(5), str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(JobError, match="cannot be installed"):
        install(plug_ins, Interpreter(python="/new", photochrom="1", protocol=1))
    assert content(folder) == before
    assert [path.name for path in plug_ins.iterdir()] == [NAME]


def test_what_a_killed_run_left_is_removed_by_the_next(plug_ins: Path, folder: Path):
    # Killed between the two renames: the old plug-in and the new one lie there under hidden names.
    folder.rename(plug_ins / f".{NAME}.0123456789abcdef")
    shutil.copytree(plug_ins / f".{NAME}.0123456789abcdef", plug_ins / f".{NAME}.fedcba9876543210")
    (plug_ins / f".{NAME}.mine").mkdir()
    assert install(plug_ins, INTERPRETER_OF_TEST) == "installed"
    assert sorted(path.name for path in plug_ins.iterdir()) == [f".{NAME}.mine", NAME]


def test_a_plug_ins_folder_that_is_a_link_is_followed(plug_ins: Path, tmp_path: Path):
    (tmp_path / "dotfiles").mkdir()
    plug_ins.symlink_to("dotfiles")
    install(plug_ins, INTERPRETER_OF_TEST)
    assert (tmp_path / "dotfiles" / NAME / ENTRY).exists()
    assert plug_ins.is_symlink()


def test_a_file_in_place_of_the_plug_ins_folder_is_an_error(plug_ins: Path):
    plug_ins.touch()
    with pytest.raises(JobError, match=f"{plug_ins}"):
        install(plug_ins, INTERPRETER_OF_TEST)


def test_without_the_plug_ins_own_files_nothing_is_installed(
    plug_ins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(plug_in, "SOURCE", tmp_path / "gone")
    with pytest.raises(JobError, match="install photochrom again"):
        install(plug_ins, INTERPRETER_OF_TEST)
    assert not plug_ins.exists()


def test_uninstalling_removes_the_plug_in_and_nothing_else(plug_ins: Path, folder: Path):
    (plug_ins / "other").mkdir()
    (folder / "photochrom_filter" / "__pycache__").mkdir()
    (folder / "photochrom_filter" / "__pycache__" / "job.cpython-313.pyc").touch()
    assert uninstall(plug_ins)
    assert [path.name for path in plug_ins.iterdir()] == ["other"]
    assert not uninstall(plug_ins)
    assert not uninstall(plug_ins.parent / "nowhere")
