"""Files: whatever is wrong with one is said with its name, and a file is written complete or not at all."""

import errno
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from photochrom.encoder import encode_image
from photochrom.errors import ImageError
from photochrom.imageio import MAX_FILE_BYTES, colour_name, is_image_name, read_image, shown, write_image

AWKWARD_NAMES = ["with space.png", "übergroß 写真.png", "two\nlines.png", "-o.png", "%s{}.png", b"not utf-8 \xff.png"]


def picture() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (5, 7, 3), dtype=np.uint8)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_any_name_that_a_file_can_have_is_written_and_read(tmp_path: Path, name: str | bytes):
    path = tmp_path / os.fsdecode(name)
    write_image(path, picture())
    assert np.array_equal(read_image(path).pixels, picture())


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_a_name_in_a_message_is_one_printable_line(name: str | bytes):
    text = shown(Path(os.fsdecode(name)))
    assert text.isprintable()
    text.encode("utf-8")


def test_the_content_and_not_the_name_decides_how_a_file_is_read(tmp_path: Path):
    for name in ("png called.jpg", "png called.tif", "png"):
        path = tmp_path / name
        path.write_bytes(encode_image(picture(), ".png"))
        assert np.array_equal(read_image(path).pixels, picture())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"Dear Sir,", "JPEG, PNG, TIFF, WebP"),
        (bytes(encode_image(picture(), ".png"))[:-9], "cut off"),
        (bytes(encode_image(picture(), ".jpg"))[:-2], "cut off"),
    ],
)
def test_a_file_that_is_no_whole_image_is_refused_by_name(tmp_path: Path, content: bytes, reason: str):
    path = tmp_path / "scan.jpg"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=reason) as caught:
        read_image(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_missing_file_a_folder_and_a_pipe_are_refused_by_name(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.png")
    for path, reason in [
        (tmp_path / "missing.png", "No such file"),
        (tmp_path, "is a folder or a device"),
        (tmp_path / "pipe.png", "is a folder or a device"),
        (tmp_path / ("long" * 100 + ".png"), "File name too long"),
    ]:
        with pytest.raises(ImageError, match=reason) as caught:
            read_image(path)
        assert str(caught.value).startswith(f"{path}: ")


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "secret.png"
    write_image(path, picture())

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ImageError, match="cannot be read: Permission denied"):
        read_image(path)


def test_a_file_beyond_opencvs_reach_is_refused_before_it_is_read(tmp_path: Path):
    path = tmp_path / "sparse.tif"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(ImageError, match="at most 2147483647"):
        read_image(path)


def test_folders_are_made_as_needed(tmp_path: Path):
    path = tmp_path / "a" / "b" / "c.png"
    write_image(path, picture())
    assert np.array_equal(read_image(path).pixels, picture())


def test_what_is_there_is_kept_unless_overwriting_is_asked_for(tmp_path: Path):
    path = tmp_path / "a.png"
    path.write_bytes(b"precious")
    with pytest.raises(ImageError, match="exists already"):
        write_image(path, picture())
    assert path.read_bytes() == b"precious"
    write_image(path, picture(), overwrite=True)
    assert np.array_equal(read_image(path).pixels, picture())


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path: Path):
    original, link, dangling = tmp_path / "original.png", tmp_path / "link.png", tmp_path / "dangling.png"
    original.write_bytes(b"precious")
    link.symlink_to(original)
    dangling.symlink_to(tmp_path / "nowhere.png")
    for path in (link, dangling):
        with pytest.raises(ImageError, match="exists already"):
            write_image(path, picture())
        write_image(path, picture(), overwrite=True)
        assert not path.is_symlink()
    assert original.read_bytes() == b"precious"
    assert not (tmp_path / "nowhere.png").exists()


def test_a_folder_is_never_replaced(tmp_path: Path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(ImageError, match="is a folder"):
        write_image(tmp_path / "a.png", picture(), overwrite=True)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ImageError, match="cannot be written"):
        write_image(tmp_path / "file" / "a.png", picture())


@pytest.mark.parametrize(
    ("failure", "raised"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), ImageError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
    ids=["full disk", "interrupt"],
)
@pytest.mark.parametrize("there", [False, True])
def test_a_failure_in_the_middle_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException, raised: type[BaseException], there: bool
):
    path = tmp_path / "a.png"
    if there:
        path.write_bytes(b"before")
    seen: list[list[str]] = []

    def fail(_: int) -> None:
        seen.append(names(tmp_path))
        raise failure

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(raised):
        write_image(path, picture(), overwrite=True)
    assert len(seen[0]) == 1 + there, "the file was not being written under another name"
    assert names(tmp_path) == ["a.png"] * there
    assert not there or path.read_bytes() == b"before"


def test_a_picture_that_its_format_cannot_hold_leaves_nothing_behind(tmp_path: Path):
    with pytest.raises(ImageError, match=r"a\.jpg: JPEG holds uint8"):
        write_image(tmp_path / "new" / "a.jpg", picture().astype(np.uint16))
    assert names(tmp_path) == []


def test_a_new_file_has_the_permissions_that_the_user_gives_new_files(tmp_path: Path):
    (tmp_path / "plain").write_bytes(b"")
    write_image(tmp_path / "a.png", picture())
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_names_of_images_are_known_by_their_suffix_in_any_case():
    known = [
        name for name in ("a.JPG", "b.tiff", "c.PgM", "d", "e.txt", ".jpg", "f.jpg.bak") if is_image_name(Path(name))
    ]
    assert known == ["a.JPG", "b.tiff", "c.PgM"]


def test_a_coloured_copy_keeps_its_name_unless_the_format_holds_grey_only():
    given = ["x/a.JPG", "a.tif", "b.pgm", "c.PBM", "noise"]
    assert [str(colour_name(Path(name))) for name in given] == ["x/a.JPG", "a.tif", "b.ppm", "c.ppm", "noise"]
