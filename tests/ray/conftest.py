"""A Ray cluster on this machine: a head that does no work and two machines, which are processes here."""

import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest

_STORE = 80_000_000
"""Shared memory of each machine, which Ray keeps free for itself [bytes]."""


class LocalCluster:
    """Machines that can be killed."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        head = {
            "num_cpus": 0,
            "include_dashboard": False,
            "object_store_memory": _STORE,
            # So that a death is noticed in seconds.
            "_system_config": {"health_check_period_ms": 500, "health_check_failure_threshold": 4},
        }
        self._cluster = Cluster(initialize_head=True, head_node_args=head)
        self._raylets: list[int] = []

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def have_two_machines(self) -> None:
        while len(self._raylets) < 2:
            node = self._cluster.add_node(num_cpus=1, object_store_memory=_STORE)
            self._raylets.append(node.all_processes["raylet"][0].process.pid)

    def kill_one(self) -> None:
        """Kill a machine with everything that runs on it."""
        raylet = self._raylets.pop()
        for process in (raylet, *children(raylet)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def shut_down(self) -> None:
        self._cluster.shutdown()  # type: ignore[no-untyped-call]


def children(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


@pytest.fixture(scope="session", autouse=True)
def ray() -> ModuleType:
    """Ray; without it every test here is skipped."""
    module = pytest.importorskip("ray", reason="Ray is not installed; it comes with the extra photochrom[ray]")
    assert isinstance(module, ModuleType)
    return module


@pytest.fixture(scope="session")
def local_cluster() -> Iterator[LocalCluster]:
    """A cluster that is started once; see `cluster`."""
    if not Path("/proc/self/task").exists():
        pytest.skip("the processes of a machine are found in /proc, on Linux only")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own, about its future
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        cluster = LocalCluster()
        try:
            yield cluster
        finally:
            cluster.shut_down()


@pytest.fixture
def cluster(local_cluster: LocalCluster) -> LocalCluster:
    """A cluster with two machines of one core each, to be connected to."""
    local_cluster.have_two_machines()
    return local_cluster


@pytest.fixture(scope="module")
def connection(ray: ModuleType, local_cluster: LocalCluster) -> Iterator[None]:
    """This process belongs to the cluster, whose workers die of every photograph called ``deadly``."""

    def die_of_some() -> None:  # defined here, it goes to the workers as code; they have no package of tests
        import os
        import signal

        from photochrom.conversion.converter import Converter, End
        from photochrom.conversion.result import FileResult
        from photochrom.conversion.task import Task

        convert_file = Converter.convert_file

        def die_or_convert(self: Converter, entry: Task | FileResult) -> End:
            if entry.source.stem == "deadly":
                os.kill(os.getpid(), signal.SIGKILL)
            return convert_file(self, entry)

        Converter.convert_file = die_or_convert  # type: ignore[method-assign]

    local_cluster.have_two_machines()
    hook = {"worker_process_setup_hook": die_of_some}
    ray.init(address=local_cluster.address, log_to_driver=False, runtime_env=hook)
    yield
    ray.shutdown()


@pytest.fixture
def connected(cluster: LocalCluster, connection: None) -> LocalCluster:
    """As `cluster`, and connected to; see `connection`."""
    del connection
    return cluster
