"""How names are compared, as the file system says."""

import os
from pathlib import Path

import pytest

from photochrom.conversion.name_folding import NameFolding, probe_folding


@pytest.mark.parametrize(
    ("folding", "same", "different"),
    [
        (NameFolding(case=False, composition=False), [], [("a", "A"), ("é", "e\u0301")]),
        (NameFolding(case=True, composition=False), [("a", "A"), ("É", "é"), ("ß", "SS")], [("é", "e\u0301")]),
        (NameFolding(case=False, composition=True), [("é", "e\u0301")], [("a", "A"), ("É", "e\u0301")]),
        (NameFolding(case=True, composition=True), [("É", "e\u0301"), ("a\udcff", "A\udcff")], [("a", "b")]),
    ],
)
def test_names_are_the_same_exactly_where_the_file_system_says_so(
    folding: NameFolding, same: list[tuple[str, str]], different: list[tuple[str, str]]
):
    assert all(folding.fold(one) == folding.fold(other) for one, other in same)
    assert all(folding.fold(one) != folding.fold(other) for one, other in different)


@pytest.mark.parametrize("case", [False, True])
@pytest.mark.parametrize("composition", [False, True])
def test_the_file_system_is_asked_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: bool, composition: bool
):
    pretended = NameFolding(case=case, composition=composition)

    def lexists(path: Path) -> bool:
        return pretended.fold(path.name) in {pretended.fold(entry.name) for entry in path.parent.iterdir()}

    monkeypatch.setattr(os.path, "lexists", lexists)
    assert probe_folding(tmp_path) == pretended
    assert not any(tmp_path.iterdir())


def test_the_file_system_here_is_described_as_it_is(tmp_path: Path):
    (tmp_path / "a\u00e9").touch()
    real = NameFolding(case=(tmp_path / "A\u00e9").exists(), composition=(tmp_path / "ae\u0301").exists())
    assert probe_folding(tmp_path) == real


def test_a_folder_that_cannot_be_written_to_counts_as_strict(tmp_path: Path):
    assert probe_folding(tmp_path / "missing") == NameFolding(case=False, composition=False)
