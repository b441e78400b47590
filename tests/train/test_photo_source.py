import errno
import gzip
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from photochrom.errors import ImageError
from photochrom_train.photo_source import DataError, EncodedPhoto, UInt8, expand, read_all, read_source


def test_a_folder_is_read_with_all_below_it_in_order(tmp_path: Path):
    for name in ("b.png", "a.JPG", "deep/c.webp", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    photos = list(read_source(tmp_path))
    assert [photo.key for photo in photos] == ["a.JPG", "b.png", "deep/c.webp"]
    assert photos[1].data == b"b.png"
    assert {photo.source for photo in photos} == {""}


def test_hidden_files_and_folders_are_left_alone(tmp_path: Path):
    for name in ("a.png", "._a.png", ".trash/b.png", "c/.d/e.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    assert [photo.key for photo in read_source(tmp_path)] == ["a.png"]


def test_a_file_that_cannot_be_read_is_given_with_its_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"data")
    read = Path.read_bytes

    def fail(path: Path) -> bytes:
        if path.name == "a.png":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", fail)
    first, second = read_source(tmp_path)
    with pytest.raises(ImageError, match="cannot be read: Input/output error"):
        first.decode()
    assert second.data == b"data"


def test_names_with_further_dots_are_photographs_of_their_own(tmp_path: Path, make_shard, jpeg, photo: UInt8):
    about = {"source": "beach"}
    names = ("img.1", "img.2", "b.v2.x")
    shard = make_shard(tmp_path / "dots.tar", {name: (jpeg(photo), about) for name in names})
    assert [(photo.key, photo.source) for photo in read_source(shard)] == [(name, "beach") for name in names]


def test_a_mask_beside_a_photograph_is_none(tmp_path: Path, make_shard, jpeg, photo: UInt8):
    shard = make_shard(tmp_path / "masks.tar", {"a": (jpeg(photo), {}), "a.seg": (b"mask", {"source": "masks"})})
    assert [(found.key, found.data, found.source) for found in read_source(shard)] == [("a", jpeg(photo), "")]


@pytest.mark.parametrize("source", [None, 3, ["a"]])
def test_a_source_that_is_no_text_is_none(tmp_path: Path, make_shard, jpeg, photo: UInt8, source: object):
    shard = make_shard(tmp_path / "one.tar", {"a": (jpeg(photo), {"source": source})})
    assert [found.source for found in read_source(shard)] == [""]


def test_a_shard_is_read_in_its_order_with_its_sources(tmp_path: Path, make_shard, jpeg, photo: UInt8):
    data = jpeg(photo)
    shard = make_shard(tmp_path / "one.tar", {"z-1": (data, {"source": "beach"}), "a-2": (data, {"label": None})})
    photos = list(read_source(shard))
    assert [(photo.key, photo.source) for photo in photos] == [("z-1", "beach"), ("a-2", "")]
    assert photos[0].data == data


def test_a_sample_whose_json_is_broken_still_counts(tmp_path: Path, make_shard, jpeg, photo: UInt8):
    shard = make_shard(tmp_path / "one.tar", {"a": (jpeg(photo), {})})
    shard.write_bytes(shard.read_bytes().replace(b"{}", b"{]"))
    assert [photo.source for photo in read_source(shard)] == [""]


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 100])
def test_what_is_no_shard_is_named(tmp_path: Path, content: bytes):
    file = tmp_path / "broken.tar"
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"broken\.tar"):
        list(read_source(file))


def test_a_shard_with_a_file_twice_is_named(tmp_path: Path):
    with tarfile.open(tmp_path / "twice.tar", "w") as shard:
        for _ in range(2):
            shard.addfile(tarfile.TarInfo("a.jpg"))
    with pytest.raises(DataError, match=r"twice\.tar.*duplicate file name"):
        list(read_source(tmp_path / "twice.tar"))


def test_a_cut_off_shard_is_named(tmp_path: Path, make_shard, jpeg, photo: UInt8):
    shard = make_shard(tmp_path / "cut.tar", {"a": (jpeg(photo), {}), "b": (jpeg(photo), {})})
    data = shard.read_bytes()
    second = data.index(b"b.jpg")
    for kept in (len(jpeg(photo)), second, second + 100, second + 512, second - 512, second - 100):
        shard.write_bytes(data[:kept])
        with pytest.raises(DataError, match=r"cut\.tar is no whole \.tar shard"):
            list(read_source(shard))


def test_a_compressed_shard_is_read_too(tmp_path: Path, make_shard, jpeg, photo: UInt8):
    shard = make_shard(tmp_path / "one.tar", {"a": (jpeg(photo), {})})
    packed = tmp_path / "one.tar.gz"
    packed.write_bytes(gzip.compress(shard.read_bytes()))
    assert [found.key for found in read_source(packed)] == ["a"]
    packed.write_bytes(packed.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"one\.tar\.gz is no whole"):
        list(read_source(packed))


def test_braces_stand_for_several_shards_in_order(tmp_path: Path):
    for number in (0, 1, 2):
        (tmp_path / f"part-{number}.tar").touch()
    assert [path.name for path in expand((f"{tmp_path}/part-{{0..2}}.tar",))] == [f"part-{n}.tar" for n in (0, 1, 2)]
    with pytest.raises(FileNotFoundError, match=r"part-3\.tar does not exist"):
        expand((f"{tmp_path}/part-{{2..3}}.tar",))


def test_several_sources_follow_each_other(photo_folder: Path):
    keys = [photo.key for photo in read_all([photo_folder, photo_folder])]
    assert len(keys) == 24
    assert keys[:12] == keys[12:]


def encoded(pixels: np.ndarray, suffix: str = ".png") -> EncodedPhoto:
    return EncodedPhoto("photo", cv2.imencode(suffix, pixels)[1].tobytes())


def test_decoding_gives_the_stored_pixels(photo: UInt8):
    np.testing.assert_array_equal(encoded(photo).decode(), photo)


def test_alpha_is_dropped_and_grey_gets_three_channels(photo: UInt8):
    bgra = np.dstack([photo, np.full(photo.shape[:2], 9, np.uint8)])
    np.testing.assert_array_equal(encoded(bgra).decode(), photo)
    grey = photo[:, :, 0]
    np.testing.assert_array_equal(encoded(grey).decode(), np.dstack([grey] * 3))


def test_sixteen_bits_are_rounded_to_eight(photo: UInt8):
    deep = photo.astype(np.uint16) * 257
    np.testing.assert_array_equal(encoded(deep + (deep < 60000) * np.uint16(100)).decode(), photo)
    assert encoded(np.full((20, 20, 3), 65535, np.uint16)).decode().min() == 255


def test_what_is_no_whole_picture_is_refused(photo: UInt8, jpeg: Callable[[UInt8], bytes]):
    for data in (b"", b"text", jpeg(photo)[:-200]):
        with pytest.raises(ImageError):
            EncodedPhoto("photo", data).decode()


def test_a_picture_too_small_for_a_photograph_is_refused(photo: UInt8):
    with pytest.raises(ImageError, match="is 96 x 12 pixels; at least 16"):
        encoded(photo[:12]).decode()
    assert encoded(photo[:16]).decode().shape == (16, 96, 3)
