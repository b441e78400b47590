"""What runs with a GIMP is shut in: it changes nothing outside, hears nothing from there, and ends with its caller."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.gimp.real.root import PROJECT, Root

SCRIPT = PROJECT / ".ci/gimp-root"


@pytest.fixture(scope="module")
def root(gimp_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    with Root(gimp_environment, tmp_path_factory.mktemp("root")) as opened:
        yield opened


@pytest.mark.parametrize("folder", ["/src", "/opt/photochrom", "/usr"])
def test_only_the_lab_can_be_written(root, folder):
    outcome = root.run("touch", f"{folder}/written", "/lab/written")
    assert outcome.status == 1
    assert "Read-only file system" in outcome.output
    assert (root.lab / "written").exists()


def test_there_is_no_network(root):
    interfaces = root.run("sed", "-n", "s/:.*//p", "/proc/net/dev", expect=0).output.split()
    assert interfaces == ["lo"]


def test_the_environment_of_the_caller_stays_outside(gimp_environment, tmp_path, monkeypatch):
    monkeypatch.setenv("PHOTOCHROM_SECRET", "outside")
    with Root(gimp_environment, tmp_path) as root:
        variables = root.run("env", expect=0).output
    assert "HOME=/lab/home" in variables
    assert "PHOTOCHROM_SECRET" not in variables


def test_a_command_that_takes_too_long_is_ended(root):
    begin = time.monotonic()
    assert root.run("sleep", "60", seconds=0.2).status is None
    assert time.monotonic() - begin < 10


def test_killing_the_caller_ends_every_process_inside(gimp_environment, tmp_path):
    seconds = "86399"
    with subprocess.Popen(
        [PROJECT / ".ci/in-gimp-root", gimp_environment, tmp_path, "sh", "-c", f"sleep {seconds} & touch on; wait"]
    ) as process:
        _wait_until((tmp_path / "on").exists)
        assert _running(f"sleep {seconds}")
        process.kill()
    _wait_until(lambda: not _running(f"sleep {seconds}"))


@pytest.mark.usefixtures("gimp_environment")
def test_an_environment_that_is_not_there_is_named(gimp_version, tmp_path):
    variables = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    found = subprocess.run([SCRIPT, "--find", gimp_version], env=variables, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert f"{tmp_path}/photochrom/gimp/{gimp_version}-" in found.stderr
    assert "`make gimp` makes it" in found.stderr


@pytest.mark.usefixtures("gimp_environment")
def test_without_the_right_to_namespaces_the_reason_is_told(gimp_version):
    command = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin", SCRIPT, "--find", gimp_version]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "namespaces, which are not permitted here" in found.stderr
    assert "SYS_ADMIN" in found.stderr


def _running(command: str) -> bool:
    """Whether a process outside or inside has exactly this command line."""
    return subprocess.run(["pgrep", "-fx", command], stdout=subprocess.DEVNULL, check=False).returncode == 0


def _wait_until(happened: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)
