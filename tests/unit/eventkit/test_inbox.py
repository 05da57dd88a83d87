"""The inbox decides by version: repeat, next, or wait."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from luban.eventkit.ids import new_id
from luban.eventkit.inbox import Arrival, Origin, Position, Sorted, Wait, sort_out

AGGREGATE = UUID("01890000-0000-7000-8000-00000000000a")
HISTORY = [new_id() for _ in range(30)]


def arrival(version: int, *, event_id: UUID | None = None, known: bool = True, must: bool = False) -> Arrival:
    return Arrival(
        event_id=event_id or HISTORY[version - 1],
        aggregate_id=AGGREGATE,
        version=version,
        previous_id=HISTORY[version - 2] if version > 1 else None,
        event_type="ResultConfirmed",
        known=known,
        must_understand=must,
        received=None,
        origin=Origin("t", 0, "i", version),
        key=None,
        headers=[],
        value=b"",
    )


def sort(*arrivals: Arrival, at: int = 0) -> Sorted:
    positions = {AGGREGATE: Position(at, HISTORY[at - 1])} if at else {}
    return sort_out(arrivals, positions)


def versions(outcome: Sorted) -> list[int]:
    return [event.version for event in outcome.chains.get(AGGREGATE, [])]


def waits(outcome: Sorted) -> list[tuple[int, Wait]]:
    return [(event.version, why) for event, why in outcome.waiting]


def test_the_next_events_of_an_aggregate_form_a_chain() -> None:
    assert versions(sort(arrival(3), arrival(4), at=2)) == [3, 4]


def test_an_event_applied_before_is_a_repeat() -> None:
    outcome = sort(arrival(1), arrival(2), at=2)
    assert versions(outcome) == []
    assert len(outcome.repeats) == 2


def test_an_event_that_comes_twice_in_a_batch_is_applied_once() -> None:
    outcome = sort(arrival(1), arrival(1))
    assert versions(outcome) == [1]
    assert len(outcome.repeats) == 1


def test_an_event_after_a_gap_waits() -> None:
    assert waits(sort(arrival(3), at=1)) == [(3, Wait.GAP)]


def test_one_version_with_another_id_is_another_history() -> None:
    assert waits(sort(arrival(2, event_id=new_id()), at=2)) == [(2, Wait.OTHER_HISTORY)]


def test_a_predecessor_that_does_not_match_is_another_history_and_stops_the_aggregate() -> None:
    positions = {AGGREGATE: Position(2, new_id())}
    outcome = sort_out([arrival(3), arrival(4)], positions)
    assert waits(outcome) == [(3, Wait.OTHER_HISTORY), (4, Wait.GAP)]


def test_an_unknown_type_that_must_be_understood_stops_its_aggregate() -> None:
    outcome = sort(arrival(1, known=False, must=True), arrival(2))
    assert versions(outcome) == []
    assert waits(outcome) == [(1, Wait.NEWER_TYPE), (2, Wait.GAP)]


def test_an_unknown_type_that_need_not_be_understood_is_passed_over() -> None:
    assert versions(sort(arrival(1, known=False), arrival(2))) == [1, 2]


@given(st.lists(st.integers(min_value=1, max_value=30), max_size=60), st.integers(min_value=0, max_value=29))
def test_whatever_arrives_only_an_unbroken_run_from_the_position_is_applied(arrived: list[int], at: int) -> None:
    outcome = sort(*(arrival(version) for version in arrived), at=at)
    chain = versions(outcome)
    assert chain == list(range(at + 1, at + 1 + len(chain)))
    assert at + len(chain) + 1 not in arrived
    assert len(chain) + len(outcome.repeats) + len(outcome.waiting) == len(arrived)
