"""What patterns and folders find, and what they leave alone."""

from pathlib import Path

import pytest

from photochrom.conversion.result import FileResult
from photochrom.conversion.search import Found, Search, identify, is_pattern


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A folder of photographs, and of what is none."""
    folder = tmp_path / "scans"
    names = [
        "a.tif",
        "b.TIF",
        "c.jpg",
        "notes.txt",
        ".hidden.tif",
        "1920/d.tif",
        "1920/front/e.tif",
        "1921/front/f.tif",
        "1921/back/g.tif",
        ".cache/h.tif",
    ]
    touch(*(folder / name for name in names))
    return folder


def places(inputs: list[Path], outputs: tuple[Path, ...] = ()) -> list[str]:
    search = Search({identity for path in outputs if (identity := identify(path))})
    return [str(found.place) if isinstance(found, Found) else found.reason for found in search.find(inputs)]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.tif", ["a.tif"]),
        ("*.[tT][iI][fF]", ["a.tif", "b.TIF"]),
        ("?.jpg", ["c.jpg"]),
        ("**/*.tif", ["a.tif", "1920/d.tif", "1920/front/e.tif", "1921/back/g.tif", "1921/front/f.tif"]),
        ("*/front/*.tif", ["1920/front/e.tif", "1921/front/f.tif"]),
        ("**/front/*", ["1920/front/e.tif", "1921/front/f.tif"]),
        ("1920/*.tif", ["d.tif"]),
        ("192[01]", ["1920/d.tif", "1920/front/e.tif", "1921/back/g.tif", "1921/front/f.tif"]),
        ("**/front", ["1920/front/e.tif", "1921/front/f.tif"]),
        (".hid*", [".hidden.tif"]),
        (".c*/*.tif", [".cache/h.tif"]),
        ("1920/**", ["d.tif", "front/e.tif"]),
        ("**/**/front/**", ["1920/front/e.tif", "1921/front/f.tif"]),
    ],
)
def test_a_pattern_finds_what_a_shell_would_and_keeps_places_from_its_fixed_part_on(
    scans: Path, pattern: str, found: list[str]
):
    assert places([scans / pattern]) == found


def test_a_pattern_that_is_relative_to_the_current_folder_works(scans: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(scans)
    assert [found.source for found in Search(()).find([Path("*/d.tif")]) if isinstance(found, Found)] == [
        Path("1920/d.tif")
    ]


def test_everything_is_found_once_and_counted_once_whichever_way_a_pattern_reaches_it(scans: Path):
    for pattern, count, passed_over in (
        ("**", 7, 2),
        ("**/**", 7, 2),
        ("**/*", 7, 1),
        ("**/*/**", 4, 0),
        ("*/*", 4, 0),
    ):
        search = Search(())
        found = [item.source for item in search.find([scans / pattern]) if isinstance(item, Found)]
        assert len(found) == len(set(found)) == count, pattern
        assert search.passed_over == passed_over, pattern


def test_files_that_are_named_keep_their_place_below_a_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    named = {
        Path("b/a.jpg"): "b/a.jpg",
        tmp_path / "b" / "c.jpg": "b/c.jpg",
        Path("./b/../d.jpg"): "d.jpg",
        Path("../elsewhere/e.jpg"): "e.jpg",
    }
    found = Search(()).find(named, Path())
    assert [str(one.place) for one in found if isinstance(one, Found)] == list(named.values())
    found = Search(()).find(named, tmp_path / "b")
    assert [str(one.place) for one in found if isinstance(one, Found)] == ["a.jpg", "c.jpg", "d.jpg", "e.jpg"]
    assert [str(one.place) for one in Search(()).find(named) if isinstance(one, Found)] == [path.name for path in named]


def test_a_pattern_that_matches_no_photograph_is_a_failure_that_says_so(scans: Path):
    (result,) = Search(()).find([scans / "*.png"])
    assert isinstance(result, FileResult)
    assert result.status == "failed"
    assert result.reason == (
        f"{scans / '*.png'}: no such file or folder, and read as a pattern it matches no photograph"
    )
    (result,) = Search(()).find([scans / "*.txt"])
    assert isinstance(result, FileResult)
    (result,) = Search(()).find([scans / "none" / "*.tif"])
    assert isinstance(result, FileResult)
    assert result.reason == f"{scans / 'none'}: folder cannot be read: No such file or directory"


def test_a_name_that_exists_wins_over_its_reading_as_a_pattern(tmp_path: Path):
    touch(tmp_path / "a[1].jpg", tmp_path / "a1.jpg", tmp_path / "x*" / "b.jpg", tmp_path / "xy" / "c.jpg")
    (tmp_path / "d?.jpg").symlink_to(tmp_path / "nowhere.jpg")
    assert places([tmp_path / "a[1].jpg", tmp_path / "x*", tmp_path / "d?.jpg"]) == ["a[1].jpg", "b.jpg", "d?.jpg"]
    assert not is_pattern(tmp_path / "a[1].jpg")
    assert is_pattern(tmp_path / "a[2].jpg")
    assert not is_pattern(tmp_path / "a2.jpg")


def test_links_to_folders_are_not_followed_and_rings_do_no_harm(scans: Path):
    (scans / "1920" / "ring").symlink_to(scans)
    (scans / "1920" / "ring2").symlink_to(scans)
    (scans / "1922").symlink_to(scans / "1921")
    assert len(places([scans])) == len(places([scans / "**"])) == 7
    assert len(places([scans / "**/*.tif"])) == 5
    assert places([scans / "192?" / "front" / "*"]) == ["1920/front/e.tif", "1921/front/f.tif"]


def test_the_fixed_part_of_a_pattern_and_an_input_may_be_links(scans: Path, tmp_path: Path):
    (tmp_path / "link").symlink_to(scans / "1920")
    assert places([tmp_path / "link"]) == ["d.tif", "front/e.tif"]
    assert places([tmp_path / "link" / "*.tif"]) == ["d.tif"]


def test_output_folders_are_left_alone_wherever_they_lie(scans: Path):
    out = scans / "1920"
    for pattern in (scans, scans / "**/*.tif", scans / "*/*/*.tif", scans / "19*"):
        assert not any(place.startswith("1920") for place in places([pattern], (out,)))
    assert places([out], (out,)) == ["d.tif", "front/e.tif"], "it is an input itself"


def test_files_in_an_output_folder_below_the_base_are_left_alone_and_those_beside_it_are_not(tmp_path: Path):
    named = [tmp_path / name for name in ("a.jpg", "out/a.jpg", "out/x/b.jpg", "x/out/c.jpg")]
    touch(*named)
    search = Search([identity for path in [tmp_path / "out"] if (identity := identify(path))])
    found = [str(one.place) for one in search.find(named, tmp_path) if isinstance(one, Found)]
    assert (found, search.passed_over) == (["a.jpg", "x/out/c.jpg"], 2)
    for base in (None, tmp_path / "out", tmp_path / "elsewhere"):
        assert len(list(search.find(named, base))) == 4
