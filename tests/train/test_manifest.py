import shutil
from pathlib import Path

import pytest

from photochrom_train.config import DataConfig
from photochrom_train.manifest import make_manifest
from photochrom_train.photo_cache import prepare_cache
from photochrom_train.photo_source import DataError, UInt8


def test_sources_of_one_name_are_told_apart_by_their_paths(
    photo_folder: Path, tmp_path: Path, make_shard, jpeg, photo: UInt8
):
    """Folders count under their own names, dots and all; shards without theirs where JSON names no collection."""
    folders = [shutil.copytree(photo_folder, tmp_path / name) for name in ("p/photos", "q/photos", "holiday.2023")]
    shard = make_shard(tmp_path / "sea.tar", {"a": (jpeg(photo), {}), "b": (jpeg(photo), {"source": "beach"})})
    config = DataConfig(train=(*map(str, folders), str(shard)), short_side=64, holdout=4)
    manifest = make_manifest(config, prepare_cache(config, tmp_path / "cache", lambda _: None))
    named = [folders[0].as_posix(), folders[1].as_posix(), "holiday.2023"]
    assert list(manifest.sources) == [*named, "sea.tar"]
    assert manifest.collections == {**dict.fromkeys(named, 12), "sea": 1, "beach": 1}


def test_photographs_that_changed_are_refused(photo_folder: Path, tmp_path: Path):
    own = shutil.copytree(photo_folder, tmp_path / "own")
    config = DataConfig(train=(str(own),), short_side=64, holdout=4)
    cache = prepare_cache(config, tmp_path / "cache", lambda _: None)
    next(own.iterdir()).unlink()
    with pytest.raises(DataError, match="not those that the cache was made of"):
        make_manifest(config, cache)
