"""The examples in docs/gimp.md do what the page says, in GIMP as the page says."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.gimp.real.root import PROJECT, Root
from tests.gimp.real.session import GimpSession

PAGE = PROJECT / "docs" / "gimp.md"
SAMPLES = PROJECT / "samples"


def example(interpreter: str) -> str:
    """The one example for a batch interpreter."""
    blocks = re.findall(r"^```bash\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if f"--batch-interpreter={interpreter}" in block]
    return str(found)


@pytest.fixture
def desk(gimp_environment: Path, prepared_home: Path, tmp_path: Path) -> Iterator[Root]:
    """The files that the examples speak of, beside a home folder with the plug-in."""
    shutil.copytree(prepared_home, tmp_path / "home", symlinks=True)
    shutil.copyfile(SAMPLES / "cameraman.jpg", tmp_path / "old.jpg")
    (tmp_path / "album").mkdir()
    for name in ("cameraman.jpg", "rocket.jpg"):
        shutil.copyfile(SAMPLES / name, tmp_path / "album" / name)
    (tmp_path / "album" / "broken.jpg").write_bytes(b"no photograph")
    with Root(gimp_environment, tmp_path) as root:
        yield root


def test_the_script_fu_example_writes_the_photograph_in_colour(desk: Root):
    desk.run("bash", "-c", example("plug-in-script-fu-eval"), seconds=120, expect=0)
    colour = cv2.imread(str(desk.lab / "old-colour.png"), cv2.IMREAD_COLOR)
    grey = cv2.imread(str(desk.lab / "old.jpg"), cv2.IMREAD_GRAYSCALE)
    assert colour is not None
    assert grey is not None
    assert colour.shape[:2] == grey.shape
    assert np.ptp(colour.astype(np.int16), axis=2).mean() > 3


def test_a_failure_in_script_fu_is_exit_code_70_and_says_why(desk: Root):
    script = example("plug-in-script-fu-eval").replace("#:strength", '#:model "none.onnx" #:strength')
    ended = desk.run("bash", "-c", script, seconds=120)
    assert ended.status == 70
    assert "python-fu-photochrom-colorize failed" in ended.output
    assert "none.onnx" in ended.output
    assert not (desk.lab / "old-colour.png").exists()


def test_the_python_example_does_what_it_can_and_names_the_broken_file(desk: Root):
    ended = desk.run("bash", "-c", example("python-fu-eval"), seconds=180)
    assert ended.status == 64
    assert "album/broken.jpg: GIMP cannot read it" in ended.output
    assert sorted(path.name for path in (desk.lab / "coloured").iterdir()) == ["cameraman.xcf", "rocket.xcf"]
    (desk.lab / "album" / "broken.jpg").unlink()
    desk.run("bash", "-c", example("python-fu-eval"), seconds=180, expect=0)


def test_the_page_lists_every_argument_with_its_default(gimp: GimpSession):
    found = gimp.call("arguments.defaults", procedure="python-fu-photochrom-colorize")
    assert isinstance(found, dict)
    table = re.findall(r"^\| `([a-z-]+)` \| .* \| (\S+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    written = {name: value.strip("`") for name, value in table}
    assert written == {
        name: str(value).lower().removesuffix(".0") for name, value in found.items() if name != "run-mode"
    }
