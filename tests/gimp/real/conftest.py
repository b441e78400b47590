"""Real GIMPs, 3.0 and 3.2, each with a fresh profile into which the project's own installer put the plug-in.

Skipped, with the reason, where those GIMPs are not at hand; ``--require-gimp`` makes that a failure.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.gimp.real.desktop import Desktop
from tests.gimp.real.root import VERSIONS, Root, RootError, environment
from tests.gimp.real.session import GimpSession

StartGimp = Callable[[dict[str, str] | None], GimpSession]
"""See `start_gimp`."""
StartWindowedGimp = Callable[..., tuple[GimpSession, Desktop]]
"""See `start_windowed_gimp`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each GIMP in a process of its own, where there are several (``--numprocesses 2 --dist loadgroup``)."""
    for item in items:
        if isinstance(item, pytest.Function) and "gimp_version" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group(item.callspec.params["gimp_version"]))


@pytest.fixture(scope="session", params=VERSIONS, ids=lambda version: f"gimp-{version}")
def gimp_version(request: pytest.FixtureRequest) -> str:
    """3.0, then 3.2."""
    version: str = request.param
    return version


@pytest.fixture(scope="session")
def gimp_environment(gimp_version: str, request: pytest.FixtureRequest) -> Path:
    """The environment with that GIMP."""
    try:
        return environment(gimp_version)
    except RootError as error:
        if request.config.getoption("--require-gimp"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def prepared_home(gimp_version: str, gimp_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder whose GIMP profile holds the plug-in, put there by ``photochrom gimp install``."""
    lab = tmp_path_factory.mktemp(f"gimp-{gimp_version}-profile")
    profile = lab / "home/.config/GIMP" / gimp_version
    profile.mkdir(parents=True)
    with Root(gimp_environment, lab) as root:
        full_version = root.run("gimp-console", "--version", expect=0).output.split()[-1]
        (profile / "gimprc").write_text(
            f'(config-version "{full_version}")\n'
            "(check-updates no)\n(show-welcome-dialog no)\n(save-session-info no)\n(save-device-status no)\n"
        )
        installed = root.run("/opt/photochrom/bin/photochrom", "gimp", "install", seconds=180, expect=0)
        (lab / "install.log").write_text(installed.output)
    return lab / "home"


def _root(environment: Path, home: Path, lab: Path) -> Root:
    """A root with a copy of the prepared home; times are kept, so that GIMP need not query every plug-in again."""
    shutil.copytree(home, lab / "home", symlinks=True)
    return Root(environment, lab)


@pytest.fixture(scope="module")
def gimp(
    gimp_environment: Path, prepared_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GimpSession]:
    """A GIMP without a window that all tests of a file share, because its start takes seconds.

    A test leaves no image behind in it and does not end it; one that must do so takes `start_gimp`.
    """
    lab = tmp_path_factory.mktemp("gimp")
    with GimpSession(_root(gimp_environment, prepared_home, lab)) as session:
        yield session


@pytest.fixture
def start_gimp(
    gimp_environment: Path, prepared_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartGimp]:
    """Starts a GIMP of the test's own, in a root and with a home of its own: ``start_gimp({"NAME": "value"})``."""
    with ExitStack() as stack:

        def start(environment: dict[str, str] | None = None) -> GimpSession:
            root = stack.enter_context(_root(gimp_environment, prepared_home, tmp_path_factory.mktemp("gimp")))
            return stack.enter_context(GimpSession(root, environment=environment))

        yield start


@contextmanager
def _windowed(root: Root, environment: dict[str, str] | None = None) -> Iterator[tuple[GimpSession, Desktop]]:
    with root:
        desktop = Desktop(root)
        with GimpSession(root, windowed=True, environment=environment) as session:
            yield session, desktop


@pytest.fixture(scope="module")
def windowed_gimp(
    gimp_environment: Path, prepared_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[GimpSession, Desktop]]:
    """A GIMP with a window that all tests of a file share, and the desktop it is on; screenshots stay in its lab.

    A test leaves no image behind in it and does not end it; one that must do so takes `start_windowed_gimp`.
    """
    with _windowed(_root(gimp_environment, prepared_home, tmp_path_factory.mktemp("gimp-window"))) as started:
        yield started


@pytest.fixture
def start_windowed_gimp(
    gimp_environment: Path, prepared_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartWindowedGimp]:
    """Like `start_gimp`, with a window, and with its desktop."""
    with ExitStack() as stack:

        def start(environment: dict[str, str] | None = None) -> tuple[GimpSession, Desktop]:
            root = _root(gimp_environment, prepared_home, tmp_path_factory.mktemp("gimp-window"))
            return stack.enter_context(_windowed(root, environment))

        yield start
