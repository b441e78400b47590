"""The completion scripts are right for their shells."""

import shutil
import subprocess
from pathlib import Path

import pytest

from photochrom.command.cli import main


@pytest.fixture(params=["bash", "zsh", "tcsh"])
def script(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """(shell, its script)."""
    assert main(["completion", request.param]) == 0
    return request.param, capsys.readouterr().out


def test_a_script_knows_commands_and_options_and_its_shell_accepts_it(script: tuple[str, str]):
    shell, text = script
    for word in ("colorize", "models", "doctor", "bench", "--skip-existing", "--confidence-out", "--hot-folder"):
        assert word.removeprefix("--") in text
    if shutil.which(shell) is not None:
        done = subprocess.run([shell, "-n"], input=text, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("photochrom co", {"colorize", "completion"}),
        ("photochrom colorize --sk", {"--skip-existing"}),
        ("photochrom colorize --device cuda", {"cuda", "cuda_fp16"}),
        ("photochrom colorize alb", {"album", "album.tif"}),
        ("photochrom colorize --from-list alb", {"album", "album.tif"}),
    ],
)
def test_bash_completes_commands_options_choices_and_files(
    line: str, expected: set[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    main(["completion", "bash"])
    script = capsys.readouterr().out
    (tmp_path / "album").mkdir()
    (tmp_path / "album.tif").touch()
    words = line.split()
    program = (
        f"{script}\nCOMP_WORDS=({' '.join(words)})\nCOMP_CWORD={len(words) - 1}\n"
        "$(complete -p photochrom | sed 's/.*-F \\([^ ]*\\).*/\\1/')\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n"
    )
    done = subprocess.run(["bash"], input=program, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert {word.rstrip("/") for word in done.stdout.split()} == expected, done.stderr
