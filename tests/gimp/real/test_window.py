"""The filter in a real window, worked with the keyboard and looked at through screenshots."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.gimp.real.desktop import Desktop
from tests.gimp.real.dialog import Dialog
from tests.gimp.real.session import GimpSession

PHOTOGRAPH = Path(__file__).parents[3] / "samples" / "chelsea.jpg"
WORKER = "photochrom.worker"
PLUG_IN = r"photochrom-filter\.py"
COLOURFUL = 15.0
"""What the preview of the colorized photograph exceeds; that of the grey one is 0."""
HANGING = "sleep 3141"
"""What a worker that hangs does."""


def show(session: GimpSession, desktop: Desktop) -> tuple[object, str]:
    """Opens the photograph; its display, and its window."""
    shutil.copy(PHOTOGRAPH, session.path("chelsea.jpg"))
    display = session.call("window.show", path="/lab/chelsea.jpg")
    return display, desktop.wait_for_window(r"^\[(Untitled|chelsea)\]")


@pytest.fixture
def photograph(windowed_gimp) -> Iterator[str]:
    """The window of the photograph, which is open in the shared GIMP."""
    session, desktop = windowed_gimp
    display, window = show(session, desktop)
    yield window
    session.call("window.close", display=display)


@pytest.fixture
def use_python(windowed_gimp, gimp_version) -> Iterator[Callable[[str], None]]:
    """Lets the plug-in believe that photochrom is in another Python."""
    session, _desktop = windowed_gimp
    record = session.path(f"home/.config/GIMP/{gimp_version}/plug-ins/photochrom-filter/interpreter.json")
    original = record.read_text()
    yield lambda python: record.write_text(json.dumps({**json.loads(original), "python": python}))
    record.write_text(original)


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not so within {seconds} s"
        time.sleep(0.2)


def run(session: GimpSession, pattern: str) -> bool:
    """Whether a process runs whose command matches a regular expression."""
    return session.root.run("pgrep", "-f", pattern).status == 0


def wait_for_layers(session: GimpSession, number: int) -> None:
    """Return when the photograph has so many layers and the filter is done, so that its pixels may be read."""
    wait_until(lambda: session.call("window.count_layers") == number)
    wait_until(lambda: not run(session, PLUG_IN))


def test_a_photograph_is_colorized_and_one_undo_gives_it_back(windowed_gimp, photograph):
    session, desktop = windowed_gimp
    original = session.call("window.state")
    dialog = Dialog(desktop, photograph)
    full = dialog.wait_for_preview(lambda colours: colours > COLOURFUL)

    dialog.key("alt+t", "ctrl+a", "3", "0", "Tab")
    dialog.wait_for_preview(lambda colours: 0.1 * full < colours < 0.6 * full)
    dialog.key("alt+p")
    dialog.wait_for_preview(lambda colours: colours == 0)
    dialog.key("alt+p")
    weak = dialog.wait_for_preview(lambda colours: colours > 0)
    dialog.key("alt+v")
    dialog.wait_for_preview(lambda colours: 0 < colours < 0.9 * weak)
    assert session.call("window.state") == original

    dialog.key("alt+o")
    dialog.wait_until_gone(30)
    wait_for_layers(session, 2)
    coloured = session.call("window.state")
    layer = coloured["layers"][0]
    assert layer["name"].startswith("Photochrom colorize ")
    assert "strength 30 %" in layer["name"]
    assert layer["mode"] == "lch-color"
    wait_until(lambda: not run(session, WORKER), 5)

    desktop.key(photograph, "ctrl+z")
    wait_for_layers(session, 1)
    assert session.call("window.state") == original
    desktop.key(photograph, "ctrl+y")
    wait_for_layers(session, 2)
    assert session.call("window.state")["layers"] == coloured["layers"]


def test_the_last_values_are_there_again_and_reset_takes_them_back(windowed_gimp, photograph):
    session, desktop = windowed_gimp
    dialog = Dialog(desktop, photograph)
    dialog.key("alt+t", "ctrl+a", "0", "Tab", "alt+o")
    dialog.wait_until_gone(60)
    wait_for_layers(session, 2)
    desktop.key(photograph, "ctrl+z")

    again = Dialog(desktop, photograph)
    wait_until(lambda: run(session, WORKER))
    time.sleep(5)
    assert again.colourfulness() == 0
    # Reset to Factory Defaults: the second entry.
    again.key("alt+r")
    time.sleep(0.5)
    for key in ("Tab", "Return"):
        desktop.do("key", key)
    again.wait_for_preview(lambda colours: colours > COLOURFUL)
    again.key("Escape")
    again.wait_until_gone(5)


def test_cancel_leaves_the_image_as_it_is_and_no_worker(windowed_gimp, photograph):
    session, desktop = windowed_gimp
    original = session.call("window.state")
    dialog = Dialog(desktop, photograph)
    wait_until(lambda: run(session, WORKER))
    dialog.key("Escape")
    dialog.wait_until_gone(5)
    wait_until(lambda: not run(session, WORKER), 5)
    assert session.call("window.state") == original


def test_a_worker_that_hangs_does_not_freeze_the_dialog(windowed_gimp, photograph, use_python):
    session, desktop = windowed_gimp
    hanging = session.path("hanging")
    hanging.write_text(f"#!/bin/sh\nexec {HANGING}\n")
    hanging.chmod(0o755)
    use_python("/lab/hanging")
    waiting = 6.0
    read = session.call("window.read_dialog", until="nothing of this kind", within=waiting)
    assert read["longest"] < waiting / 2

    dialog = Dialog(desktop, photograph)
    wait_until(lambda: run(session, HANGING))
    dialog.key("Escape")
    dialog.wait_until_gone(5)
    wait_until(lambda: not run(session, HANGING), 5)


def test_without_its_python_the_dialog_says_so_and_offers_no_ok(windowed_gimp, photograph, use_python):
    session, desktop = windowed_gimp
    use_python("/gone/bin/python")
    read = session.call("window.read_dialog", until="/gone/bin/python", within=30)
    (sentence,) = [text for text in read["texts"] if "/gone/bin/python" in text]
    assert "photochrom gimp install" in sentence
    assert not read["ok"]

    dialog = Dialog(desktop, photograph)
    time.sleep(2)
    dialog.key("Return", "alt+o")
    time.sleep(2)
    assert dialog.is_open()
    dialog.key("Escape")
    dialog.wait_until_gone(5)


@pytest.mark.usefixtures("photograph")
def test_the_device_that_really_ran_is_shown(windowed_gimp):
    session, _desktop = windowed_gimp
    read = session.call("window.read_dialog", until="Computed on", within=60)
    assert "Computed on: CPU" in read["texts"]
    assert any(text.startswith("colorize 1.") for text in read["texts"])
    assert read["ok"]
    assert not read["accepted"]


@pytest.mark.usefixtures("photograph")
def test_what_the_worker_refuses_is_said_in_the_dialog(windowed_gimp):
    session, _desktop = windowed_gimp
    read = session.call("window.read_dialog", until="no such file", within=60, arguments={"model": "/lab/none.onnx"})
    assert any(text.startswith("none.onnx") for text in read["texts"])
    assert not read["ok"]


def test_the_dialog_speaks_chinese(start_windowed_gimp):
    session, desktop = start_windowed_gimp({"LANGUAGE": "zh_CN"})
    show(session, desktop)
    read = session.call("window.read_dialog", until="实际使用的设备", within=60)
    assert read["title"] == "上色"
    assert {"模型(M)", "自动", "预览(P)", "分割视图(V)"} <= set(read["texts"])
    assert any(text.startswith("实际使用的设备") and text.endswith("CPU") for text in read["texts"])


def test_closing_gimp_ends_the_worker(start_windowed_gimp):
    session, desktop = start_windowed_gimp()
    _display, window = show(session, desktop)
    Dialog(desktop, window)
    wait_until(lambda: run(session, WORKER))
    desktop.key(window, "ctrl+q")
    wait_until(lambda: not run(session, WORKER), 10)


def test_killing_gimp_ends_the_worker(start_windowed_gimp):
    session, desktop = start_windowed_gimp()
    _display, window = show(session, desktop)
    Dialog(desktop, window)
    wait_until(lambda: run(session, WORKER))
    session.root.run("pkill", "-KILL", "-f", "^gimp --new-instance", expect=0)
    wait_until(lambda: not run(session, WORKER), 10)
