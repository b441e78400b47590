import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from photochrom_train.config import DataConfig, TrainConfig
from photochrom_train.photo_cache import PhotoCache, digest, prepare_cache
from photochrom_train.photo_source import DataError, UInt8


@pytest.fixture
def own_photos(photo_folder: Path, tmp_path: Path) -> Path:
    """The photographs, free to be changed."""
    return shutil.copytree(photo_folder, tmp_path / "own")


def data(folder: Path, **changes: object) -> DataConfig:
    return dataclasses.replace(DataConfig(train=(str(folder),), short_side=64, holdout=4), **changes)  # type: ignore[arg-type]


def nothing(_: int) -> None:
    pass


def test_photographs_are_shrunk_to_the_short_side_and_never_enlarged(photo_folder: Path, tmp_path: Path):
    shrunk = prepare_cache(data(photo_folder), tmp_path / "small", nothing)
    assert [min(photo.shape[:2]) for photo in shrunk] == [64] * 12
    assert shrunk[0].shape == (64, 77, 3)
    whole = prepare_cache(data(photo_folder, short_side=500), tmp_path / "whole", nothing)
    assert whole[0].shape == (80, 96, 3)


def test_a_photograph_comes_back_as_it_was(photo_folder: Path, tmp_path: Path, photo: UInt8):
    cache = prepare_cache(data(photo_folder, short_side=500), tmp_path / "cache", nothing)
    np.testing.assert_array_equal(cache[0], photo)
    assert len(cache) == 12
    assert cache.photos[0].key == "photo-00.png"


def test_progress_counts_the_photographs(photo_folder: Path, tmp_path: Path):
    seen: list[int] = []
    prepare_cache(data(photo_folder), tmp_path / "cache", seen.append)
    assert seen == list(range(1, 13))


def test_bad_photographs_are_named_counted_and_skipped(own_photos: Path, tmp_path: Path):
    (own_photos / "empty.jpg").touch()
    (own_photos / "text.png").write_text("not a picture")
    cache = prepare_cache(data(own_photos, max_bad_fraction=0.2), tmp_path / "cache", nothing)
    assert len(cache) == 12
    assert len(cache.bad) == 2
    assert "empty.jpg" in cache.bad[0]
    assert "text.png" in cache.bad[1]


def test_too_many_bad_photographs_stop_the_preparation_and_are_named(own_photos: Path, tmp_path: Path):
    (own_photos / "text.png").write_text("not a picture")
    with pytest.raises(DataError, match=r"1 of 13 photographs are unreadable .*max_bad_fraction.*text\.png"):
        prepare_cache(data(own_photos, max_bad_fraction=0.05), tmp_path / "cache", nothing)
    assert list((tmp_path / "cache").iterdir()) == []
    with pytest.raises(DataError, match="run `photochrom-train prepare` first"):
        PhotoCache(tmp_path / "cache")


def test_a_source_without_photographs_is_an_error(tmp_path: Path):
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match=r"no photographs in .*none; name folders or \.tar shards that hold some"):
        prepare_cache(data(tmp_path / "none"), tmp_path / "cache", nothing)


def test_a_cache_is_that_of_its_own_sources_and_size_alone(own_photos: Path, tmp_path: Path):
    cache = prepare_cache(data(own_photos), tmp_path / "cache", nothing)
    shutil.rmtree(own_photos)
    cache.require(data(own_photos))
    for other in (data(tmp_path / "others"), data(own_photos, short_side=96)):
        with pytest.raises(
            DataError, match=r"the cache is of .*own at a short side of 64, not of what the config names"
        ):
            cache.require(other)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"recipe": {}}'])
def test_a_damaged_index_is_no_cache_and_preparing_mends_it(own_photos: Path, tmp_path: Path, text: str):
    prepare_cache(data(own_photos), tmp_path / "cache", nothing)
    (tmp_path / "cache" / "index.json").write_text(text)
    with pytest.raises(DataError, match="run `photochrom-train prepare` first"):
        PhotoCache(tmp_path / "cache")
    assert len(prepare_cache(data(own_photos), tmp_path / "cache", nothing)) == 12


def test_a_preparation_that_is_stopped_leaves_nothing(own_photos: Path, tmp_path: Path):
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_cache(data(own_photos), tmp_path / "cache", stop)
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_is_no_photograph_of_a_folder_changes_nothing(own_photos: Path, tmp_path: Path):
    before = digest(own_photos)
    (own_photos / ".#notes.txt").symlink_to(own_photos / "nowhere")
    (own_photos / "dangling.png").symlink_to(own_photos / "nowhere")
    (own_photos / "notes.txt").write_text("not one")
    assert digest(own_photos) == before
    assert len(prepare_cache(data(own_photos), tmp_path / "cache", nothing)) == 12


def test_a_cache_of_the_same_sources_is_kept(own_photos: Path, tmp_path: Path):
    prepare_cache(data(own_photos), tmp_path / "cache", nothing)
    before = (tmp_path / "cache" / "photos.u8").stat()
    prepare_cache(data(own_photos), tmp_path / "cache", nothing)
    after = (tmp_path / "cache" / "photos.u8").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_cache_is_made_anew_when_photographs_or_size_changed(own_photos: Path, tmp_path: Path):
    prepare_cache(data(own_photos), tmp_path / "cache", nothing)
    (own_photos / "photo-00.png").unlink()
    assert len(prepare_cache(data(own_photos), tmp_path / "cache", nothing)) == 11
    assert min(prepare_cache(data(own_photos, short_side=70), tmp_path / "cache", nothing)[0].shape[:2]) == 70


def test_a_cut_off_cache_is_refused(photo_folder: Path, tmp_path: Path):
    prepare_cache(data(photo_folder), tmp_path / "cache", nothing)
    file = tmp_path / "cache" / "photos.u8"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"delete .* and run `photochrom-train prepare` again"):
        PhotoCache(tmp_path / "cache")


def test_the_split_is_whole_disjoint_and_by_key_alone(cache: PhotoCache, own_photos: Path, tmp_path: Path):
    training, held_out = cache.split(4)
    assert sorted(training + held_out) == list(range(12))
    assert len(held_out) == 4
    keys = [cache.photos[at].key for at in held_out]
    (own_photos / "another.png").write_bytes((own_photos / "photo-00.png").read_bytes())
    larger = prepare_cache(data(own_photos), tmp_path / "larger", nothing)
    assert len(set(keys) - {larger.photos[at].key for at in larger.split(4)[1]}) <= 1


def test_a_split_needs_more_photographs_than_it_sets_aside(cache: PhotoCache, config: TrainConfig):
    assert len(cache) > config.data.holdout
    with pytest.raises(DataError, match=r"12 photographs; more than data.holdout = 12"):
        cache.split(12)
