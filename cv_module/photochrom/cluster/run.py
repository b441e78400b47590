"""How a conversion goes over the machines of a Ray cluster, and on when some of them die.

Each worker has a few photographs in hand. When its process or its machine dies, nobody knows which of them was to
blame: all are made again, each alone on a worker, so that one that kills whoever converts it is found out. A worker
whose machine lives is started again.
"""

import logging
import signal
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import ray
from ray import ObjectRef
from ray.exceptions import RayError, RayTaskError

from photochrom.cluster.machine import Hand, Machine, find_machines, first_line
from photochrom.cluster.worker import Equipment
from photochrom.conversion.conflict import nearest_folder
from photochrom.conversion.convert import Conversion
from photochrom.conversion.converter import End
from photochrom.conversion.options import ConvertOptions
from photochrom.conversion.plan import settle
from photochrom.conversion.result import FileResult
from photochrom.conversion.task import Task
from photochrom.errors import JobError, PhotochromError, shown
from photochrom.files.output_file import EXISTS
from photochrom.networks.model_store import find

_ATTEMPTS: Final = 3
"""How often a photograph may be lost with its worker; and how often a worker may die with nothing in hand."""
_ANSWER: Final = 10.0
"""How long a cluster may take to answer at all [s]."""
_LOOK_AGAIN: Final = 0.1
"""How long a wait goes on before it is asked again whether it is cancelled [s]."""


def run_on_ray(
    conversion: Conversion, options: ConvertOptions, sha256: str, cancelled: Callable[[], bool], address: str
) -> list[Equipment]:
    """Do a conversion; what the workers did it with.

    Args:
        conversion: what is to be done, and who takes note.
        options: how.
        sha256: of the network's file, which must be the same everywhere.
        cancelled: asked about ten times a second; True hands out no more photographs.
        address: of the cluster.

    Raises:
        JobError: as `cluster.convert_on_ray`.
        ModelError: as `cluster.convert_on_ray`.
        DeviceError: as `cluster.convert_on_ray`.
    """
    tasks = [entry for entry in conversion.entries if isinstance(entry, Task)]
    used = [find(options.model), *(path for task in tasks for path in (task.source, *task.outputs))]
    folder = None if all(path.is_absolute() for path in used) else Path.cwd()
    needed = [] if folder is None else [folder]
    needed += [path.absolute() for path in (*map(nearest_folder, conversion.folders), *used[1:2])]
    with _connected(address):
        run = _Run(conversion, options, sha256, find_machines(needed), folder)
        try:
            run.go(cancelled)
        except BaseException:
            run.wait_for_all()
            raise
        finally:
            run.end()
        return run.equipments


@contextmanager
def _connected(address: str) -> Iterator[None]:
    """Belong to a cluster, unless the process does already."""
    if ray.is_initialized():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        host, colon, port = address.removeprefix("ray://").rpartition(":")
        if colon:  # where nobody listens, Ray would try for minutes
            socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER).close()
        ray.init(address=address, log_to_driver=False, configure_logging=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:
        raise JobError(f"there is no Ray cluster to be had at '{address}': {first_line(error)}") from None
    finally:
        if threading.current_thread() is threading.main_thread() and handler is not None:
            signal.signal(signal.SIGTERM, handler)  # Ray takes it for itself
    try:
        yield
    finally:
        ray.shutdown()


class _Run:
    """One conversion: its workers, what they have in hand, and what waits."""

    def __init__(
        self,
        conversion: Conversion,
        options: ConvertOptions,
        sha256: str,
        machines: Sequence[Machine],
        folder: Path | None,
    ) -> None:
        """Start the workers; ``folder`` as of `Worker.load`."""
        self._conversion = conversion
        self._options = options
        # What a worker that died had written is there already when another one makes the rest.
        self._orders = replace(options, existing="skip") if options.existing == "refuse" else options
        self._sha256 = sha256
        self._folder = folder
        self._waiting = deque(range(len(conversion.entries)))
        self._lost: Counter[int] = Counter()
        self._deaths: Counter[Machine] = Counter()
        self._ends: dict[ObjectRef[End], tuple[Hand, int]] = {}
        self._hands: list[Hand] = [Hand(machine, self._orders, folder) for machine in machines]
        self.equipments: list[Equipment] = []
        """What each worker converts with."""

    def go(self, cancelled: Callable[[], bool]) -> None:
        """Convert everything, or until it is cancelled."""
        stopped = False
        while not self.equipments and not (stopped := cancelled()):
            self._require_hands()
            self._take_in()
        self._conversion.begin()
        while self._waiting or self._ends:
            if stopped := stopped or cancelled():
                self._waiting.clear()
            self._hand_out()
            self._take_in()

    def wait_for_all(self) -> None:
        """Let what is in hand be finished."""
        if self._ends:
            ray.wait(list(self._ends), num_returns=len(self._ends))

    def end(self) -> None:
        """End the workers, and remove what dead ones left."""
        for hand in self._hands:
            hand.kill()
        if self._lost or self._ends:
            self._conversion.tidy()

    def _hand_out(self) -> None:
        """Give the workers what they have room for."""
        while self._waiting:
            self._require_hands()
            number = self._waiting[0]
            entry = self._order(number)
            if isinstance(entry, FileResult) and (entry.status == "failed" or self._options.preview_side is None):
                self._waiting.popleft()
                self._conversion.note(number, entry, None)
                continue
            hand = self._free_hand(number)
            if hand is None:
                return
            self._waiting.popleft()
            hand.numbers.add(number)
            self._ends[hand.convert(entry)] = hand, number

    def _order(self, number: int) -> Task | FileResult:
        """What a worker is asked to do; of a photograph that was lost, what is still to be done."""
        entry = self._conversion.entries[number]
        if self._lost[number] and isinstance(entry, Task):
            entry = settle(entry, self._orders.existing, {})
            if isinstance(entry, FileResult) and entry.status == "skipped":
                return replace(entry, status="done")
        return entry

    def _free_hand(self, number: int) -> Hand | None:
        """The worker with the most room; one without anything else for a photograph that was lost before."""
        free = [hand for hand in self._hands if hand.has_room and not any(self._lost[each] for each in hand.numbers)]
        if self._lost[number]:
            free = [hand for hand in free if not hand.numbers]
        return min(free, key=lambda hand: hand.load, default=None)

    def _take_in(self) -> None:
        """Wait a moment for the next worker to be ready, or photograph to end, and take note."""
        loading = {hand.loading: hand for hand in self._hands if hand.equipment is None}
        if not loading and not self._ends:
            return
        ready, _ = ray.wait([*loading, *self._ends], num_returns=1, timeout=_LOOK_AGAIN)
        for reference in ready:
            if reference in loading:
                self._welcome(loading[reference])
            else:
                self._note(reference, *self._ends.pop(reference))

    def _welcome(self, hand: Hand) -> None:
        """Take in a worker that has loaded the network, or has not."""
        where = f"machine {hand.machine.address}"
        try:
            equipment = ray.get(hand.loading)
        except RayTaskError as error:
            if isinstance(error.cause, PhotochromError):
                raise type(error.cause)(f"{where}: {error.cause}") from None
            raise
        except RayError:
            self._replace(hand)
            return
        if equipment.sha256 != self._sha256:
            raise JobError(f"{where} has another network than this one: install the same one on all")
        hand.equipment = equipment
        self.equipments.append(equipment)

    def _note(self, reference: ObjectRef[End], hand: Hand, number: int) -> None:
        """Take note of what became of a photograph."""
        try:
            result, preview = ray.get(reference)
        except RayTaskError:
            raise
        except RayError as error:
            self._lose(number, hand, first_line(error))
            return
        hand.numbers.remove(number)
        self._deaths[hand.machine] = 0
        entry = self._conversion.entries[number]
        if isinstance(entry, Task) and result.status == "skipped":
            if self._lost[number]:
                result = replace(result, status="done")
            elif self._options.existing == "refuse":
                result = replace(result, status="failed", reason=f"{shown(entry.target)}: {EXISTS}")
        self._conversion.note(number, result, preview)

    def _lose(self, number: int, hand: Hand, reason: str) -> None:
        """A photograph was lost with its worker: have it made again, unless that happened too often."""
        self._lost[number] += 1
        entry = self._conversion.entries[number]
        if self._lost[number] < _ATTEMPTS:
            self._waiting.appendleft(number)
        elif isinstance(entry, FileResult):  # a preview was all that was wanted
            self._conversion.note(number, entry, None)
        else:
            failure = FileResult(
                source=entry.source,
                status="failed",
                target=entry.target,
                confidence=entry.confidence,
                reason=f"{shown(entry.source)}: lost {_ATTEMPTS} times with the worker that converted it: {reason}",
            )
            self._conversion.note(number, failure, None)
        self._replace(hand)

    def _replace(self, hand: Hand) -> None:
        """Start a worker for one that is gone, where its machine is there still."""
        if hand not in self._hands:
            return
        self._hands.remove(hand)
        hand.kill()
        if not hand.numbers:
            self._deaths[hand.machine] += 1
        if self._deaths[hand.machine] < _ATTEMPTS and hand.machine.is_alive():
            self._hands.append(Hand(hand.machine, self._orders, self._folder))

    def _require_hands(self) -> None:
        if not self._hands:
            raise JobError(
                f"all machines of the Ray cluster are lost, with {len(self._waiting)} photographs still to do; "
                "the same command with --skip-existing goes on"
            )
