from pathlib import Path

import pytest

from photochrom_train.cli import main


def test_a_missing_config_is_one_line_and_exit_code_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["prepare", str(tmp_path / "absent.toml"), "--cache", str(tmp_path / "cache")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("photochrom-train: ")
    assert error.count("\n") == 1
    assert "absent.toml" in error


def test_training_without_a_cache_says_what_to_do_first(shipped, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    arguments = [str(shipped.config), "--cache", str(tmp_path), "--run", str(tmp_path / "run"), "--device", "cpu"]
    assert main(["train", *arguments]) == 2
    assert "run `photochrom-train prepare` first" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["train", "export"])
def test_a_cache_of_other_photographs_is_refused(
    shipped, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
):
    config = tmp_path / "tiny.toml"
    config.write_text(shipped.config.read_text().replace("short_side = 64", "short_side = 96"))
    more = ["--device", "cpu"] if command == "train" else ["--out", str(tmp_path / "models")]
    assert main([command, str(config), "--cache", str(shipped.cache), "--run", str(tmp_path / "run"), *more]) == 2
    assert "short side of 64, not of what the config names; run `photochrom-train prepare`" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_stopped_command_says_so_in_one_line(
    shipped, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("photochrom_train.photo_cache.prepare_cache", stop)
    assert main(["prepare", str(shipped.config), "--cache", str(tmp_path)]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "photochrom-train: stopped"


@pytest.mark.parametrize("limit", ["0", "-1", "some"])
def test_a_limit_is_positive(shipped, tmp_path: Path, capsys: pytest.CaptureFixture[str], limit: str):
    places = ["--photos", str(tmp_path), "--cache", str(shipped.cache), "--out", str(tmp_path)]
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "--model", str(shipped.network), *places, f"--limit={limit}"])
    assert ended.value.code == 2
    assert "argument --limit" in capsys.readouterr().err


def test_a_missing_network_is_named(shipped, photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    arguments = ["--photos", str(photo_folder), "--cache", str(shipped.cache), "--out", str(tmp_path)]
    assert main(["evaluate", "--model", str(tmp_path / "absent.onnx"), *arguments]) == 2
    assert "absent" in capsys.readouterr().err


def test_missing_photographs_are_named(shipped, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    arguments = ["--photos", str(tmp_path / "absent.tar"), "--cache", str(shipped.cache), "--out", str(tmp_path)]
    assert main(["evaluate", "--model", str(shipped.network), *arguments]) == 2
    assert "absent.tar does not exist" in capsys.readouterr().err


def test_exporting_a_run_that_never_was_is_named(shipped, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    arguments = [str(shipped.config), "--cache", str(shipped.cache), "--out", str(tmp_path)]
    assert main(["export", *arguments, "--run", str(tmp_path / "absent")]) == 2
    assert "absent" in capsys.readouterr().err


def test_unreadable_photographs_are_printed(
    shipped, photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "photos").mkdir()
    for file in photo_folder.iterdir():
        (tmp_path / "photos" / file.name).write_bytes(file.read_bytes())
    (tmp_path / "photos" / "text.png").write_text("no picture")
    config = tmp_path / "tiny.toml"
    text = shipped.config.read_text().replace(str(photo_folder), str(tmp_path / "photos"))
    config.write_text(text.replace("holdout = 4", "holdout = 4\nmax_bad_fraction = 0.2"))
    assert main(["prepare", str(config), "--cache", str(tmp_path / "cache")]) == 0
    printed = capsys.readouterr().out
    assert "12 photographs in" in printed
    assert "unreadable: " in printed
    assert "text.png" in printed


@pytest.mark.parametrize("command", ["prepare", "train", "export", "evaluate", "report"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "--cache" in capsys.readouterr().out
