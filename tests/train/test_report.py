import json
import re
import shutil
from pathlib import Path

import pytest

from photochrom.files.imageio import read_image
from photochrom_train.cli import main

TEMPLATE = Path(__file__).parents[2] / "trainer" / "cards" / "colorize.md"


@pytest.fixture(scope="module")
def evaluated(shipped, photo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("evaluated")
    evaluate = ["evaluate", "--model", str(shipped.network), "--photos", str(photo_folder), "--limit", "3"]
    assert main([*evaluate, "--cache", str(shipped.cache), "--out", str(out)]) == 0
    return out


@pytest.fixture
def project(shipped, evaluated: Path, tmp_path: Path) -> Path:
    """A folder with run, models and an evaluation, free to be changed."""
    shutil.copytree(shipped.run, tmp_path / "run")
    shutil.copytree(shipped.network.parent, tmp_path / "models" / "networks")
    shutil.copytree(evaluated, tmp_path / "evaluation")
    return tmp_path


def report(shipped, project: Path, photo_folder: Path, template: Path = TEMPLATE) -> int:
    arguments = [str(shipped.config), "--cache", str(shipped.cache), "--run", str(project / "run")]
    arguments += [
        "--evaluation",
        str(project / "evaluation"),
        "--template",
        str(template),
        "--samples",
        str(photo_folder),
    ]
    arguments += [
        "--out",
        str(project / "models" / "networks" / "tiny.md"),
        "--records",
        str(project / "models" / "records"),
    ]
    return main(["report", *arguments])


def test_the_shipped_card_is_filled_from_run_export_and_evaluation(shipped, project: Path, photo_folder: Path):
    assert report(shipped, project, photo_folder) == 0
    card = (project / "models" / "networks" / "tiny.md").read_text(encoding="utf-8")
    contract = json.loads((project / "models" / "networks" / "tiny.json").read_text())
    assert "$" not in card
    assert contract["sha256"] in card
    assert "12 photographs, 0 of them unreadable" in card
    assert "| steps | 8 of 8 |" in card
    assert "| photographs seen | 32 |" in card
    assert "3 photographs, 0 unreadable; mean (95% bootstrap interval)" in card
    assert "| only | validation: psnr_gain |" in card
    for heading in ("data", "licence", "limits", "measured"):
        assert re.search(rf"^#+ .*{heading}", card, re.MULTILINE | re.IGNORECASE)
    links = re.findall(r"\]\(([^)h][^)]*)\)", card)
    assert {"../records/samples.jpg", "../records/curves.png"} <= set(links)
    for link in links:
        assert (project / "models" / "networks" / link).exists(), link


def test_the_record_is_small_and_complete(shipped, project: Path, photo_folder: Path):
    assert report(shipped, project, photo_folder) == 0
    records = project / "models" / "records"
    names = {path.name for path in records.iterdir()}
    assert names == {
        "config.toml", "train.csv", "validation.csv", "curves.png", "manifest.json", "evaluation.json",
        "export.json", "sessions.jsonl", "samples.jpg",
    }  # fmt: skip
    assert (records / "config.toml").read_bytes() == shipped.config.read_bytes()
    assert (records / "samples.jpg").stat().st_size <= 600_000
    assert sum(path.stat().st_size for path in records.iterdir()) < 2_000_000
    assert read_image(records / "samples.jpg").pixels.shape[0] > 6 * 220
    manifest = json.loads((records / "manifest.json").read_text())
    assert manifest["collections"] == {photo_folder.name: 12}
    assert (manifest["held_out"], manifest["unreadable"]) == (4, [])
    assert list(manifest["sources"]) == [photo_folder.name]


def test_a_report_made_again_is_the_same(shipped, project: Path, photo_folder: Path):
    assert report(shipped, project, photo_folder) == 0
    first = {path: path.read_bytes() for path in (project / "models").rglob("*") if path.is_file()}
    assert report(shipped, project, photo_folder) == 0
    assert {path: path.read_bytes() for path in (project / "models").rglob("*") if path.is_file()} == first


def test_hand_written_words_stay(shipped, project: Path, photo_folder: Path):
    template = project / "card.md"
    template.write_text("# Tiny\n\nWritten by hand. Costs $$5.\n\n$file\n")
    assert report(shipped, project, photo_folder, template) == 0
    card = (project / "models" / "networks" / "tiny.md").read_text(encoding="utf-8")
    assert card.startswith("# Tiny\n\nWritten by hand. Costs $5.\n\n|")


@pytest.mark.parametrize("text", ["$unknown", "costs $ 5"])
def test_a_placeholder_that_is_not_known_is_refused(
    shipped, project: Path, photo_folder: Path, capsys: pytest.CaptureFixture[str], text: str
):
    template = project / "card.md"
    template.write_text(text)
    assert report(shipped, project, photo_folder, template) == 2
    assert "known placeholders are $file, $data" in capsys.readouterr().err
    assert not (project / "models" / "networks" / "tiny.md").exists()
    assert not (project / "models" / "records").exists()


@pytest.mark.parametrize("stale", ["evaluation/evaluation.json", "run/export.json"])
def test_papers_of_another_file_are_refused(
    shipped, project: Path, photo_folder: Path, capsys: pytest.CaptureFixture[str], stale: str
):
    contract = json.loads((project / "models" / "networks" / "tiny.json").read_text())
    file = project / stale
    file.write_text(file.read_text().replace(contract["sha256"], "0" * 64))
    assert report(shipped, project, photo_folder) == 2
    assert "is of another file than" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"groups": {}}'])
@pytest.mark.parametrize("name", ["evaluation/evaluation.json", "run/export.json", "run/sessions.jsonl"])
def test_damaged_papers_are_named(
    shipped, project: Path, photo_folder: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
):
    (project / name).write_text(text or "{")
    assert report(shipped, project, photo_folder) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert str(project / name) in error


def test_a_sample_that_cannot_be_read_is_named(
    shipped, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "cut.png").write_bytes(b"\x89PNG")
    assert report(shipped, project, tmp_path / "samples") == 2
    assert str(tmp_path / "samples" / "cut.png") in capsys.readouterr().err


def test_photographs_that_changed_since_the_cache_was_made_are_refused(
    shipped, project: Path, photo_folder: Path, capsys: pytest.CaptureFixture[str]
):
    own = shutil.copytree(shipped.cache, project / "cache")
    index = own / "index.json"
    index.write_text(re.sub(r'"sha256": "\w{64}"', f'"sha256": "{"0" * 64}"', index.read_text()))
    moved = type(shipped)(shipped.config, own, shipped.run, shipped.network)
    assert report(moved, project, photo_folder) == 2
    assert "not those that the cache was made of" in capsys.readouterr().err


def test_a_card_needs_photographs_to_show(shipped, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "empty").mkdir()
    assert report(shipped, project, tmp_path / "empty") == 2
    assert "holds no photographs to show" in capsys.readouterr().err
