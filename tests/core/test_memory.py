"""A budget of memory: never exceeded, served in order, never waited for in vain."""

import random
import threading
from collections.abc import Callable

import pytest

from photochrom.conversion.memory import CancelledError, MemoryBudget, Reservation, budget_of
from photochrom.conversion.system_memory import free_memory, own_memory
from photochrom.errors import ImageError, JobError

PATIENCE = 20.0
"""How long a thread that should end is waited for [s]."""


def reserve(budget: MemoryBudget, *sizes: int, cancelled: Callable[[], bool] = lambda: False) -> Reservation:
    with budget.admit(cancelled) as reservation:
        for size in sizes:
            reservation.take(size)
    return reservation


def started(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def wait_until(ready: Callable[[], bool]) -> None:
    """Return when something is so that another thread brings about."""
    tick = threading.Event()
    for _ in range(int(PATIENCE / 0.005)):
        if ready():
            return
        tick.wait(0.005)
    raise AssertionError("it never came to that")


def test_what_is_taken_is_counted_and_given_back_once():
    budget = MemoryBudget(100, strict=True)
    reservation = reserve(budget, 30, 20)
    assert (reservation.size, budget.taken) == (50, 50)
    reservation.release()
    reservation.release()
    assert budget.taken == 0


def test_many_threads_never_take_more_than_the_limit_together_and_all_get_their_share():
    budget = MemoryBudget(100, strict=True)
    most, done = [], []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(50):
            reservation = reserve(budget, rng.randint(1, 40), rng.randint(0, 60))
            most.append(budget.taken)
            reservation.release()
        done.append(seed)

    threads = [started(lambda seed=seed: work(seed)) for seed in range(8)]  # type: ignore[misc]
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(done) == list(range(8))
    assert 80 < max(most) <= 100
    assert budget.taken == 0


def test_two_that_need_a_second_piece_do_not_wait_for_each_other():
    budget = MemoryBudget(100, strict=True)
    done = []
    with budget.admit() as first:
        first.take(40)
        other = started(lambda: done.append(reserve(budget, 40, 50)))
        wait_until(lambda: len(budget._queue) == 2)
        first.take(50)
    assert budget.taken == 90
    first.release()
    other.join(PATIENCE)
    assert [reservation.size for reservation in done] == [90]


def test_a_small_one_does_not_overtake_a_large_one_that_came_first():
    budget = MemoryBudget(100, strict=True)
    held = reserve(budget, 60)
    order: list[str] = []

    def take(name: str, size: int) -> None:
        reservation = reserve(budget, size)
        order.append(name)
        reservation.release()

    threads = []
    for place, (name, size) in enumerate((("large", 90), ("small", 10)), start=1):
        threads.append(started(lambda name=name, size=size: take(name, size)))  # type: ignore[misc]
        wait_until(lambda place=place: len(budget._queue) == place)  # type: ignore[misc]
    assert order == []
    held.release()
    for thread in threads:
        thread.join(PATIENCE)
    assert order == ["large", "small"]


def test_more_than_a_strict_limit_is_refused_with_both_numbers_and_the_option():
    budget = MemoryBudget(100_000_000, strict=True)
    with pytest.raises(ImageError, match=r"takes 250 MB of memory, and the limit leaves 100 MB .*--memory"):
        reserve(budget, 50_000_000, 200_000_000)
    assert budget.taken == 0
    reserve(budget, 100_000_000).release()


def test_more_than_a_limit_that_is_not_strict_waits_until_it_is_alone():
    budget = MemoryBudget(100, strict=False)
    held, done = reserve(budget, 10), []
    thread = started(lambda: done.append(reserve(budget, 250)))
    thread.join(0.2)
    assert done == []
    held.release()
    thread.join(PATIENCE)
    assert [reservation.size for reservation in done] == [250]


@pytest.mark.parametrize("place", ["in the queue", "for memory"])
def test_a_wait_can_be_cancelled_and_holds_nothing_afterwards(place: str):
    budget = MemoryBudget(100, strict=True)
    held = reserve(budget, 60)
    end = threading.Event()
    cancelled: list[str] = []

    def wait() -> None:
        with pytest.raises(CancelledError):
            reserve(budget, 10, 80, cancelled=end.is_set)
        cancelled.append(place)

    if place == "in the queue":
        with budget.admit():
            thread = started(wait)
            wait_until(lambda: len(budget._queue) == 2)
            end.set()
            thread.join(PATIENCE)
    else:
        thread = started(wait)
        wait_until(lambda: budget.taken == 70)
        end.set()
        thread.join(PATIENCE)
    assert cancelled == [place]
    assert budget.taken == 60
    held.release()
    reserve(budget, 100).release()


def test_an_error_in_between_gives_back_what_was_taken():
    budget = MemoryBudget(100, strict=True)

    def fail() -> None:
        with budget.admit() as reservation:
            reservation.take(70)
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        fail()
    assert budget.taken == 0


def test_without_a_limit_photographs_share_half_of_what_is_free():
    budget = budget_of(None)
    assert budget.limit == pytest.approx(free_memory() / 2, rel=0.1)
    assert not budget.strict


def test_a_limit_holds_for_the_whole_process():
    own = own_memory()
    budget = budget_of(own + 500_000_000)
    assert budget.limit == pytest.approx(500_000_000, abs=50_000_000)
    assert budget.strict
    with pytest.raises(JobError, match=r"limit is 1 MB, and the program with its network takes .* MB .*--memory"):
        budget_of(1_000_000)
