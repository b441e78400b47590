"""What the documentation shows is run, and what it points to exists."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
CARDS = [
    SAMPLES / "README.md",
    ROOT / "benchmarks" / "README.md",
    *(ROOT / "models" / "photochrom_models").glob("*.md"),
]


def blocks(language: str) -> list[tuple[str, str]]:
    """(where, text) of every block of a language in the documentation."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, match.start()) + 2
            found.append((f"{page.name}:{line}", match[1]))
    return found


COMMANDS = [
    (where, line)
    for where, text in blocks("sh")
    for line in text.replace("\\\n", " ").splitlines()
    if line.startswith("photochrom ")
]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the examples speak of, and the working directory."""
    monkeypatch.chdir(tmp_path)
    photograph = (SAMPLES / "chelsea.jpg").read_bytes()
    Path("old.jpg").write_bytes(photograph)
    scan = np.asarray(cv2.imread("old.jpg", cv2.IMREAD_GRAYSCALE), np.uint16) * 257
    cv2.imwrite("scan.tif", scan)
    Path("album").mkdir()
    for name in ("one.jpg", "two.jpg"):
        Path("album", name).write_bytes(photograph)
    return tmp_path


def _named(cases: list[tuple[str, str]]) -> list[object]:
    return [pytest.param(text, id=where) for where, text in cases]


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("program", _named(blocks("python")))
def test_a_python_example_runs(program: str):
    exec(compile(program, "example", "exec"), {"__name__": "__main__"})


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("command", _named(COMMANDS))
def test_a_command_in_the_documentation_runs(command: str):
    arguments = shlex.split(command, comments=True)[1:]
    result = subprocess.run(
        [sys.executable, "-m", "photochrom", *arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("page", [*PAGES, *CARDS], ids=lambda page: page.name)
def test_every_local_link_leads_somewhere(page: Path):
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


def test_the_documentation_has_examples_to_run():
    assert blocks("python")
    assert COMMANDS
