"""The command: what it prints where, its exit codes, and how it stops."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
from pathlib import Path

import cv2
import numpy as np
import pytest

import photochrom
from photochrom.cli import main
from photochrom.imageio import read_image, write_image
from photochrom.job import ColorizeJob, JobReport


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    for number, name in enumerate(("a.png", "b.jpg", "c.tif")):
        write_image(folder / name, np.full((20, 30 + number), 120, np.uint8))
    return folder


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ColorizeJob]:
    """The jobs that the command asks for; none is done."""
    jobs: list[ColorizeJob] = []

    def take(job: ColorizeJob, *_: object, **__: object) -> JobReport:
        jobs.append(job)
        return JobReport(done=(), failures=(), remaining=0, passed_over=0, device="cpu", engine="opencv")

    monkeypatch.setattr("photochrom.cli.run_job", take)
    return jobs


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_folder_is_colorized_and_one_line_says_so(
    album: Path, tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
):
    (album / "notes.txt").write_text("Aunt Emmy, 1932")
    assert main(["colorize", str(album), "-o", str(tmp_path / "out"), "--model", str(model)]) == 0
    assert files(tmp_path / "out") == ["a.png", "b.jpg", "c.tif"]
    printed = capsys.readouterr()
    assert printed.out.startswith(f"3 of 3 colorized to {tmp_path / 'out'} in ")
    assert "opencv on cpu" in printed.out
    assert "left alone in the folders: 1" in printed.out
    assert printed.err == "", "a progress bar, or a decoder's chatter, without a terminal"


def test_one_photograph_goes_into_the_file_that_is_named(album: Path, tmp_path: Path, model: Path):
    out, sure = tmp_path / "colour.tiff", tmp_path / "sure.png"
    arguments = ["colorize", str(album / "a.png"), "-o", str(out), "--confidence-out", str(sure), "--model", str(model)]
    assert main(arguments) == 0
    assert read_image(out).pixels.shape == (20, 30, 3)
    assert read_image(sure).pixels.shape == (20, 30)


def test_a_broken_photograph_is_named_at_the_end_and_the_exit_code_is_1(
    album: Path, tmp_path: Path, model: Path, capfd: pytest.CaptureFixture[str]
):
    for name in ("a broken.jpg", "z broken.png"):
        (album / name).write_bytes(b"\xff\xd8\xff\xe0 cut off")
    assert main(["colorize", str(album), "-o", str(tmp_path / "out"), "--model", str(model)]) == 1
    assert files(tmp_path / "out") == ["a.png", "b.jpg", "c.tif"]
    printed = capfd.readouterr()
    assert "3 of 5 colorized" in printed.out
    first, *named = printed.err.splitlines()
    assert first == "2 failed:"
    assert [line.split(":")[0] for line in named] == [f"  {album / name}" for name in ("a broken.jpg", "z broken.png")]


def test_outputs_that_exist_are_kept_unless_overwriting_is_asked_for(
    album: Path, tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out"
    out.mkdir()
    (out / "b.jpg").write_bytes(b"precious")
    arguments = ["colorize", str(album), "-o", str(out), "--model", str(model)]
    assert main(arguments) == 1
    assert f"{out / 'b.jpg'}: exists already" in capsys.readouterr().err
    assert (out / "b.jpg").read_bytes() == b"precious"
    assert files(out) == ["a.png", "b.jpg", "c.tif"]
    assert main([*arguments, "--overwrite"]) == 0
    assert read_image(out / "b.jpg").pixels.shape == (20, 31, 3)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--saturation", "-1"], "saturation is -1.0"),
        (["--saturation", "nan"], "saturation is nan"),
        (["--model", "nonesuch"], "nonesuch"),
        (["--model", "none.onnx"], "no such file"),
    ],
)
def test_what_cannot_be_begun_is_an_error_with_exit_code_2_and_nothing_written(
    album: Path, tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str], options: list[str], reason: str
):
    arguments = ["colorize", str(album), "-o", str(tmp_path / "out"), "--model", str(model), *options]
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("photochrom: error: ")
    assert reason in printed.err
    assert printed.out == ""
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["paint"],
        ["colorize"],
        ["colorize", "a.jpg"],
        ["colorize", "-o", "out"],
        ["colorize", "a.jpg", "-o", "out", "--device", "gpu"],
        ["colorize", "a.jpg", "-o", "out", "--engine", "tensorrt"],
        ["colorize", "a.jpg", "-o", "out", "--saturation", "much"],
        ["models", "extra"],
    ],
)
def test_wrong_arguments_end_with_a_usage_and_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: photochrom")


def test_every_option_reaches_the_job(asked: list[ColorizeJob]):
    everything = (
        "--confidence-out maps --overwrite --saturation 0.5 --model m.onnx --device cuda_fp16 --engine onnxruntime"
    )
    main(["colorize", "a.jpg", "b", "-o", "out", *everything.split()])
    main(["colorize", "a.jpg", "-o", "out"])
    assert asked == [
        ColorizeJob(
            inputs=(Path("a.jpg"), Path("b")),
            output=Path("out"),
            confidence_output=Path("maps"),
            overwrite=True,
            model="m.onnx",
            device="cuda_fp16",
            engine="onnxruntime",
            saturation=0.5,
        ),
        ColorizeJob(inputs=(Path("a.jpg"),), output=Path("out")),
    ]


def test_a_name_that_is_not_text_is_printed_and_not_stumbled_over(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / os.fsdecode(b"gr\xfc\xdfe\n.jpg")
    path.write_bytes(b"no image")
    assert main(["colorize", str(path), "-o", str(tmp_path / "out"), "--model", str(model)]) == 1
    assert r"gr\udcfc\udcdfe\n.jpg" in capsys.readouterr().err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_lets_the_photograph_at_hand_be_finished(
    album: Path,
    tmp_path: Path,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: signal.Signals,
    code: int,
):
    def read(path: Path) -> object:
        signal.raise_signal(number)
        return read_image(path)

    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("photochrom.job.read_image", read)
    assert main(["colorize", str(album), "-o", str(tmp_path / "out"), "--model", str(model)]) == code
    assert files(tmp_path / "out") == ["a.png"]
    printed = capsys.readouterr()
    assert "1 of 3 colorized" in printed.out
    assert "stopped: 2 not begun" in printed.err
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


def test_a_second_signal_stops_at_once_and_leaves_no_part_of_a_file(
    album: Path, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def interrupt(_: int) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(os, "fsync", interrupt)
    assert main(["colorize", str(album), "-o", str(tmp_path / "out"), "--model", str(model)]) == 130
    assert files(tmp_path / "out") == []
    assert "stopped" in capsys.readouterr().err


def test_opencvs_log_is_quiet_while_the_command_runs_and_as_before_afterwards(
    asked: list[ColorizeJob], monkeypatch: pytest.MonkeyPatch
):
    levels: list[int] = []
    before = cv2.utils.logging.getLogLevel()
    monkeypatch.setattr("photochrom.cli._print_report", lambda *_: levels.append(cv2.utils.logging.getLogLevel()))
    main(["colorize", "a.jpg", "-o", "out"])
    assert asked
    assert levels == [cv2.utils.logging.LOG_LEVEL_SILENT]
    assert cv2.utils.logging.getLogLevel() == before != levels[0]


def test_models_lists_what_is_shipped(model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("photochrom.model_store.SHIPPED", ("tiny",))
    monkeypatch.setattr("photochrom.model_store.shipped_folder", lambda: model.parent)
    assert main(["models"]) == 0
    (contract,) = photochrom.models()
    head, line = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["NAME", "VERSION", "TASK"]
    for word in ("tiny", "1.0", "colorize", "64 x 64", contract.sha256[:12], "Apache-2.0"):
        assert word in line


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


def test_help_shows_examples_and_every_option(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["colorize", "--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert "examples:" in printed
    assert "exit codes:" in printed
    for option in ("--output", "--confidence-out", "--overwrite", "--saturation", "--model", "--device", "--engine"):
        assert option in printed
    assert max(map(len, printed.splitlines())) <= 120


def test_python_runs_the_package_as_the_command():
    result = subprocess.run(
        [sys.executable, "-m", "photochrom", "--version"], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, f"photochrom {photochrom.__version__}\n", "")


def test_on_a_terminal_a_bar_counts_the_photographs(album: Path, tmp_path: Path, model: Path):
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (25, 100))
    arguments = ["colorize", str(album), "-o", str(tmp_path / "out"), "--model", str(model)]
    result = subprocess.run(
        [sys.executable, "-m", "photochrom", *arguments], stdout=subprocess.PIPE, stderr=follower, text=True, check=True
    )
    assert select.select([leader], [], [], 10)[0], "nothing was shown"
    shown = os.read(leader, 65536).decode()
    os.close(follower)
    os.close(leader)
    assert "0/3" in shown
    assert "3/3" in shown
    assert result.stdout.startswith("3 of 3 colorized")
