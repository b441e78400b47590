"""The report page as text; `tests/browser` looks at it in a browser."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from photochrom.conversion.options import ConvertOptions, Shard
from photochrom.conversion.result import ConvertReport, FileResult, Preview, Progress
from photochrom.errors import JobError
from photochrom.report.html_report import MOST_PICTURES, HtmlReport

PICTURE = cv2.imencode(".webp", np.zeros((9, 12, 3), np.uint8))[1].tobytes()
PREVIEW = Preview(before=PICTURE, after=PICTURE)
OPTIONS = ConvertOptions(preview_side=640)
VOID = {"br", "img", "input", "meta"}


class Page(HTMLParser):
    """A page taken to pieces; fails on tags that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.attributes.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.attributes if name == tag]

    def labels(self) -> list[str]:
        return [str(attributes["aria-label"]) for attributes in self.all("input") if "aria-label" in attributes]


def done(name: str) -> FileResult:
    return FileResult(source=Path(name), status="done", target=Path("out", name), width=40, height=30, seconds=0.5)


def skipped(name: str) -> FileResult:
    return FileResult(source=Path(name), status="skipped", target=Path("out", name))


def failed(name: str, reason: str) -> FileResult:
    return FileResult(source=Path(name), status="failed", reason=reason)


def report_of(results: Sequence[FileResult], remaining: int = 0) -> ConvertReport:
    return ConvertReport(
        results=tuple(results),
        remaining=remaining,
        passed_over=2,
        model="colorize 1.0",
        device="cpu",
        engine="opencv",
        seconds=3725,
    )


def tell(page: HtmlReport, results: Sequence[FileResult], total: int | None = None) -> None:
    total = len(results) if total is None else total
    page.add(Progress(finished=0, total=total))
    for finished, result in enumerate(results, start=1):
        preview = None if result.status == "failed" else PREVIEW
        page.add(Progress(finished=finished, total=total, result=result, preview=preview))


def written(path: Path, results: Sequence[FileResult], options: ConvertOptions = OPTIONS, remaining: int = 0) -> Page:
    """The page of a conversion with these results."""
    with HtmlReport(path, options) as page:
        tell(page, results)
        page.finish(report_of(results, remaining))
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Where a report goes; nothing else may be left there."""
    yield tmp_path / "new" / "report.html"
    assert {file.name for file in (tmp_path / "new").iterdir()} <= {"report.html"}


def test_a_page_is_well_formed_and_names_counts_network_device_version_and_time(path: Path):
    page = written(path, [done("a.jpg"), failed("b.jpg", "b.jpg: is empty"), done("c.jpg")])
    text = " ".join(page.texts)
    assert "2 photographs colorized, 1 failed" in page.texts
    for part in ("colorize 1.0", "opencv on cpu", "1 h 2 min", "2, hidden or not named as images", "photochrom 0."):
        assert part in text
    assert "broke off" not in text
    assert "stopped" not in text


def test_a_page_asks_for_nothing_from_outside_and_forbids_it(path: Path):
    page = written(path, [done("a.jpg")])
    assert not [tag for tag, _ in page.attributes if tag in {"link", "iframe", "object", "embed", "base", "form"}]
    for _, attributes in page.attributes:
        assert not {"style", "href"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("src") or "data:image/webp;base64,").startswith("data:image/webp;base64,")
    (policy,) = [each["content"] for each in page.all("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy


def test_every_photograph_has_both_pictures_with_a_text_and_a_slider_with_a_label(path: Path):
    page = written(path, [done("a.jpg"), done("b.jpg")])
    assert [each["alt"] for each in page.all("img")] == [
        "a.jpg, before",
        "a.jpg, in colour",
        "b.jpg, before",
        "b.jpg, in colour",
    ]
    assert page.labels() == ["a.jpg: edge between before and colour", "b.jpg: edge between before and colour"]
    assert {(each["width"], each["height"]) for each in page.all("img")} == {("12", "9")}


def test_photographs_stand_in_the_order_of_the_report_whenever_they_were_done(path: Path):
    first, second = done("a.jpg"), done("b.jpg")
    with HtmlReport(path, OPTIONS) as page:
        tell(page, [second, first])
        page.finish(report_of([first, second]))
    labels = Page(path.read_text(encoding="utf-8")).labels()
    assert [label[:5] for label in labels] == ["a.jpg", "b.jpg"]


def test_a_failure_stands_with_its_name_once_and_its_reason(path: Path):
    page = written(path, [failed("album/b.jpg", "album/b.jpg: is empty (0 bytes)")])
    assert page.texts.count("album/b.jpg") == 1
    assert "is empty (0 bytes)" in page.texts


def test_skipped_photographs_are_listed(path: Path):
    page = written(path, [skipped(f"{number}.jpg") for number in range(3)])
    assert "Skipped (3)" in page.texts
    assert {"0.jpg", "1.jpg", "2.jpg"} <= set(page.texts)


def test_what_was_there_already_is_shown_where_new_photographs_leave_room(path: Path):
    old = [skipped(f"old {number}.jpg") for number in range(MOST_PICTURES)]
    page = written(path, [*old, done("new.jpg")])
    labels = page.labels()
    assert len(labels) == MOST_PICTURES
    assert "new.jpg: edge between before and colour" in labels
    assert page.texts.count("there already") == MOST_PICTURES - 1


def test_no_more_photographs_are_shown_than_a_browser_opens_well_and_the_rest_are_named(path: Path):
    page = written(path, [done(f"{number}.jpg") for number in range(MOST_PICTURES + 2)])
    assert len(page.labels()) == MOST_PICTURES
    assert any(text.startswith(f"{MOST_PICTURES} of {MOST_PICTURES + 2} photographs in colour") for text in page.texts)
    assert "Colorized, not shown (2)" in page.texts
    assert {f"{MOST_PICTURES}.jpg", f"{MOST_PICTURES + 1}.jpg"} <= set(page.texts)


@pytest.mark.parametrize(
    ("name", "visible"),
    [
        ("<script>alert(1)</script>.jpg", "<script>alert(1)</script>.jpg"),
        ("\"quoted' &amp; more.jpg", "\"quoted' &amp; more.jpg"),
        ("$style ${script} $$.jpg", "$style ${script} $$.jpg"),
        ("two\nlines.jpg", r"'two\nlines.jpg'"),
        ("left\u202egpj.exe", r"'left\u202egpj.exe'"),
        ("שלום.jpg", "שלום.jpg"),
        (os.fsdecode(b"latin-1 \xe9.jpg"), r"'latin-1 \udce9.jpg'"),
    ],
)
def test_a_name_is_text_whatever_it_holds(path: Path, name: str, visible: str):
    results = [done(name), failed(name, f"{name}: is no photograph\0"), skipped(name)]
    page = written(path, results)
    assert page.texts.count(visible) == 4
    assert page.all("img")[0]["alt"] == f"{visible}, before"
    assert len(page.all("script")) == 1
    assert "\0" not in "".join(page.texts)


def test_a_stopped_conversion_says_what_was_not_done(path: Path):
    page = written(path, [done("a.jpg")], remaining=7)
    assert "The conversion was stopped before its end." in page.texts
    assert any("7 photographs not done" in text for text in page.texts)


def test_a_conversion_that_breaks_off_leaves_a_true_page(path: Path):
    def break_off() -> None:
        with HtmlReport(path, OPTIONS) as page:
            tell(page, [done("a.jpg"), failed("b.jpg", "b.jpg: is empty")], total=5)
            raise JobError("the cluster is <gone>")

    with pytest.raises(JobError, match="gone"):
        break_off()
    page = Page(path.read_text(encoding="utf-8"))
    assert "The conversion broke off: the cluster is <gone>" in page.texts
    assert any("3 photographs not done" in text for text in page.texts)
    assert page.labels() == ["a.jpg: edge between before and colour"]
    assert "is empty" in page.texts


def test_a_conversion_that_does_not_begin_leaves_no_page(path: Path):
    def break_off() -> None:
        with HtmlReport(path, OPTIONS):
            raise JobError("no photographs in album")

    with pytest.raises(JobError, match="no photographs"):
        break_off()
    assert not path.exists()


CHANGES: dict[str, ConvertOptions] = {
    "existing": replace(OPTIONS, existing="skip"),
    "confidence_output": replace(OPTIONS, confidence_output=Path("maps")),
    "suffix": replace(OPTIONS, suffix=".png"),
    "depth": replace(OPTIONS, depth=16),
    "quality": replace(OPTIONS, quality=71),
    "strength": replace(OPTIONS, strength=0.5),
    "saturation": replace(OPTIONS, saturation=0.5),
    "fade_uncertain": replace(OPTIONS, fade_uncertain=0.5),
    "workers": replace(OPTIONS, workers=3),
    "memory": replace(OPTIONS, memory=10**9),
    "base": replace(OPTIONS, base=Path("albums")),
    "shard": replace(OPTIONS, shard=Shard(number=1, count=3)),
}
ELSEWHERE = {"model", "device", "engine", "preview_side", "most_reviews"}
"""What the report says itself, and what is seen."""


def test_every_setting_is_known_to_the_tests():
    assert CHANGES.keys() | ELSEWHERE == {field.name for field in fields(ConvertOptions)}


@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_is_told(tmp_path: Path, name: str):
    usual = written(tmp_path / "usual.html", [])
    changed = written(tmp_path / "changed.html", [], CHANGES[name])
    different = [(one, other) for one, other in zip(usual.texts, changed.texts, strict=True) if one != other]
    assert len([pair for pair in different if ":" not in pair[0]]) == 1  # the others are times of day


@contextmanager
def refused(message: str) -> Iterator[None]:
    with pytest.raises(JobError, match=message):
        yield


def test_a_report_is_refused_before_anything_is_converted_where_it_cannot_be_written(tmp_path: Path):
    (tmp_path / "old.html").write_text("old")
    (tmp_path / "folder.html").mkdir()
    with refused("give a name that ends in .html"):
        HtmlReport(tmp_path / "photograph.jpg", OPTIONS)
    with refused(r"old.html: exists already"):
        HtmlReport(tmp_path / "old.html", OPTIONS)
    with refused(r"folder.html: is a folder"):
        HtmlReport(tmp_path / "folder.html", replace(OPTIONS, existing="overwrite"))
    for below in ("report.html", "further/report.html"):
        with refused(r"report.html: lies below a file, where a folder is needed"):
            HtmlReport(tmp_path / "old.html" / below, OPTIONS)
    assert (tmp_path / "old.html").read_text() == "old"


@pytest.mark.parametrize("existing", ["skip", "overwrite"])
def test_a_run_that_goes_on_writes_its_report_anew(path: Path, existing: str):
    written(path, [done("a.jpg")])
    options = replace(OPTIONS, existing="skip" if existing == "skip" else "overwrite")
    assert written(path, [done("b.jpg")], options).labels() == ["b.jpg: edge between before and colour"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a full disk on Linux only")
def test_a_full_disk_ends_no_conversion_and_is_told_at_the_end(path: Path, monkeypatch: pytest.MonkeyPatch):
    full = Path("/dev/full").open("w+b")  # noqa: SIM115 (closed by the report)
    monkeypatch.setattr("photochrom.report.html_report.TemporaryFile", lambda **_folder: full)
    with HtmlReport(path, OPTIONS) as page:
        tell(page, [done("a.jpg"), done("b.jpg")])
        with refused("report.html: cannot be written: No space left on device"):
            page.finish(report_of([done("a.jpg"), done("b.jpg")]))
    assert not path.exists()
