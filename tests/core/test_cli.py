"""The command takes arguments and gives text and an exit code, whatever its standard streams are."""

import json
import os
import struct
import subprocess
import sys
import zlib
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest

import photochrom
from photochrom.bench.bench import BenchOptions
from photochrom.command.cli import main
from photochrom.files.encoder import encode_image
from photochrom.files.imageio import read_image


@pytest.mark.parametrize("arguments", [[], ["paint"], ["colorize"], ["colorize", "a.jpg"], ["models", "extra"]])
def test_wrong_arguments_end_with_a_usage_and_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: photochrom")


def test_opencvs_log_is_quiet_while_the_command_runs_and_as_before_afterwards(monkeypatch: pytest.MonkeyPatch):
    levels: list[int] = []
    before = cv2.utils.logging.getLogLevel()

    def listed() -> list[photochrom.Contract]:
        levels.append(cv2.utils.logging.getLogLevel())
        return []

    monkeypatch.setattr("photochrom.command.cli.models", listed)
    main(["models"])
    assert levels == [cv2.utils.logging.LOG_LEVEL_SILENT]
    assert cv2.utils.logging.getLogLevel() == before != levels[0]


@pytest.fixture
def shipped(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One tiny network in place of those that are shipped."""
    monkeypatch.setattr("photochrom.networks.model_store.SHIPPED", ("tiny",))
    monkeypatch.setattr("photochrom.networks.model_store.shipped_folder", lambda: model.parent)


@pytest.mark.usefixtures("shipped")
def test_models_lists_what_is_shipped(capsys: pytest.CaptureFixture[str]):
    assert main(["models"]) == 0
    (contract,) = photochrom.models()
    head, line = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["NAME", "VERSION", "TASK"]
    for word in ("tiny", "1.0", "colorize", "64 x 64", contract.sha256[:12], "Apache-2.0"):
        assert word in line


@pytest.mark.usefixtures("shipped")
def test_models_gives_whole_contracts_as_json(capsys: pytest.CaptureFixture[str]):
    assert main(["models", "--json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    (contract,) = photochrom.models()
    assert record == json.loads(json.dumps(asdict(contract)))


def test_the_doctor_says_that_all_is_well_or_what_is_not(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["doctor", "--model", str(model)]) == 0
    assert capsys.readouterr().out.endswith("all is well\n")
    damaged = tmp_path / model.name
    damaged.write_bytes(model.read_bytes()[:-1])
    damaged.with_suffix(".json").write_bytes(model.with_suffix(".json").read_bytes())
    assert main(["doctor", "--model", str(damaged)]) == 1
    printed = capsys.readouterr().out
    assert f"WRONG  network {damaged}: " in printed
    assert "-> " in printed
    assert printed.endswith("1 found wrong\n")


def test_bench_measures_what_is_asked_for(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    asked: list[BenchOptions] = []

    class Report:
        def to_markdown(self) -> str:
            return "a table"

        def to_json(self) -> str:
            return "{}"

    def measure(options: BenchOptions, _: object) -> Report:
        asked.append(options)
        return Report()

    monkeypatch.setattr("photochrom.command.cli.run_bench", measure)
    assert main(["bench"]) == 0
    assert (
        main(
            [
                "bench",
                "--megapixels",
                "2",
                "0.5",
                "--kinds",
                "grey-png",
                "--repeats",
                "1",
                "--model",
                "m.onnx",
                "--device",
                "cpu",
                "--json",
            ]
        )
        == 0
    )
    assert asked == [
        BenchOptions(),
        BenchOptions(megapixels=(2, 0.5), kinds=("grey-png",), repeats=1, model="m.onnx", device="cpu"),
    ]
    assert capsys.readouterr().out == "a table\n{}\n"


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    for word in ("colorize", "models", "doctor", "bench", "completion", "examples:"):
        assert word in printed
    assert max(map(len, printed.splitlines())) <= 120


def test_python_runs_the_package_as_the_command():
    result = subprocess.run(
        [sys.executable, "-m", "photochrom", "--version"], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, f"photochrom {photochrom.__version__}\n", "")


def shell(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What becomes of a shell's line, in which ``photochrom`` is the command."""
    program = f'photochrom() {{ "{sys.executable}" -m photochrom "$@"; }}\n{line}\n'
    return subprocess.run(
        ["bash", "-c", program],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env=os.environ | variables,
    )


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_do_no_harm(closed: str):
    done = shell(f"photochrom models {closed}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("NAME") == (">&-" not in closed.split())


@pytest.fixture
def warned(tmp_path: Path) -> Path:
    """A folder with a sound photograph about which libpng writes to standard error: its colour profile is damaged."""
    png = bytes(encode_image(np.full((8, 8, 3), 99, np.uint8), ".png"))
    chunk = b"iCCPx\0\0" + zlib.compress(bytes(200))
    framed = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    folder = tmp_path / "album"
    folder.mkdir()
    (folder / "a.png").write_bytes(png[:33] + framed + png[33:])
    return folder


def test_what_a_decoder_writes_to_standard_error_is_not_shown(warned: Path, model: Path, tmp_path: Path):
    read = f"import cv2; print(cv2.imread('{warned}/a.png').shape)"
    assert "libpng" in shell(f'"{sys.executable}" -c "{read}"').stderr, "nothing would be hidden"
    done = shell(f"photochrom colorize {warned} -o {tmp_path}/out --model {model}")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_file_is_not_taken_for_a_closed_stream(warned: Path, model: Path, tmp_path: Path):
    # Were standard error closed, the warning would go into whatever file was opened next.
    done = shell(f"photochrom colorize {warned} -o {tmp_path}/out --model {model} --json 2>&- <&-")
    assert done.returncode == 0
    assert json.loads(done.stdout)["done"] == 1
    assert read_image(tmp_path / "out" / "a.png").pixels.shape == (8, 8, 3)


def test_a_reader_that_goes_away_is_no_traceback():
    done = shell("photochrom models | true; echo ${PIPESTATUS[0]}")
    assert done.stderr == ""
    assert done.stdout in ("0\n", "141\n"), "0 where it had written before the reader went"


def test_a_full_disk_behind_standard_output_is_an_error():
    done = shell("photochrom models > /dev/full")
    assert done.returncode == 1
    assert done.stderr == "photochrom: error: standard output: cannot be written: No space left on device\n"


@pytest.mark.parametrize(
    "variables", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}]
)
def test_names_that_the_locale_cannot_write_are_written_escaped(variables: dict[str, str], model: Path, tmp_path: Path):
    (tmp_path / "Großmutter 祖母.jpg").write_bytes(b"no photograph")
    done = shell(f"photochrom colorize {tmp_path}/*.jpg -o {tmp_path}/ö --model {model}", **variables)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "mutter" in done.stderr
    assert done.stdout.startswith("0 of 1 colorized")
