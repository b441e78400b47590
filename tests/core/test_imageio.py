"""Pictures in files: whatever is wrong with one is said with its name."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from photochrom.errors import ImageError
from photochrom.files.encoder import encode_image
from photochrom.files.imageio import MAX_FILE_BYTES, read_image, write_image

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
        (tmp_path, "is a folder, a pipe or a device"),
        (tmp_path / "pipe.png", "is a folder, a pipe or a device"),
        (tmp_path / ("long" * 100 + ".png"), "File name too long"),
    ]:
        with pytest.raises(ImageError, match=reason) as caught:
            read_image(path)
        assert str(caught.value).startswith(f"{path}: ")


def test_a_pipe_that_takes_a_files_place_in_the_last_moment_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    os.mkfifo(tmp_path / "pipe.png")
    monkeypatch.setattr(Path, "is_file", lambda _: True)
    with pytest.raises(ImageError, match="is a folder, a pipe or a device"):
        read_image(tmp_path / "pipe.png")


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "secret.png"
    write_image(path, picture())

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ImageError, match="cannot be read: Permission denied"):
        read_image(path)


def test_a_file_beyond_opencvs_reach_is_refused_before_it_is_read(tmp_path: Path):
    path = tmp_path / "sparse.tif"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(ImageError, match="at most 2147483647"):
        read_image(path)


def test_a_picture_that_its_format_cannot_hold_leaves_nothing_behind(tmp_path: Path):
    with pytest.raises(ImageError, match=r"a\.jpg: JPEG holds uint8"):
        write_image(tmp_path / "new" / "a.jpg", picture().astype(np.uint16))
    assert names(tmp_path) == []
