"""Lists of paths are read as programs and people write them."""

import io
import os
from pathlib import Path

import pytest

from photochrom.command.path_list import read_list
from photochrom.errors import JobError


@pytest.mark.parametrize(
    ("data", "null", "names"),
    [
        (b"a.jpg\nb c.jpg\n", False, ["a.jpg", "b c.jpg"]),
        (b"a.jpg\n\n  \nb.jpg", False, ["a.jpg", "b.jpg"]),
        (b"\xef\xbb\xbfa.jpg\r\nb.jpg\r\n", False, ["a.jpg", "b.jpg"]),
        (b" a.jpg \n", False, [" a.jpg "]),
        (b"a\nb.jpg\0c.jpg\0", True, ["a\nb.jpg", "c.jpg"]),
        (b"gr\xfc\xdfe.jpg\n", False, [os.fsdecode(b"gr\xfc\xdfe.jpg")]),
    ],
)
def test_each_line_is_a_path(tmp_path: Path, data: bytes, null: bool, names: list[str]):
    path = tmp_path / "list"
    path.write_bytes(data)
    assert read_list(str(path), null=null) == list(map(Path, names))


def test_standard_input_may_be_the_list(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a.jpg\n")))
    assert read_list("-", null=False) == [Path("a.jpg")]


def test_a_closed_standard_input_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(JobError, match="closed"):
        read_list("-", null=False)


@pytest.mark.parametrize(
    ("data", "reason"), [(b"", "holds no path"), (b"\n \n", "holds no path"), (b"a.jpg\0b.jpg\0", "--null")]
)
def test_a_list_without_paths_or_of_the_other_kind_is_refused(tmp_path: Path, data: bytes, reason: str):
    path = tmp_path / "list"
    path.write_bytes(data)
    with pytest.raises(JobError, match=reason):
        read_list(str(path), null=False)


def test_a_list_that_cannot_be_read_is_named(tmp_path: Path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(JobError, match=str(path)):
            read_list(str(path), null=False)
