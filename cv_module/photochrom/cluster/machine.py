"""The machines of a Ray cluster: which there are, whether they can take part, and the workers on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import ray
from ray import ObjectRef
from ray.actor import ActorHandle
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

import photochrom
from photochrom.cluster.worker import Equipment, Worker
from photochrom.conversion.converter import End
from photochrom.conversion.options import ConvertOptions
from photochrom.conversion.result import FileResult
from photochrom.conversion.task import Task
from photochrom.errors import JobError, shown

_AHEAD: Final = 2
"""Photographs that wait at a worker beside those in work, so that it never waits for the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine that has processor cores for Ray."""

    node: str
    """Ray's name for it."""
    address: str
    """Where it is in the network."""
    cores: int
    """Processor cores that Ray may use there."""
    gpus: int
    """Graphics processors that Ray may use there."""

    def is_alive(self) -> bool:
        """Whether Ray takes it for alive; Ray notices a death some seconds late."""
        return any(machine.node == self.node for machine in _machines())

    def affinity(self) -> NodeAffinitySchedulingStrategy:
        """What makes Ray run something on this machine and no other."""
        return NodeAffinitySchedulingStrategy(self.node, soft=False)


def find_machines(paths: Sequence[Path]) -> list[Machine]:
    """The machines of the cluster, each of which can take part.

    Args:
        paths: absolute; what each must see.

    Raises:
        JobError: there is none, or one of them has no photochrom or another version of it, or does not see a path.
    """
    probe = ray.remote(_make_probe())
    probes = [
        (machine, probe.options(num_cpus=0, max_retries=0, scheduling_strategy=machine.affinity()).remote(list(paths)))
        for machine in _machines()
    ]
    machines = []
    lost = "it has no machine with processor cores for Ray"
    for machine, answer in probes:
        try:
            version, unseen = ray.get(answer)
        except RayTaskError as error:
            raise JobError(f"photochrom does not work on machine {machine.address}: {error.cause}") from None
        except RayError as error:  # it died just now
            lost = f"machine {machine.address}: {first_line(error)}"
            continue
        if version != photochrom.__version__:
            raise JobError(
                f"machine {machine.address} has photochrom {version}, and this one {photochrom.__version__}: "
                "install the same version on all"
            )
        if unseen:
            raise JobError(
                f"{shown(unseen[0])}: machine {machine.address} does not see it; photographs and outputs must lie "
                "where all machines see them under the same path"
            )
        machines.append(machine)
    if not machines:
        raise JobError(f"the Ray cluster cannot convert anything: {lost}")
    return machines


def first_line(error: Exception) -> str:
    """What an error of Ray says in short; it goes on for pages."""
    return str(error).partition("\n")[0]


def _machines() -> list[Machine]:
    return [
        Machine(
            node=node["NodeID"],
            address=node["NodeManagerAddress"],
            cores=int(node["Resources"]["CPU"]),
            gpus=int(node["Resources"].get("GPU", 0)),
        )
        for node in ray.nodes()  # type: ignore[no-untyped-call]
        if node["Alive"] and node["Resources"].get("CPU", 0) >= 1
    ]


def _make_probe() -> Callable[[list[Path]], tuple[str, list[Path]]]:
    """What tells a machine's version of photochrom, and which paths it does not see.

    A function made here goes to the machines as code; any other goes as a name, which another version may not have.
    """

    def probe(paths: list[Path]) -> tuple[str, list[Path]]:
        import photochrom

        return photochrom.__version__, [path for path in paths if not path.exists()]

    return probe


class Hand:
    """A worker on a machine, and what it has in hand."""

    def __init__(self, machine: Machine, options: ConvertOptions, folder: Path | None) -> None:
        """Start it, as soon as the machine has its cores free; arguments as of `Worker.load`."""
        self.machine = machine
        self.count = min(options.workers or machine.cores, machine.cores)
        """Photographs that it converts at once."""
        self.numbers: set[int] = set()
        """Of the photographs that it has in hand."""
        self.equipment: Equipment | None = None
        """What it converts with; None: it is not ready yet."""
        self._actor = (
            ray.remote(Worker)
            .options(
                num_cpus=self.count,
                num_gpus=1 if machine.gpus and options.device != "cpu" else 0,
                scheduling_strategy=machine.affinity(),
                max_concurrency=self.count,
            )
            .remote()
        )
        self.loading = self._actor.load.remote(options, folder)

    @property
    def has_room(self) -> bool:
        """Whether it is ready and takes another photograph."""
        return self.equipment is not None and len(self.numbers) < self.count + _AHEAD

    @property
    def load(self) -> float:
        """Photographs in hand for each that it converts at once."""
        return len(self.numbers) / self.count

    def convert(self, entry: Task | FileResult) -> ObjectRef[End]:
        """Begin a photograph; what will become of it."""
        return self._actor.convert_file.remote(entry)

    def kill(self) -> None:
        """End the process, in the middle of whatever it does."""
        assert isinstance(self._actor, ActorHandle)
        ray.kill(self._actor)
