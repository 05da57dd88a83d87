"""A position beyond the end of its log is refused once that lasts."""

import pytest

from luban.eventkit.log_ends import PATIENCE_SECONDS, LogCutError, LogEnds

PLACE = ("luban.exam.v1", 3)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_position_beyond_the_end_for_long_is_refused_with_what_to_do() -> None:
    clock = Clock()
    ends = LogEnds(clock)
    ends.compare({PLACE: 500}, {PLACE: 300})
    clock.now += PATIENCE_SECONDS
    with pytest.raises(LogCutError, match=r"luban\.exam\.v1/3 ends at 300, and was read to 500.*luban topics --renew"):
        ends.compare({PLACE: 500}, {PLACE: 300})


def test_a_new_leader_may_catch_up() -> None:
    clock = Clock()
    ends = LogEnds(clock)
    ends.compare({PLACE: 500}, {PLACE: 300})
    clock.now += PATIENCE_SECONDS - 1
    ends.compare({PLACE: 500}, {PLACE: 500})
    clock.now += PATIENCE_SECONDS
    ends.compare({PLACE: 500}, {PLACE: 499})


def test_what_the_broker_has_not_said_counts_for_nothing() -> None:
    clock = Clock()
    ends = LogEnds(clock)
    for _ in range(3):
        ends.compare({PLACE: 500}, {PLACE: None, ("luban.exam.v1", 4): 0})
        clock.now += PATIENCE_SECONDS
