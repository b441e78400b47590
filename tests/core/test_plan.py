"""Which file becomes which, and that no original, no other's output and no second photograph is in the way."""

import os
from pathlib import Path

import pytest

from photochrom.errors import JobError
from photochrom.plan import Plan, plan_tasks


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def plan(inputs: list[Path], output: Path, confidence: Path | None = None, *, overwrite: bool = False) -> Plan:
    return plan_tasks(inputs, output, confidence, overwrite=overwrite)


def targets(planned: Plan, below: Path) -> dict[str, str]:
    return {task.source.name: str(task.target.relative_to(below)) for task in planned.tasks}


def test_a_folder_keeps_its_structure_below_the_output(tmp_path: Path):
    album, out = tmp_path / "album", tmp_path / "out"
    touch(album / "b.jpg", album / "1920" / "a.tif", album / "1920" / "x" / "c.pgm")
    assert targets(plan([album], out), out) == {"b.jpg": "b.jpg", "a.tif": "1920/a.tif", "c.pgm": "1920/x/c.ppm"}


def test_the_order_is_that_of_the_inputs_and_of_names(tmp_path: Path):
    album = tmp_path / "album"
    touch(tmp_path / "z.jpg", *(album / name for name in ("c.jpg", "a.jpg", "b.jpg")))
    assert list(targets(plan([tmp_path / "z.jpg", album], tmp_path / "o"), tmp_path / "o")) == [
        "z.jpg",
        "a.jpg",
        "b.jpg",
        "c.jpg",
    ]


def test_other_and_hidden_files_in_a_folder_are_counted_and_left_alone(tmp_path: Path):
    album = tmp_path / "album"
    touch(*(album / name for name in ("a.jpg", "README.md", "Thumbs.db", "._a.jpg", ".thumbnails/a.jpg")))
    planned = plan([album], tmp_path / "out")
    assert targets(planned, tmp_path / "out") == {"a.jpg": "a.jpg"}
    assert planned.passed_over == 3


def test_a_file_that_is_named_is_taken_whatever_it_is_called(tmp_path: Path):
    touch(tmp_path / ".hidden.png", tmp_path / "a.png")
    assert targets(plan([tmp_path / ".hidden.png", tmp_path / "a.png"], tmp_path / "out"), tmp_path / "out") == {
        ".hidden.png": ".hidden.png",
        "a.png": "a.png",
    }


def test_a_named_file_without_a_suffix_fails_in_a_folder_and_goes_into_a_file_with_one(tmp_path: Path):
    touch(tmp_path / "scan")
    (tmp_path / "out").mkdir()
    (failure,) = plan([tmp_path / "scan"], tmp_path / "out").failures
    assert "scan: the name has no suffix" in failure.reason
    assert plan([tmp_path / "scan"], tmp_path / "scan.png").tasks[0].target == tmp_path / "scan.png"


def test_a_single_photograph_goes_into_a_file_or_a_folder(tmp_path: Path):
    source, folder = tmp_path / "a.jpg", tmp_path / "there.png"
    touch(source)
    folder.mkdir()
    for output, target in [
        (tmp_path / "b.PNG", tmp_path / "b.PNG"),
        (tmp_path / "new folder", tmp_path / "new folder" / "a.jpg"),
        (folder, folder / "a.jpg"),
    ]:
        assert [task.target for task in plan([source], output).tasks] == [target]


@pytest.mark.parametrize("output", ["out.gif", "out.2024"])
def test_a_single_photograph_does_not_go_into_an_unknown_format(tmp_path: Path, output: str):
    touch(tmp_path / "a.jpg")
    with pytest.raises(JobError, match=r"no format that can be written .* or the name of a folder that exists"):
        plan([tmp_path / "a.jpg"], tmp_path / output)


def test_several_photographs_and_folders_do_not_go_into_one_file(tmp_path: Path):
    album = tmp_path / "album"
    touch(album / "a.jpg", album / "b.jpg")
    for inputs in ([album], [album / "a.jpg", album / "b.jpg"]):
        with pytest.raises(JobError, match="do not go into one file"):
            plan(inputs, tmp_path / "out.jpg")


def test_a_file_in_the_place_of_the_output_folder_is_refused(tmp_path: Path):
    album = tmp_path / "album"
    touch(album / "a.jpg", tmp_path / "out")
    with pytest.raises(JobError, match="is a file, where a folder is needed"):
        plan([album], tmp_path / "out")


def test_confidence_maps_are_named_after_the_whole_name(tmp_path: Path):
    album, maps = tmp_path / "album", tmp_path / "maps"
    touch(album / "x" / "a.jpg", album / "x" / "a.tif")
    planned = plan([album], tmp_path / "out", maps)
    assert [task.confidence for task in planned.tasks] == [maps / "x" / "a.jpg.png", maps / "x" / "a.tif.png"]
    (single,) = plan([album / "x" / "a.jpg"], tmp_path / "o.jpg", tmp_path / "sure.png").tasks
    assert single.confidence == tmp_path / "sure.png"
    with pytest.raises(JobError, match=r"sure\.jpg: confidence maps are PNG"):
        plan([album / "x" / "a.jpg"], tmp_path / "o.jpg", tmp_path / "sure.jpg")
    with pytest.raises(JobError, match="need two names"):
        plan([album / "x" / "a.jpg"], tmp_path / "o.png", tmp_path / "o.png")


def test_two_photographs_with_one_output_are_refused_and_both_are_named(tmp_path: Path):
    touch(tmp_path / "one" / "a.jpg", tmp_path / "two" / "a.jpg")
    with pytest.raises(JobError, match=r"one/a\.jpg and .*two/a\.jpg would both be written to .*out/a\.jpg"):
        plan([tmp_path / "one", tmp_path / "two"], tmp_path / "out")
    touch(tmp_path / "grey" / "a.pgm", tmp_path / "grey" / "a.ppm")
    with pytest.raises(JobError, match=r"a\.pgm and .*a\.ppm would both"):
        plan([tmp_path / "grey"], tmp_path / "out")


def test_a_map_with_the_name_of_another_photograph_is_refused(tmp_path: Path):
    touch(tmp_path / "in" / "a.jpg", tmp_path / "in" / "a.jpg.png")
    with pytest.raises(JobError, match="would both be written"):
        plan([tmp_path / "in"], tmp_path / "out", tmp_path / "out")


def test_a_photograph_that_is_given_twice_is_done_once(tmp_path: Path):
    album = tmp_path / "album"
    touch(album / "a.jpg")
    assert len(plan([album / "a.jpg", album / "a.jpg", album], tmp_path / "out", tmp_path / "maps").tasks) == 1


@pytest.mark.parametrize("way", ["same name", "symbolic link", "hard link", "linked folder"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_an_output_that_is_an_original_is_refused_by_whatever_name(tmp_path: Path, way: str, overwrite: bool):
    source, out = tmp_path / "in" / "a.jpg", tmp_path / "out"
    touch(source)
    if way == "linked folder":
        out.symlink_to(source.parent)
    else:
        out.mkdir()
    if way == "symbolic link":
        (out / "a.jpg").symlink_to(source)
    if way == "hard link":
        os.link(source, out / "a.jpg")
    with pytest.raises(JobError, match="originals are never touched"):
        plan([source], source if way == "same name" else out, overwrite=overwrite)


def test_the_original_of_another_photograph_is_spared_too(tmp_path: Path):
    album, out = tmp_path / "album", tmp_path / "out"
    touch(album / "a.jpg", album / "b.jpg")
    out.mkdir()
    os.link(album / "b.jpg", out / "a.jpg")
    with pytest.raises(JobError, match=r"out/a\.jpg: is the input .*album/b\.jpg"):
        plan([album], out, overwrite=True)


def test_a_map_does_not_replace_an_original(tmp_path: Path):
    touch(tmp_path / "in" / "a.png")
    with pytest.raises(JobError, match="originals are never touched"):
        plan([tmp_path / "in" / "a.png"], tmp_path / "o.png", tmp_path / "in" / "a.png", overwrite=True)


def test_the_input_folder_as_output_is_refused(tmp_path: Path):
    touch(tmp_path / "album" / "a.jpg")
    with pytest.raises(JobError, match="originals are never touched"):
        plan([tmp_path / "album"], tmp_path / "album", overwrite=True)


def test_outputs_inside_the_input_folder_are_not_taken_for_photographs_the_next_time(tmp_path: Path):
    album = tmp_path / "album"
    touch(album / "a.jpg", album / "colour" / "a.jpg", album / "maps" / "a.jpg.png")
    planned = plan([album], album / "colour", album / "maps", overwrite=True)
    assert [task.source for task in planned.tasks] == [album / "a.jpg"]


def test_existing_outputs_fail_by_name_and_the_others_go_on(tmp_path: Path):
    album, out = tmp_path / "album", tmp_path / "out"
    touch(album / "a.jpg", album / "b.jpg", album / "c.jpg", out / "a.jpg", tmp_path / "maps" / "b.jpg.png")
    planned = plan([album], out, tmp_path / "maps")
    assert targets(planned, out) == {"c.jpg": "c.jpg"}
    assert [failure.source.name for failure in planned.failures] == ["a.jpg", "b.jpg"]
    assert all("exists already" in failure.reason for failure in planned.failures)
    assert len(plan([album], out, tmp_path / "maps", overwrite=True).tasks) == 3


def test_a_missing_input_fails_as_missing_whatever_its_name(tmp_path: Path):
    touch(tmp_path / "a.jpg")
    planned = plan([tmp_path / "a.jpg", tmp_path / "gone.jpg", tmp_path / "gone"], tmp_path / "out")
    assert targets(planned, tmp_path / "out") == {"a.jpg": "a.jpg"}
    assert [failure.reason for failure in planned.failures] == [
        f"{tmp_path / name}: no such file or folder" for name in ("gone.jpg", "gone")
    ]


def test_a_folder_without_photographs_is_refused(tmp_path: Path):
    touch(tmp_path / "in" / "notes.txt")
    with pytest.raises(JobError, match="no photographs in"):
        plan([tmp_path / "in"], tmp_path / "out")


def test_a_folder_that_cannot_be_looked_into_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    album = tmp_path / "album"
    touch(album / "a.jpg", album / "locked" / "b.jpg")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    planned = plan([album], tmp_path / "out")
    assert targets(planned, tmp_path / "out") == {"a.jpg": "a.jpg"}
    (failure,) = planned.failures
    assert failure.reason == f"{album / 'locked'}: folder cannot be read: Permission denied"


def test_a_ring_of_links_does_not_catch_the_search(tmp_path: Path):
    album = tmp_path / "album"
    touch(album / "a.jpg")
    (album / "again").symlink_to(album)
    assert len(plan([album], tmp_path / "out").tasks) == 1
