"""What the documentation shows is run, what it points to exists, and its file tree is the true one."""

import io
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from photochrom_train.backbone import MobileNetV2
from photochrom_train.cli import main as train_main

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
MODELS = ROOT / "models" / "photochrom_models"
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
CARDS = [SAMPLES / "README.md", ROOT / "benchmarks" / "README.md", *sorted(MODELS.glob("*.md"))]


def blocks(language: str) -> list[tuple[str, str]]:
    """(where, text) of every block of a language in the documentation."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, match.start()) + 2
            found.append((f"{page.name}:{line}", match[1]))
    return found


def lines(program: str) -> list[tuple[str, str]]:
    """(where, line) of every call of a program in the documentation's shell blocks."""
    return [
        (where, line)
        for where, text in blocks("sh")
        for line in text.replace("\\\n", " ").splitlines()
        if shlex.split(line, comments=True)[:1] == [program]
    ]


def commands(program: str) -> list[tuple[str, list[str]]]:
    """(where, arguments) of the same."""
    return [(where, shlex.split(line, comments=True)[1:]) for where, line in lines(program)]


def _named(cases: list[tuple[str, str]]) -> list[object]:
    return [pytest.param(text, id=where) for where, text in cases]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with the files that the examples speak of, and a home folder with a profile of GIMP."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for variable in ("GIMP3_DIRECTORY", "XDG_CONFIG_HOME", "SUDO_USER"):
        monkeypatch.delenv(variable, raising=False)
    Path("home", ".config", "GIMP", "3.2").mkdir(parents=True)
    photograph = (SAMPLES / "chelsea.jpg").read_bytes()
    Path("old.jpg").write_bytes(photograph)
    scan = np.asarray(cv2.imread("old.jpg", cv2.IMREAD_GRAYSCALE), np.uint16) * 257
    cv2.imwrite("scan.tif", scan)
    Path("scans", "1912").mkdir(parents=True)
    shutil.copyfile("scan.tif", "scans/1912/street.tif")
    Path("album").mkdir()
    for name in ("one.jpg", "two.jpg"):
        Path("album", name).write_bytes(photograph)
    Path("mine").mkdir()
    for suffix in (".onnx", ".json"):
        shutil.copyfile(MODELS / f"colorize{suffix}", f"mine/colorize{suffix}")
    return tmp_path


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("program", _named(blocks("python")))
def test_a_python_example_runs(program: str):
    exec(compile(program, "example", "exec"), {"__name__": "__main__"})


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("line", _named(lines("photochrom")))
def test_a_command_in_the_documentation_runs(line: str):
    program = f'photochrom() {{ {shlex.quote(sys.executable)} -m photochrom "$@"; }}\n'
    result = subprocess.run(["bash", "-c", program + line], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


SMALL_RUN = """
name = "colorize"
network = "colorize"
workers = 0

[data]
train = ["../shared/photos/train.tar"]
short_side = 64
holdout = 4

[architecture]
widths = [8, 8, 8, 8]

[[stages]]
name = "only"
size = 32
batch = 4
steps = 8

[export]
size = 64
licence = "Apache-2.0"
data = "made-up photographs"
"""


def _write_shard(path: Path, seed: int) -> None:
    """Twelve soft colour pictures as a WebDataset shard."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    with tarfile.open(path, "w") as shard:
        for number in range(12):
            soft = cv2.resize(random.uniform(0, 255, (5, 6, 3)), (96, 80 + number), interpolation=cv2.INTER_CUBIC)
            data = cv2.imencode(".jpg", np.clip(soft, 0, 255).astype(np.uint8))[1].tobytes()
            entry = tarfile.TarInfo(f"{seed}-{number:02}.jpg")
            entry.size = len(data)
            shard.addfile(entry, io.BytesIO(data))


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory as the trainer's examples know it: the project, with ../shared beside it, all small."""
    for seed, name in enumerate(("train", "val")):
        _write_shard(tmp_path / "shared" / "photos" / f"{name}.tar", seed)
    backbone = tmp_path / "shared" / "backbones" / "mobilenet_v2_imagenet.safetensors"
    backbone.parent.mkdir()
    save_file(MobileNetV2().state_dict(), backbone)
    project = tmp_path / "project"
    config, template = project / "trainer" / "configs" / "colorize.toml", Path("trainer", "cards", "colorize.md")
    second_opencv = project / ".venv-opencv5" / "bin" / "python"
    for file in (config, project / template, second_opencv):
        file.parent.mkdir(parents=True)
    config.write_text(SMALL_RUN, encoding="utf-8")
    shutil.copyfile(ROOT / template, project / template)
    shutil.copytree(SAMPLES, project / "samples")
    second_opencv.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    second_opencv.chmod(0o755)
    monkeypatch.chdir(project)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the run is too small to share out
    yield project
    torch.set_num_threads(threads)


def _trainer_commands() -> list[list[str]]:
    """The words after photochrom-train, in the order of the pages, each call once; then those that torchrun starts."""
    calls = [words for _, words in commands("photochrom-train")]
    calls += [words[words.index("photochrom_train") + 1 :] for _, words in commands("torchrun")]
    return [list(words) for words in dict.fromkeys(map(tuple, calls))]


def test_the_commands_of_the_trainer_lead_from_photographs_to_a_model_card(workshop: Path):
    calls = _trainer_commands()
    assert [call[0] for call in calls[:5]] == ["prepare", "train", "export", "evaluate", "report"]
    for call in calls:
        assert train_main(call) == 0, call
    papers = workshop / "models" / "photochrom_models"
    assert sorted(file.name for file in papers.iterdir()) == ["colorize.json", "colorize.md", "colorize.onnx"]


def test_every_make_target_in_the_documentation_exists():
    targets = set(re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = [words[0] for _, words in commands("make")]
    assert named
    assert not set(named) - targets


@pytest.mark.parametrize("page", [*PAGES, *CARDS], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_local_link_leads_somewhere(page: Path):
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


@pytest.fixture(scope="module")
def tree() -> dict[Path, set[Path]]:
    """The paths in the README's file tree by the folder that they stand below there; the project's own is empty."""
    _, _, rest = README.read_text(encoding="utf-8").partition("\n## What is where\n")
    below: dict[Path, set[Path]] = {}
    parents = {0: Path()}
    for line in rest.split("```")[1].splitlines()[1:]:
        match = re.fullmatch(r"(?P<indent> *)(?P<name>\S+)  +\S.*", line)
        assert match, f"{line!r} is not a name with a description"
        depth = len(match["indent"])
        path = parents[depth] / match["name"]
        below.setdefault(parents[depth], set()).add(path)
        parents[depth + 2] = path
    return below


def _is_kept(path: Path) -> bool:
    """Whether a file, or a folder with something in it, belongs to the project."""
    ignored = [".git", *(ROOT / ".gitignore").read_text(encoding="utf-8").split()]
    if any(fnmatch(path.name, pattern.strip("/")) for pattern in ignored):
        return False
    return not path.is_dir() or any(map(_is_kept, path.iterdir()))


def test_every_entry_of_the_file_tree_exists(tree: dict[Path, set[Path]]):
    missing = [path for paths in tree.values() for path in paths if not (ROOT / path).exists()]
    assert not missing


def test_a_folder_that_the_file_tree_opens_is_shown_whole(tree: dict[Path, set[Path]]):
    for folder, paths in tree.items():
        shown = {path.relative_to(folder).parts[0] for path in paths}
        there = {path.name for path in (ROOT / folder).iterdir() if _is_kept(path)}
        assert shown == there, folder


def test_the_documentation_has_examples_to_run():
    assert blocks("python")
    assert commands("photochrom")
