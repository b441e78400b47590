"""The arguments of ``photochrom colorize``: what is no value, and what does not go together, is said."""

import argparse
from pathlib import Path

import pytest

from photochrom.command.cli import main
from photochrom.command.colorize_arguments import add_arguments, convert_options


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)


@pytest.mark.parametrize(
    ("text", "size"),
    [("1000", 1000), ("800M", 800 << 20), ("1.5G", 3 << 29), ("2g", 2 << 30), ("64 KiB", 65536), ("1T", 1 << 40)],
)
def test_sizes_are_bytes_or_have_a_unit(text: str, size: int):
    assert parse("a.jpg", "-o", "out", "--memory", text).memory == size


@pytest.mark.parametrize(
    "wrong",
    [
        ["--memory", "much"],
        ["--memory", "0"],
        ["--memory", "-1G"],
        ["--memory", "1.5P"],
        ["--memory", "1e9"],
        ["--shard", "0/4"],
        ["--shard", "5/4"],
        ["--shard", "2"],
        ["--shard", "1/0"],
        ["--format", "gif89"],
        ["--format", ""],
        ["--depth", "12"],
        ["--quality", "best"],
        ["--saturation", "much"],
        ["--device", "gpu"],
        ["--engine", "tensorrt"],
        ["--ray", "album"],
        ["--ray", "head:port"],
        ["--overwrite", "--skip-existing"],
    ],
)
def test_a_wrong_value_ends_with_a_usage_and_exit_code_2(wrong: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["colorize", "a.jpg", "-o", "out", *wrong])
    assert ended.value.code == 2
    printed = capsys.readouterr().err
    assert printed.startswith("usage: photochrom colorize IN... -o OUT [options]\n")
    assert "error: " in printed


@pytest.mark.parametrize("address", ["auto", "local", "head:6379", "10.0.0.1:6379", "[::1]:6379", "ray://head:10001"])
def test_an_address_of_a_cluster_is_one(address: str):
    assert parse("a.jpg", "-o", "out", "--ray", address).ray == address


def test_a_cluster_without_an_address_is_the_one_that_is_there():
    assert parse("a.jpg", "-o", "out", "--ray").ray == "auto"


def test_formats_are_suffixes_with_or_without_a_dot():
    for text in ("png", ".png", "PNG"):
        assert convert_options(parse("a.jpg", "-o", "out", "--format", text)).suffix == ".png"


def test_what_exists_is_refused_skipped_or_replaced():
    for options, existing in (((), "refuse"), (("--skip-existing",), "skip"), (("--overwrite",), "overwrite")):
        assert convert_options(parse("in", "-o", "out", *options)).existing == existing


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("-o out", "no photographs are given"),
        ("a.jpg -o out --null", "--null"),
        ("- a.jpg -o out", "- is one photograph"),
        ("a.jpg b.jpg -o -", "- is one photograph"),
        ("- -o - --from-list list", "- is one photograph"),
        ("--from-list - -o -", "- is one photograph"),
        (". -o -", "not a folder"),
        ("- -o out", "give a file"),
        ("- -o - --report r.html", "--report"),
        ("- -o - --json", "--json"),
        ("- -o - --shard 1/2", "--shard"),
        ("- -o - --hot-folder", "--hot-folder"),
        ("- -o - --ray", "--ray"),
        ("- -o - --workers 2", "--workers"),
        ("- -o out.png --format jpg", "--format"),
        ("a b -o out --hot-folder", "one folder"),
        ("--from-list list -o out --hot-folder", "one folder"),
        ("a --from-list list -o out --hot-folder", "--from-list"),
        ("a -o out --hot-folder --ray", "--ray"),
        ("a -o out --hot-folder --report r.html", "--report"),
    ],
)
def test_what_does_not_go_together_is_said(arguments: str, reason: str, capsys: pytest.CaptureFixture[str]):
    assert main(["colorize", *arguments.split()]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("photochrom: error: ")
    assert reason in printed.err
    assert printed.out == ""


def test_help_shows_examples_and_exit_codes_and_fits_a_wide_terminal(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["colorize", "--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert "examples:" in printed
    assert "exit codes:" in printed
    assert max(map(len, printed.splitlines())) <= 120


def test_photographs_may_stand_before_and_behind_options(
    album: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out"
    names = [str(album / name) for name in ("a.jpg", "1920/b.png", "d.png")]
    command = ["colorize", names[0], "-o", str(out), names[1], "--model", str(model), "--quiet", names[2]]
    assert main(command) == 0, capsys.readouterr().err
    assert sorted(path.name for path in out.iterdir()) == ["a.jpg", "b.png", "d.png"]


def test_no_other_command_takes_what_it_does_not_know(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["models", "a.jpg"])
    assert ended.value.code == 2
    assert "unrecognized arguments: a.jpg" in capsys.readouterr().err


def test_an_abbreviated_option_is_unknown(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["colorize", "a.jpg", "-o", "out", "--skip"])
    assert ended.value.code == 2
    assert "unrecognized arguments: --skip" in capsys.readouterr().err
