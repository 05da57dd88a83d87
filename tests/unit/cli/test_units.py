"""A process that ends is started again, ever more slowly, and never slower than the bound."""

from dataclasses import dataclass

import pytest

from luban.cli.processes import Child, ProcessError
from luban.cli.units import FIRST_DELAY, LONGEST_DELAY, STEADY_AFTER, Unit


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


class EndedChild(Child):
    """A process that is gone as soon as it is looked at."""

    def __init__(self) -> None:
        self.started_at = 0.0

    @property
    def pid(self) -> int:
        return 4711

    def returncode(self) -> int | None:
        return 3


def delay_of(unit: Unit) -> float:
    delay = unit.due_in()
    assert delay is not None
    return delay


def test_delays_double_up_to_the_bound() -> None:
    clock = Clock()
    unit = Unit("exam.api", EndedChild, clock)
    unit.start()
    delays = []
    for _ in range(10):
        assert unit.tend() is True  # it has ended
        delays.append(round(delay_of(unit), 6))
        clock.now += delay_of(unit)
        assert unit.tend() is True  # it is started again
    assert delays[:3] == [FIRST_DELAY, 2 * FIRST_DELAY, 4 * FIRST_DELAY]
    assert delays[-1] == LONGEST_DELAY
    assert unit.restarts == 10


def test_nothing_is_started_before_its_time() -> None:
    clock = Clock()
    unit = Unit("exam.api", EndedChild, clock)
    unit.start()
    unit.tend()
    clock.now += FIRST_DELAY / 2
    assert unit.tend() is False
    assert unit.describe()["state"] == "waiting to restart"
    assert unit.describe()["last_error"] == "ended with 3"


def test_a_long_run_starts_the_delays_anew() -> None:
    clock = Clock()
    unit = Unit("exam.api", EndedChild, clock)
    unit.start()
    for _ in range(5):
        unit.tend()
        clock.now += LONGEST_DELAY
        unit.tend()
    clock.now += STEADY_AFTER
    unit.tend()
    assert delay_of(unit) == pytest.approx(FIRST_DELAY)


def test_a_start_that_fails_is_tried_again() -> None:
    clock = Clock()
    starts = iter([EndedChild, None])

    def start() -> Child:
        made = next(starts)
        if made is None:
            raise ProcessError("the broker did not start")
        return made()

    unit = Unit("broker", start, clock)
    unit.start()
    unit.tend()
    clock.now += LONGEST_DELAY
    assert unit.tend() is True
    assert unit.describe()["last_error"] == "the broker did not start"
    assert delay_of(unit) == pytest.approx(2 * FIRST_DELAY)
