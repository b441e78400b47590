"""Which file becomes which, and that no original, no other's output and no second photograph is in the way."""

import inspect
import os
import sys
from pathlib import Path

import pytest

from photochrom.conversion.name_folding import NameFolding
from photochrom.conversion.options import Shard
from photochrom.conversion.plan import Plan, plan_tasks
from photochrom.conversion.result import FileResult
from photochrom.conversion.task import Task
from photochrom.errors import JobError
from photochrom.files.output_file import Existing, write_file


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def plan(
    inputs: list[Path],
    output: Path,
    confidence: Path | None = None,
    *,
    overwrite: bool = False,
    skip: bool = False,
    suffix: str | None = None,
) -> Plan:
    existing: Existing = "overwrite" if overwrite else "skip" if skip else "refuse"
    return plan_tasks(inputs, output, confidence, existing=existing, suffix=suffix)


def settled(planned: Plan) -> list[FileResult]:
    """What is known to be skipped or to fail."""
    return [entry for entry in planned.entries if isinstance(entry, FileResult)]


def failures(planned: Plan) -> dict[str, str]:
    return {result.source.name: result.reason for result in settled(planned) if result.status == "failed"}


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
    assert "scan: the name has no suffix" in failures(plan([tmp_path / "scan"], tmp_path / "out"))["scan"]
    assert plan([tmp_path / "scan"], tmp_path / "scan.png").tasks[0].target == tmp_path / "scan.png"


def test_a_named_file_of_a_format_that_is_not_read_fails_for_that(tmp_path: Path):
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (tmp_path / "other.xyz").write_bytes(b"whatever")
    failed = failures(plan([tmp_path / "phone.heic", tmp_path / "other.xyz"], tmp_path / "out"))
    assert failed["phone.heic"].startswith(f"{tmp_path}/phone.heic: it is HEIC")
    assert failed["other.xyz"].startswith(f"{tmp_path}/out/other.xyz: .xyz is no format that can be written")


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


@pytest.mark.parametrize("existing", ["refuse", "skip", "overwrite"])
def test_the_input_folder_as_output_is_refused(tmp_path: Path, existing: Existing):
    album = tmp_path / "album"
    touch(album / "a.jpg", album / "x" / "b.jpg")
    (tmp_path / "link").symlink_to(album)
    for output in (album, tmp_path / "link", album / ".." / "album"):
        with pytest.raises(JobError, match="originals are never touched"):
            plan_tasks([album], output, existing=existing)
        with pytest.raises(JobError, match=r"album: is searched .* would be taken for photographs the next time"):
            plan_tasks([album], output, existing=existing, suffix=".png")
    with pytest.raises(JobError, match="would be taken for photographs the next time"):
        plan_tasks([album], tmp_path / "out", album, existing=existing)


def test_outputs_that_would_land_in_an_input_folder_below_the_output_are_refused(tmp_path: Path):
    touch(tmp_path / "out" / "in" / "in" / "a.jpg", tmp_path / "out" / "in" / "b.jpg")
    with pytest.raises(JobError, match=r"out/in: is searched for photographs"):
        plan([tmp_path / "out" / "in"], tmp_path / "out")
    (tmp_path / "out" / "in" / "in" / "a.jpg").unlink()
    assert targets(plan([tmp_path / "out" / "in"], tmp_path / "out"), tmp_path / "out") == {"b.jpg": "b.jpg"}


@pytest.fixture
def two_floors(tmp_path: Path) -> Path:
    album = tmp_path / "album"
    touch(album / "a.jpg", album / "b.png", album / "more" / "c.jpg", album / "more" / "d.jpg")
    return album


@pytest.mark.parametrize("pattern", ["a*", "*.*g", "**/[a]*", "*/*", "mo*/**", "**/more/*"])
def test_outputs_that_would_match_an_input_pattern_the_next_time_are_refused(two_floors: Path, pattern: str):
    with pytest.raises(JobError, match=r"would match .* too, and that be taken for a photograph the next time"):
        plan([two_floors / pattern], two_floors, suffix=".tif" if pattern != "*.*g" else ".jpeg")


@pytest.mark.parametrize(
    ("pattern", "out", "suffix"),
    [
        ("*.jpg", "", ".png"),
        ("*/*.jpg", "", ".png"),
        ("**/*.png", "colour", None),
        ("**", "colour", ".png"),
        ("[m-z]*", "colour", None),
        ("**/more/*", "more/colour", None),
        ("**/*.jpg", "more", ".png"),
        ("**/*", "more", ".png"),
    ],
)
def test_outputs_that_match_no_input_pattern_are_not_found_the_next_time(
    two_floors: Path, pattern: str, out: str, suffix: str | None
):
    planned = plan([two_floors / pattern], two_floors / out, suffix=suffix)
    assert planned.tasks
    touch(*(task.target for task in planned.tasks))
    again = plan([two_floors / pattern], two_floors / out, suffix=suffix, skip=True)
    assert [(entry.source, entry.status) for entry in settled(again)] == [
        (task.source, "skipped") for task in planned.tasks
    ]


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
    assert list(failures(planned)) == ["a.jpg", "b.jpg"]
    assert all("exists already" in reason for reason in failures(planned).values())
    assert len(plan([album], out, tmp_path / "maps", overwrite=True).tasks) == 3


def test_a_missing_input_fails_as_missing_whatever_its_name(tmp_path: Path):
    touch(tmp_path / "a.jpg")
    planned = plan([tmp_path / "a.jpg", tmp_path / "gone.jpg", tmp_path / "gone"], tmp_path / "out")
    assert targets(planned, tmp_path / "out") == {"a.jpg": "a.jpg"}
    assert failures(planned) == {name: f"{tmp_path / name}: no such file or folder" for name in ("gone.jpg", "gone")}


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
    assert failures(planned) == {"locked": f"{album / 'locked'}: folder cannot be read: Permission denied"}


def test_a_ring_of_links_does_not_catch_the_search(tmp_path: Path):
    album = tmp_path / "album"
    touch(album / "a.jpg")
    (album / "again").symlink_to(album)
    assert len(plan([album], tmp_path / "out").tasks) == 1


def test_skipping_leaves_what_is_complete_and_makes_only_what_is_missing(tmp_path: Path):
    album, out, maps = tmp_path / "album", tmp_path / "out", tmp_path / "maps"
    touch(*(album / f"{name}.jpg" for name in "abcd"))
    touch(out / "a.jpg", maps / "a.jpg.png", out / "b.jpg", maps / "c.jpg.png")
    a, b, c, d = plan([album], out, maps, skip=True).entries
    assert a == FileResult(
        source=album / "a.jpg", status="skipped", target=out / "a.jpg", confidence=maps / "a.jpg.png"
    )
    assert isinstance(b, Task)
    assert b.missing == (maps / "b.jpg.png",)
    assert isinstance(c, Task)
    assert c.missing == (out / "c.jpg",)
    assert isinstance(d, Task)
    assert d.missing == (maps / "d.jpg.png", out / "d.jpg"), "the coloured copy stands for the finished task"
    assert [entry.source.name for entry in plan([album], out, skip=True).tasks] == ["c.jpg", "d.jpg"]


def test_replacing_makes_every_output_anew(tmp_path: Path):
    album, out, maps = tmp_path / "album", tmp_path / "out", tmp_path / "maps"
    touch(album / "a.jpg", out / "a.jpg", maps / "a.jpg.png")
    (task,) = plan([album], out, maps, overwrite=True).tasks
    assert task.missing == task.outputs == (maps / "a.jpg.png", out / "a.jpg")


def test_a_missing_photograph_fails_even_if_its_copy_is_there(tmp_path: Path):
    touch(tmp_path / "out" / "a.jpg")
    assert list(failures(plan([tmp_path / "a.jpg"], tmp_path / "out", skip=True))) == ["a.jpg"]


@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_in_the_place_of_an_output_counts_as_there(tmp_path: Path, dangling: bool):
    touch(tmp_path / "a.jpg", tmp_path / "elsewhere.jpg")
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.jpg").symlink_to(tmp_path / ("nowhere.jpg" if dangling else "elsewhere.jpg"))
    assert "exists already" in failures(plan([tmp_path / "a.jpg"], out))["a.jpg"]
    assert settled(plan([tmp_path / "a.jpg"], out, skip=True))[0].status == "skipped"
    assert plan([tmp_path / "a.jpg"], out, overwrite=True).tasks[0].target == out / "a.jpg"


def test_a_folder_in_the_place_of_an_output_is_a_failure_whatever_is_asked_for(tmp_path: Path):
    touch(tmp_path / "a.jpg", tmp_path / "out" / "a.jpg" / "b.txt")
    for skip, overwrite in ((False, False), (True, False), (False, True)):
        planned = plan([tmp_path / "a.jpg"], tmp_path / "out", skip=skip, overwrite=overwrite)
        assert "is a folder" in failures(planned)["a.jpg"]


def test_a_linked_output_folder_is_followed(tmp_path: Path):
    touch(tmp_path / "album" / "a.jpg", tmp_path / "there" / "a.jpg")
    (tmp_path / "out").symlink_to(tmp_path / "there")
    assert "exists already" in failures(plan([tmp_path / "album"], tmp_path / "out"))["a.jpg"]


def test_two_names_of_one_output_folder_are_one(tmp_path: Path):
    touch(tmp_path / "in" / "x" / "a.jpg", tmp_path / "in" / "y" / "a.jpg")
    (tmp_path / "out" / "x").mkdir(parents=True)
    (tmp_path / "out" / "y").symlink_to("x")
    with pytest.raises(JobError, match=r"x/a\.jpg and .*y/a\.jpg would both be written"):
        plan([tmp_path / "in"], tmp_path / "out")


def test_a_link_to_a_photograph_is_followed_and_one_that_leads_nowhere_is_a_failure(tmp_path: Path):
    album = tmp_path / "album"
    touch(album / "a.jpg", tmp_path / "b.jpg")
    (album / "b.jpg").symlink_to(tmp_path / "b.jpg")
    (album / "c.jpg").symlink_to(tmp_path / "gone.jpg")
    (album / "ring.jpg").symlink_to(album / "ring.jpg")
    planned = plan([album], tmp_path / "out")
    assert targets(planned, tmp_path / "out") == {"a.jpg": "a.jpg", "b.jpg": "b.jpg"}
    assert failures(planned) == {
        "c.jpg": f"{album / 'c.jpg'}: is a link that leads nowhere",
        "ring.jpg": f"{album / 'ring.jpg'}: cannot be read: Too many levels of symbolic links",
    }


def test_names_that_no_file_can_have_are_failures(tmp_path: Path):
    touch(tmp_path / "a.jpg", tmp_path / ("n" * 251 + ".jpg"))
    long, null = tmp_path / ("n" * 252 + ".jpg"), tmp_path / "\0.jpg"
    planned = plan([tmp_path / "a.jpg", long, null], tmp_path / "out")
    assert targets(planned, tmp_path / "out") == {"a.jpg": "a.jpg"}
    assert failures(planned) == {
        long.name: f"{long}: cannot be read: File name too long",
        null.name: f"{str(null)!a}: cannot be read: no file can have this name",
    }
    (tmp_path / "maps").mkdir()
    (failure,) = settled(plan([tmp_path / ("n" * 251 + ".jpg")], tmp_path / "out", tmp_path / "maps"))
    assert failure.reason.endswith(".jpg.png: cannot be written: File name too long")


def test_awkward_names_are_kept(tmp_path: Path):
    album = tmp_path / "album"
    names = ["two words.jpg", "two\nlines.jpg", "-o.jpg", "*.jpg", "[a].jpg", "con.jpg", os.fsdecode(b"\xff.jpg")]
    touch(*(album / name for name in names))
    assert sorted(targets(plan([album], tmp_path / "out"), tmp_path / "out").values()) == sorted(names)


def test_an_output_folder_that_cannot_be_written_to_ends_it_before_anything_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    album, file, done = tmp_path / "album", tmp_path / "file", tmp_path / "done"
    touch(album / "a.jpg", album / "b.jpg", file, done / "a.jpg")
    with pytest.raises(JobError, match="file: is a file, where a folder is needed"):
        plan([album], file / "new")
    monkeypatch.setattr(os, "access", lambda *_: False)
    for output in (tmp_path / "new", done):
        with pytest.raises(JobError, match=rf"{tmp_path.name}.*: no permission to write"):
            plan([album], output, skip=True)
    assert settled(plan([album / "a.jpg"], done, skip=True))[0].status == "skipped", "nothing needs to be written"


def test_a_folder_without_permission_fails_its_photographs_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    album, out = tmp_path / "album", tmp_path / "out"
    touch(album / "a.jpg", album / "1920" / "b.jpg")
    (out / "1920").mkdir(parents=True)
    monkeypatch.setattr(os, "access", lambda path, _: Path(path).name != "1920")
    planned = plan([album], out)
    assert targets(planned, out) == {"a.jpg": "a.jpg"}
    assert "1920: no permission to write" in failures(planned)["b.jpg"]


def test_a_format_asked_for_changes_the_names_and_clashes_are_found(tmp_path: Path):
    album = tmp_path / "album"
    touch(album / "a.tif", album / "x" / "b.pgm", album / "x" / "b.v2.JPG")
    assert targets(plan([album], tmp_path / "out", suffix=".png"), tmp_path / "out") == {
        "a.tif": "a.png",
        "b.pgm": "x/b.png",
        "b.v2.JPG": "x/b.v2.png",
    }
    touch(album / "a.jpg")
    with pytest.raises(JobError, match=r"a\.jpg and .*a\.tif would both be written to .*a\.png"):
        plan([album], tmp_path / "out", suffix=".png")
    with pytest.raises(JobError, match="gif is no format that can be written"):
        plan([album], tmp_path / "out", suffix=".gif")
    with pytest.raises(JobError, match=r"o\.jpg: ends in \.jpg, and the format asked for is \.png"):
        plan([album / "a.jpg"], tmp_path / "o.jpg", suffix=".png")


def test_every_photograph_belongs_to_exactly_one_share(tmp_path: Path):
    album = tmp_path / "album"
    touch(*(album / f"{year}" / f"{number}.jpg" for year in range(1900, 1910) for number in range(20)))
    shares = [
        plan_tasks([album], tmp_path / "out", shard=Shard(number=number, count=4)).tasks for number in range(1, 5)
    ]
    assert sorted(task.source for share in shares for task in share) == sorted(album.rglob("*.jpg"))
    assert all(30 <= len(share) <= 70 for share in shares)


def test_a_share_stays_the_same_wherever_the_folder_lies_and_whatever_else_comes(tmp_path: Path):
    names = [Path(str(year), f"é{number}.jpg") for year in range(1900, 1905) for number in range(6)]
    touch(*(tmp_path / "album" / name for name in names))
    touch(*(tmp_path / "elsewhere" / "mount" / name for name in (*names, Path("new.jpg"), Path("1900", "new.jpg"))))

    def share(inputs: list[Path]) -> set[str]:
        tasks = plan_tasks(inputs, tmp_path / "out", shard=Shard(number=2, count=3)).tasks
        return {str(task.target.relative_to(tmp_path / "out")) for task in tasks if task.target.name != "new.jpg"}

    first = share([tmp_path / "album"])
    assert 0 < len(first) < len(names)
    assert share([tmp_path / "elsewhere" / "mount"]) == first
    assert share([tmp_path / "album" / "**" / "*.jpg"]) == first


def test_shares_are_those_of_every_version_on_every_machine():
    held = [name for name in ("a.jpg", "b.jpg", "x/a.jpg", "x/é.tif") if Shard(number=1, count=2).holds(Path(name))]
    # As `printf %s a.jpg | sha256sum` says, the names' hashes end in ee, 18, 15 and 4a.
    assert held == ["a.jpg", "b.jpg", "x/é.tif"]
    decomposed = Path("x/e\N{COMBINING ACUTE ACCENT}.tif")
    assert Shard(number=1, count=2).holds(decomposed) == ("x/é.tif" in held)
    assert Shard(number=1, count=1).holds(Path(os.fsdecode(b"\xff.jpg")))


def test_a_share_without_photographs_is_no_error(tmp_path: Path):
    touch(tmp_path / "a.jpg")
    plans = [
        plan_tasks([tmp_path / "a.jpg"], tmp_path / "out", shard=Shard(number=number, count=2)) for number in (1, 2)
    ]
    assert sorted(len(planned.entries) for planned in plans) == [0, 1]


def test_clashes_are_refused_in_every_share(tmp_path: Path):
    touch(tmp_path / "one" / "a.jpg", tmp_path / "two" / "a.jpg")
    for number in (1, 2):
        with pytest.raises(JobError, match="would both"):
            plan_tasks([tmp_path / "one", tmp_path / "two"], tmp_path / "out", shard=Shard(number=number, count=2))


def test_the_folders_of_all_outputs_are_told_skipped_ones_too(tmp_path: Path):
    album, out, maps = tmp_path / "album", tmp_path / "out", tmp_path / "maps"
    touch(album / "a.jpg", album / "x" / "b.jpg", out / "a.jpg", maps / "a.jpg.png")
    assert set(plan([album], out, maps, skip=True).folders) == {out, maps, out / "x", maps / "x"}


@pytest.mark.parametrize(
    ("one", "other", "same_on"),
    [
        ("A.jpg", "a.JPG", "case"),
        ("x/a.jpg", "X/a.jpg", "case"),
        ("\u00e9.jpg", "e\u0301.jpg", "composition"),
        ("stra\u00dfe.jpg", "STRASSE.jpg", "case"),
        ("\u00c9.jpg", "e\u0301.jpg", "both"),
    ],
)
def test_names_that_are_one_for_the_file_system_are_refused_up_front_and_only_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one: str, other: str, same_on: str
):
    touch(tmp_path / "first" / one, tmp_path / "second" / other, tmp_path / "first" / "b.jpg")
    for ignored in ("nothing", "case", "composition", "both"):
        folding = NameFolding(case=ignored in ("case", "both"), composition=ignored in ("composition", "both"))
        monkeypatch.setattr("photochrom.conversion.conflict.probe_folding", lambda _, folding=folding: folding)
        inputs = [tmp_path / "first", tmp_path / "second"]
        if ignored in (same_on, "both"):
            with pytest.raises(JobError, match=r"would both be written to .* one name on this file system") as caught:
                plan(inputs, tmp_path / "out")
            for source in (tmp_path / "first" / one, tmp_path / "second" / other):
                assert str(source) in str(caught.value)
        else:
            assert len(plan(inputs, tmp_path / "out").tasks) == 3


def test_asking_the_file_system_leaves_nothing_behind(tmp_path: Path):
    touch(tmp_path / "one" / "a.jpg", tmp_path / "two" / "A.jpg")
    if (tmp_path / "one" / "A.jpg").exists():
        pytest.skip("the file system here ignores case")
    (tmp_path / "out").mkdir()
    for output in (tmp_path / "out", tmp_path / "made later"):
        assert len(plan([tmp_path / "one", tmp_path / "two"], output).tasks) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "out", "two"]
    assert not any((tmp_path / "out").iterdir())


def test_many_photographs_are_planned_in_time_that_grows_with_their_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    calls = 0
    stat = os.stat

    def count(path: str, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
        nonlocal calls
        calls += 1
        return stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(os, "stat", count)
    looks = []
    for number in (200, 400):
        touch(*(tmp_path / str(number) / f"{index:04}.jpg" for index in range(number)))
        calls = 0
        assert len(plan([tmp_path / str(number)], tmp_path / "out", tmp_path / "maps").tasks) == number
        looks.append(calls)
    assert looks[1] < 2.2 * looks[0]


def test_folders_deeper_than_python_recurses_are_searched_and_made(tmp_path: Path):
    folder, out = tmp_path.joinpath("album", *["d"] * 200), tmp_path / "out"
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    try:
        write_file(folder / "a.tif", b"")
        for given in (tmp_path / "album", tmp_path / "album/**/*.tif"):
            (task,) = plan([given], out, overwrite=True).tasks
            assert task.source == folder / "a.tif"
            write_file(task.target, b"", existing="overwrite")
    finally:
        sys.setrecursionlimit(before)
