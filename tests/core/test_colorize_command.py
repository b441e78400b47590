"""``photochrom colorize``: photographs in, files, text and an exit code out."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from photochrom.command.cli import main
from photochrom.conversion.options import ConvertOptions
from photochrom.conversion.result import ConvertReport, FileResult, Progress
from photochrom.errors import JobError
from photochrom.files.decoder import decode_image
from photochrom.files.imageio import read_image, write_image


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    for number, name in enumerate(("a.png", "b.jpg", "c.tif")):
        write_image(folder / name, np.full((20, 30 + number), 120, np.uint8))
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def command(*arguments: str | Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "photochrom", *map(str, arguments)], input=stdin, capture_output=True, check=False
    )


def test_a_folder_is_colorized_and_one_line_says_so(
    album: Path, out: Path, model: Path, capfd: pytest.CaptureFixture[str]
):
    (album / "notes.txt").write_text("Aunt Emmy, 1932")
    assert main(["colorize", str(album), "-o", str(out), "--model", str(model)]) == 0
    assert files(out) == ["a.png", "b.jpg", "c.tif"]
    printed = capfd.readouterr()
    assert printed.out.startswith(f"3 of 3 colorized to {out} in ")
    assert "(tiny 1.0, opencv on cpu)" in printed.out
    assert "left alone in the folders: 1" in printed.out
    assert printed.err == "", "a progress bar, or a decoder's chatter, without a terminal"


def test_one_photograph_goes_into_the_file_that_is_named(album: Path, tmp_path: Path, model: Path):
    coloured, sure = tmp_path / "colour.tiff", tmp_path / "sure.png"
    chosen = ["--confidence-out", str(sure), "--model", str(model)]
    assert main(["colorize", str(album / "a.png"), "-o", str(coloured), *chosen]) == 0
    assert read_image(coloured).pixels.shape == (20, 30, 3)
    assert read_image(sure).pixels.shape == (20, 30)


def test_a_broken_photograph_is_named_and_the_exit_code_is_1(
    album: Path, out: Path, model: Path, capfd: pytest.CaptureFixture[str]
):
    for name in ("a broken.jpg", "z broken.png"):
        (album / name).write_bytes(b"\xff\xd8\xff\xe0 cut off")
    assert main(["colorize", str(album), "-o", str(out), "--model", str(model)]) == 1
    assert files(out) == ["a.png", "b.jpg", "c.tif"]
    printed = capfd.readouterr()
    assert "3 of 5 colorized" in printed.out
    *named, last = printed.err.splitlines()
    assert last == "2 failed, named above"
    assert sorted(line.split(":")[1] for line in named) == [
        f" {album / name}" for name in ("a broken.jpg", "z broken.png")
    ]
    assert {line.split(":")[0] for line in named} == {"failed"}


def test_outputs_that_exist_are_refused_skipped_or_replaced(
    album: Path, out: Path, model: Path, capsys: pytest.CaptureFixture[str]
):
    out.mkdir()
    (out / "b.jpg").write_bytes(b"precious")
    arguments = ["colorize", str(album), "-o", str(out), "--model", str(model)]
    assert main(arguments) == 1
    assert f"{out / 'b.jpg'}: exists already" in capsys.readouterr().err
    assert files(out) == ["a.png", "b.jpg", "c.tif"]
    assert main([*arguments, "--skip-existing"]) == 0
    assert capsys.readouterr().out.startswith(f"0 of 3 colorized to {out}, 3 skipped, which were there already in ")
    assert (out / "b.jpg").read_bytes() == b"precious"
    assert main([*arguments, "--overwrite"]) == 0
    assert read_image(out / "b.jpg").pixels.shape == (20, 31, 3)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--saturation", "-1"], "saturation is -1.0"),
        (["--saturation", "nan"], "saturation is nan"),
        (["--strength", "2"], "strength is 2.0"),
        (["--fade-uncertain", "-0.1"], "fade_uncertain is -0.1"),
        (["--quality", "0"], "quality"),
        (["--workers", "0"], "workers"),
        (["--memory", "1"], "--memory"),
        (["--model", "nonesuch"], "nonesuch"),
        (["--model", "none.onnx"], "no such file"),
        (["--from-list", "none.txt"], "none.txt"),
        (["--report", "report.pdf"], ".html"),
    ],
)
def test_what_cannot_be_begun_is_an_error_with_exit_code_2_and_nothing_written(
    album: Path, out: Path, model: Path, capsys: pytest.CaptureFixture[str], options: list[str], reason: str
):
    arguments = ["colorize", str(album), "-o", str(out), "--model", str(model), "--json", *options]
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("photochrom: error: ")
    assert reason in printed.err
    assert printed.out == ""
    assert not out.exists()


def test_a_pattern_in_quotes_is_matched(album: Path, out: Path, model: Path):
    (album / "deep").mkdir()
    (album / "a.png").rename(album / "deep" / "a.png")
    assert main(["colorize", str(album / "**" / "*.[pt]*"), "-o", str(out), "--model", str(model)]) == 0
    assert sorted(path.relative_to(out) for path in out.rglob("*.*")) == [Path("c.tif"), Path("deep/a.png")]


def test_the_photographs_of_a_list_keep_their_place_below_the_current_folder(
    album: Path, out: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "names").write_bytes(b"album/a.png\0album/b.jpg\0")
    monkeypatch.chdir(tmp_path)
    arguments = ["colorize", "-o", str(out), "--from-list", "names", "--null", "--model", str(model)]
    assert main(arguments) == 0
    assert files(out / "album") == ["a.png", "b.jpg"]
    assert main([*arguments, "--base", str(album)]) == 0
    assert files(out) == ["a.png", "a.png", "b.jpg", "b.jpg"]


def test_the_photographs_of_a_list_are_colorized_beside_those_that_are_named(
    album: Path, out: Path, model: Path, tmp_path: Path
):
    names = tmp_path / "list.txt"
    names.write_text(f"{album / 'b.jpg'}\n\n{album / 'c.tif'}\n")
    chosen = ["--from-list", str(names), "--model", str(model)]
    assert main(["colorize", str(album / "a.png"), "-o", str(out), *chosen]) == 0
    assert files(out) == ["a.png", "b.jpg", "c.tif"]


def test_the_summary_as_json_is_all_of_standard_output(
    album: Path, out: Path, model: Path, capsys: pytest.CaptureFixture[str]
):
    (album / os.fsdecode(b"d\xff.png")).write_bytes(b"no photograph")
    maps = out.with_name("maps")
    chosen = ["--confidence-out", str(maps), "--model", str(model), "--json"]
    assert main(["colorize", str(album), "-o", str(out), *chosen]) == 1
    printed = capsys.readouterr().out
    assert printed.isascii()
    summary = json.loads(printed)
    *done, failed = summary.pop("photographs")
    assert summary.pop("seconds") > 0
    assert summary.pop("photochrom")
    assert summary == {
        "format": 1,
        "output": str(out),
        "model": "tiny 1.0",
        "engine": "opencv",
        "device": "cpu",
        "done": 3,
        "skipped": 0,
        "failed": 1,
        "remaining": 0,
        "passed_over": 0,
        "exit_code": 1,
    }
    assert [photograph["source"] for photograph in done] == [str(album / name) for name in ("a.png", "b.jpg", "c.tif")]
    assert done[0].pop("seconds") > 0
    assert done[0] == {
        "source": str(album / "a.png"),
        "status": "done",
        "target": str(out / "a.png"),
        "confidence": str(maps / "a.png.png"),
        "reason": "",
        "width": 30,
        "height": 20,
    }
    assert failed["status"] == "failed"
    assert failed["source"] == str(album / os.fsdecode(b"d\xff.png"))
    assert failed["reason"]


def test_quiet_prints_nothing_but_failures(album: Path, out: Path, model: Path, capsys: pytest.CaptureFixture[str]):
    (album / "d.png").write_bytes(b"no photograph")
    assert main(["colorize", str(album), "-o", str(out), "--model", str(model), "--quiet"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith(f"failed: {album / 'd.png'}: ")


def test_a_report_shows_the_photographs(album: Path, out: Path, model: Path, tmp_path: Path):
    page = tmp_path / "report.html"
    assert main(["colorize", str(album), "-o", str(out), "--model", str(model), "--report", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/webp") >= 6
    assert "a.png" in text


def test_a_report_that_cannot_be_written_at_the_end_hides_nothing_else(
    album: Path,
    out: Path,
    model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    def fail(*_: object) -> None:
        raise JobError("report.html: cannot be written: No space left on device")

    monkeypatch.setattr("photochrom.report.html_report.HtmlReport.finish", fail)
    arguments = [str(album), "-o", str(out), "--model", str(model), "--report", str(tmp_path / "report.html"), "--json"]
    assert main(["colorize", *arguments]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["exit_code"] == 1
    assert "no report: report.html: cannot be written: No space left on device" in printed.err
    assert files(out) == ["a.png", "b.jpg", "c.tif"]


def test_a_photograph_goes_through_a_pipe_in_its_own_format_or_another(album: Path, model: Path):
    for options, signature in (((), b"\xff\xd8\xff"), (("--format", "png"), b"\x89PNG")):
        done = command("colorize", "-", "-o", "-", "--model", model, *options, stdin=(album / "b.jpg").read_bytes())
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.startswith(signature)
        assert decode_image(bytearray(done.stdout)).pixels.shape == (20, 31, 3)


def test_a_photograph_goes_from_a_file_into_a_pipe_and_from_a_pipe_into_a_file(album: Path, out: Path, model: Path):
    done = command("colorize", album / "a.png", "-o", "-", "--model", model)
    assert done.returncode == 0
    target = out.with_suffix(".tif")
    arguments: list[str | Path] = ["colorize", "-", "-o", target, "--model", model]
    for expected in (0, 2):
        assert command(*arguments, stdin=(album / "a.png").read_bytes()).returncode == expected
    assert np.array_equal(read_image(target).pixels, decode_image(bytearray(done.stdout)).pixels)
    assert command(*arguments, "--skip-existing", stdin=b"not even read").returncode == 0


def test_a_pipe_touches_no_original_and_mixes_nothing_up(
    album: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    photograph, copy = album / "a.png", tmp_path / "copy.png"
    link = tmp_path / "link.png"
    link.hardlink_to(photograph)
    before = photograph.read_bytes()
    monkeypatch.chdir(album)
    refused: list[tuple[list[str | Path], str]] = [
        ([photograph, "-o", "-", "--confidence-out", link], "originals are never touched"),
        (["-", "-o", link], "originals are never touched"),
        (["-", "-o", copy, "--confidence-out", photograph], "originals are never touched"),
        (["-", "-o", copy, "--confidence-out", copy], "need two names"),
        (["-", "-o", copy, "--confidence-out", "sure.jpg"], "ends in .png"),
        (["-", "-o", copy, "--confidence-out", album], "ends in .png"),
        (["*.png", "-o", "-"], "is a pattern"),
        (["", "-o", "-"], "is empty"),
    ]
    for arguments, reason in refused:
        with photograph.open("rb") as stdin:
            done = subprocess.run(
                [sys.executable, "-m", "photochrom", "colorize", *arguments, "--overwrite", "--model", model],
                stdin=stdin,
                capture_output=True,
                text=True,
                check=False,
            )
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert reason in done.stderr
    assert photograph.read_bytes() == before
    assert not copy.exists()
    assert files(album) == ["a.png", "b.jpg", "c.tif"]


def test_a_ring_of_links_in_the_place_of_a_pipes_outputs_is_replaced(album: Path, tmp_path: Path, model: Path):
    ring, sure = tmp_path / "ring.png", tmp_path / "sure.png"
    for path in (ring, sure):
        path.symlink_to(path)
    arguments = ["colorize", "-", "-o", str(ring), "--confidence-out", str(sure), "--overwrite", "--model", str(model)]
    done = command(*arguments, stdin=(album / "a.png").read_bytes())
    assert (done.returncode, done.stderr) == (0, b"")
    assert (ring.is_file(), ring.is_symlink(), sure.is_symlink()) == (True, False, False)


def test_a_pipe_makes_of_two_outputs_the_one_that_is_not_there(album: Path, tmp_path: Path, model: Path):
    copy, sure = tmp_path / "copy.png", tmp_path / "sure.png"
    arguments = ["colorize", "-", "-o", str(copy), "--confidence-out", str(sure), "--model", str(model)]
    data = (album / "a.png").read_bytes()
    assert command(*arguments, stdin=data).returncode == 0
    expected = copy.read_bytes(), sure.read_bytes()
    assert command(*arguments, stdin=data).returncode == 2
    for path in (copy, sure):
        path.unlink()
        assert command(*arguments, "--skip-existing", stdin=data).returncode == 0
        assert (copy.read_bytes(), sure.read_bytes()) == expected


@pytest.mark.parametrize("data", [b"", b"no photograph"])
def test_what_comes_through_a_pipe_and_is_no_photograph_is_a_failure(data: bytes, model: Path):
    done = command("colorize", "-", "-o", "-", "--model", model, stdin=data)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"failed: standard input: ")


def test_a_file_that_is_not_there_is_a_failure_in_a_pipe_too(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("photochrom.command.standard_streams.check_output", lambda: None)
    for path, reason in ((tmp_path / "a.jpg", "cannot be read: No such file"), (model, "its content is none of")):
        assert main(["colorize", str(path), "-o", "-", "--model", str(model)]) == 1
        assert capsys.readouterr().err.startswith(f"failed: {path}: {reason}")


def test_too_little_memory_is_a_failure_in_a_pipe_too(
    album: Path, model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def convert_bytes(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("photochrom.command.standard_streams.check_output", lambda: None)
    monkeypatch.setattr("photochrom.conversion.converter.Converter.convert_bytes", convert_bytes)
    assert main(["colorize", str(album / "a.png"), "-o", "-", "--model", str(model)]) == 1
    assert capsys.readouterr().err == f"failed: {album / 'a.png'}: there is not enough memory for it\n"


@pytest.mark.parametrize(("shell", "code"), [("<&-", 2), (">&-", 2), (">/dev/full", 1)])
def test_a_pipe_that_is_closed_or_full_is_an_error_and_no_traceback(album: Path, model: Path, shell: str, code: int):
    line = f'"$0" -m photochrom colorize - -o - --model "$1" < "$2" {shell}'
    done = subprocess.run(
        ["sh", "-c", line, sys.executable, model, album / "a.png"], capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert len(done.stderr.splitlines()) == 1
    assert "standard" in done.stderr


def test_an_image_is_not_written_to_a_terminal(album: Path, model: Path):
    leader, follower = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "photochrom", "colorize", album / "a.png", "-o", "-", "--model", model],
        stdout=follower,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(follower)
    os.close(leader)
    assert done.returncode == 2
    assert b"terminal" in done.stderr


def test_a_name_that_is_not_text_is_printed_and_not_stumbled_over(
    tmp_path: Path, out: Path, model: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / os.fsdecode(b"gr\xfc\xdfe\n.jpg")
    path.write_bytes(b"no image")
    assert main(["colorize", str(path), "-o", str(out), "--model", str(model)]) == 1
    assert r"gr\udcfc\udcdfe\n.jpg" in capsys.readouterr().err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_lets_what_is_begun_be_finished(
    album: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: signal.Signals,
    code: int,
):
    handlers = [signal.getsignal(other) for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    asked = pretend(monkeypatch, number)
    assert main(["colorize", str(album), "-o", str(out)]) == code
    assert asked == [False, True]
    assert "stopped: 2 not begun" in capsys.readouterr().err
    assert [signal.getsignal(other) for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == handlers


def test_a_second_signal_ends_the_process_at_once(album: Path, out: Path):
    program = (
        "import signal, sys, time\n"
        "import photochrom.command.colorize_command as command\n"
        "def convert(*arguments):\n"
        "    signal.raise_signal(signal.SIGTERM)\n"
        "    assert arguments[-1]()\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    time.sleep(60)\n"
        "command.convert = convert\n"
        "from photochrom.command.cli import main\n"
        f"sys.exit(main(['colorize', {str(album)!r}, '-o', {str(out)!r}]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (143, "", "\nphotochrom: stopped at once\n")


def test_ctrl_c_before_anything_began_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("photochrom.command.colorize_command.convert", interrupted)
    assert main(["colorize", "a.jpg", "-o", "out"]) == 130
    assert capsys.readouterr().err == "photochrom: stopped\n"


def test_a_signal_that_is_ignored_stays_ignored(album: Path, out: Path, monkeypatch: pytest.MonkeyPatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        asked = pretend(monkeypatch, signal.SIGHUP)
        assert main(["colorize", str(album), "-o", str(out)]) == 0
        assert asked == [False, False]
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.fixture(autouse=True)
def hangup_as_usual() -> Iterator[None]:
    """SIGHUP ends a process, also where the tests run under nohup, which has it ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def pretend(monkeypatch: pytest.MonkeyPatch, *numbers: signal.Signals) -> list[bool]:
    """Replace the engine by one that gets these signals; whether it was cancelled before and after them."""
    answers: list[bool] = []

    def convert(*arguments: object) -> ConvertReport:
        cancelled = arguments[-1]
        assert callable(cancelled)
        answers.append(cancelled())
        for number in numbers:
            signal.raise_signal(number)
        answers.append(cancelled())
        return ConvertReport(
            results=(),
            remaining=2 if answers[-1] else 0,
            passed_over=0,
            model="tiny 1.0",
            device="cpu",
            engine="opencv",
            seconds=1,
        )

    monkeypatch.setattr("photochrom.command.colorize_command.convert", convert)
    return answers


def test_on_a_terminal_a_bar_counts_and_failures_are_named_twice(album: Path, out: Path, model: Path):
    (album / "d.png").write_bytes(b"no photograph")
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (25, 200))
    arguments = ["colorize", str(album), "-o", str(out), "--model", str(model)]
    done = subprocess.run(
        [sys.executable, "-m", "photochrom", *arguments],
        stdout=subprocess.PIPE,
        stderr=follower,
        text=True,
        check=False,
    )
    assert select.select([leader], [], [], 10)[0], "nothing was shown"
    shown = os.read(leader, 65536).decode()
    os.close(follower)
    os.close(leader)
    assert done.returncode == 1
    assert "0/4" in shown
    assert "4/4" in shown
    assert shown.count(f"{album / 'd.png'}: ") == 2
    assert done.stdout.startswith("3 of 4 colorized")


def test_every_option_reaches_the_engine(monkeypatch: pytest.MonkeyPatch):
    calls: list[tuple[list[Path], Path, ConvertOptions]] = []

    def convert(paths: list[Path], output: Path, options: ConvertOptions, *_: object) -> ConvertReport:
        calls.append((paths, output, options))
        return ConvertReport(
            results=(), remaining=0, passed_over=0, model="m 1", device="cpu", engine="opencv", seconds=0
        )

    monkeypatch.setattr("photochrom.command.colorize_command.convert", convert)
    everything = (
        "--skip-existing --confidence-out maps --format png --depth 16 --quality 80 --model m.onnx --device cuda_fp16 "
        "--engine onnxruntime --strength 0.25 --saturation 0.5 --fade-uncertain 0.75 --workers 3 --memory 1.5G "
        "--shard 2/4"
    )
    main(["colorize", "a.jpg", "b", "-o", "out", *everything.split()])
    main(["colorize", "a.jpg", "-o", "out"])
    (paths, output, options), (_, _, plain) = calls
    assert (paths, output, plain) == ([Path("a.jpg"), Path("b")], Path("out"), ConvertOptions())
    assert options.shard is not None
    assert (options.shard.number, options.shard.count) == (2, 4)
    assert (options.existing, options.confidence_output, options.suffix) == ("skip", Path("maps"), ".png")
    assert (options.depth, options.quality, options.model) == (16, 80, "m.onnx")
    assert (options.device, options.engine) == ("cuda_fp16", "onnxruntime")
    assert (options.strength, options.saturation, options.fade_uncertain) == (0.25, 0.5, 0.75)
    assert (options.workers, options.memory) == (3, 1_610_612_736)


@pytest.mark.parametrize(
    ("options", "module", "function", "extra"),
    [
        (["--hot-folder"], "photochrom.conversion.hot_folder", "watch", {}),
        (["--ray", "head:6379"], "photochrom.cluster.convert_on_ray", "convert_on_ray", {"address": "head:6379"}),
    ],
)
def test_a_watched_folder_and_a_cluster_have_engines_of_their_own(
    monkeypatch: pytest.MonkeyPatch, options: list[str], module: str, function: str, extra: dict[str, str]
):
    calls: list[tuple[object, dict[str, str]]] = []

    def engine(*arguments: object, **named: str) -> ConvertReport:
        calls.append((arguments[0], named))
        return ConvertReport(
            results=(), remaining=1, passed_over=0, model="m 1", device="cpu", engine="opencv", seconds=0
        )

    monkeypatch.setitem(sys.modules, module, SimpleNamespace(**{function: engine}))
    monkeypatch.setattr("photochrom.command.colorize_command.noted_signals", lambda: nullcontext([signal.SIGTERM]))
    code = main(["colorize", "in", "-o", "out", *options])
    (((paths, named)),) = calls
    assert named == extra
    if module.endswith("hot_folder"):
        assert (code, paths) == (0, Path("in")), "it is made to be stopped"
    else:
        assert (code, paths) == (143, [Path("in")])


def test_failures_appear_while_others_go_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def convert(*arguments: object) -> ConvertReport:
        on_progress = arguments[3]
        failed = FileResult(source=Path("a.jpg"), status="failed", reason="a.jpg: is broken")
        assert callable(on_progress)
        on_progress(Progress(finished=1, total=2, result=failed))
        assert capsys.readouterr().err == "failed: a.jpg: is broken\n"
        return ConvertReport(
            results=(failed,), remaining=0, passed_over=0, model="m 1", device="cpu", engine="opencv", seconds=0
        )

    monkeypatch.setattr("photochrom.command.colorize_command.convert", convert)
    assert main(["colorize", "a.jpg", "b.jpg", "-o", "out"]) == 1
