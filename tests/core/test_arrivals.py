"""A photograph has arrived when it has come to rest, once, and again when it has changed."""

import os
from pathlib import Path

import pytest

from photochrom.conversion.arrivals import Arrivals
from photochrom.conversion.result import FileResult
from photochrom.conversion.search import Found


def found(folder: Path) -> list[Found | FileResult]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [Found(path, path.relative_to(folder)) for path in paths]


def names(arrived: list[Found | FileResult]) -> list[str]:
    return [one.source.name for one in arrived]


def put(path: Path, data: bytes, time: int) -> None:
    path.write_bytes(data)
    os.utime(path, ns=(time, time))


def test_what_is_the_same_in_two_looks_has_arrived_once(tmp_path: Path):
    arrivals = Arrivals()
    put(tmp_path / "a.jpg", b"a", 1)
    assert names(arrivals.look(found(tmp_path))) == []
    put(tmp_path / "b.jpg", b"b", 1)
    assert names(arrivals.look(found(tmp_path))) == ["a.jpg"]
    assert names(arrivals.look(found(tmp_path))) == ["b.jpg"]
    assert names(arrivals.look(found(tmp_path))) == []


@pytest.mark.parametrize("changed", ["size", "time"])
def test_what_still_changes_has_not_arrived(tmp_path: Path, changed: str):
    arrivals = Arrivals()
    for step in range(1, 5):
        put(tmp_path / "a.jpg", b"a" * (step if changed == "size" else 9), step if changed == "time" else 9)
        assert names(arrivals.look(found(tmp_path))) == []
    assert names(arrivals.look(found(tmp_path))) == ["a.jpg"]


def test_what_changes_afterwards_arrives_again_when_it_has_come_to_rest(tmp_path: Path):
    arrivals = Arrivals()
    put(tmp_path / "a.jpg", b"a", 1)
    told = []
    for step in range(6):
        if step == 3:
            put(tmp_path / "a.jpg", b"a", 2)
        told.append(names(arrivals.look(found(tmp_path))))
    assert told == [[], ["a.jpg"], [], [], ["a.jpg"], []]


def test_what_is_gone_is_forgotten(tmp_path: Path):
    arrivals = Arrivals()
    put(tmp_path / "a.jpg", b"a", 1)
    there = found(tmp_path)
    arrivals.look(there)
    assert set(arrivals.known) == {tmp_path / "a.jpg"}
    (tmp_path / "a.jpg").unlink()
    assert arrivals.look(there) == [], "found, but gone before it was looked at"
    assert set(arrivals.known) == set()
    put(tmp_path / "a.jpg", b"a", 1)
    assert [names(arrivals.look(found(tmp_path))) for _ in range(3)] == [[], ["a.jpg"], []]


def test_a_folder_that_cannot_be_read_is_told_once_and_what_was_in_it_kept(tmp_path: Path):
    arrivals = Arrivals()
    (tmp_path / "in").mkdir()
    put(tmp_path / "in" / "a.jpg", b"a", 1)
    there = found(tmp_path)
    locked: list[Found | FileResult] = [FileResult(source=tmp_path / "in", status="failed", reason="locked")]
    assert [names(arrivals.look(one)) for one in (there, there, locked, locked, there, locked)] == [
        [],
        ["a.jpg"],
        ["in"],
        [],
        [],
        ["in"],
    ]
