"""What was read was applied once, or waits, and shows in the consumer's own tables; nothing else was applied."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from luban.cli.fsck.check import Check, check
from luban.cli.fsck.journals import Journal
from luban.cli.fsck.topics import Journals, Log

EFFECTS = {
    "registration": "select certificate_id, concat_ws(' ', case when withdrawn_on is not null then 'WITHDRAWN' end,"
    " case when suspended_on is not null then 'SUSPENDED' end) from prior_certificate",
    "exam": "select entry_id, case when state = 'WITHDRAWN' then 'WITHDRAWN' else '' end from entry",
    "certificate": "select certificate_id, result_id, confirmation_no, state, certificate_no from certificate"
    " where origin = 'ISSUED'",
}
"""The rows in which a service's applied events show."""


@dataclass(frozen=True)
class Side:
    """One consumer at one instant."""

    service: str
    positions: Mapping[tuple[str, int], tuple[str, int]]
    """Incarnation and position, by topic and partition."""
    inbox: Mapping[UUID, tuple[int, UUID]]
    """Version and event id, by aggregate."""
    parked: Mapping[UUID, str]
    """Reason by event id."""
    effects: list[Any]

    def applied(self, journal: Journal, event: UUID) -> bool:
        """Whether the inbox has passed an event."""
        aggregate, version = journal.place[event]
        return self.inbox.get(aggregate, (0, None))[0] >= version


def read_side(service: str, url: str) -> Side:
    """Everything of a consumer in one snapshot."""
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        offsets = _all(connection, "select topic, partition, incarnation, position from eventkit.consumer_offset")
        inbox = _all(connection, "select aggregate_id, version, event_id from eventkit.inbox")
        parked = _all(connection, "select event_id, reason from eventkit.parked")
        return Side(
            service,
            {(topic, partition): (life, position) for topic, partition, life, position in offsets},
            {aggregate: (version, event) for aggregate, version, event in inbox},
            dict(parked),
            _all(connection, EFFECTS[service]),
        )


def _all(connection: psycopg.Connection, query: str) -> list[Any]:
    return connection.execute(query.encode(), binary=True).fetchall()


def check_side(side: Side, journals: Journals, logs: Mapping[str, Log]) -> list[Check]:
    """What the kernel promises of any consumer."""
    name = side.service
    waiting = (f"{event} ({reason})" for event, reason in side.parked.items())
    return [
        check(
            f"{name}: what was read was applied or waits",
            sum(len(logs[topic].digests) for topic in journals),
            _unapplied(side, journals, logs),
        ),
        check(f"{name}: the inbox agrees with the journals", len(side.inbox), _foreign(side, journals.values())),
        check(f"{name}: no event waits or is dead", len(side.parked), waiting),
    ]


def _unapplied(side: Side, journals: Journals, logs: Mapping[str, Log]) -> Iterator[UUID]:
    for topic, journal in journals.items():
        for event, (partition, offset) in logs[topic].first_at.items():
            life, position = side.positions.get((topic, partition), ("", 0))
            passed = life == logs[topic].incarnation and offset < position
            if passed and event in journal.place and event not in side.parked and not side.applied(journal, event):
                yield event


def _foreign(side: Side, journals: Iterable[Journal]) -> Iterator[UUID]:
    known = list(journals)
    for aggregate, (version, event) in side.inbox.items():
        if all(journal.history.get((aggregate, version)) != event for journal in known):
            yield aggregate


def check_effects(side: Side, journal: Journal, made_by: str, states: Mapping[str, str]) -> list[Check]:
    """Rows keyed by the aggregate: one for each applied event that makes it, in the state that the last applied of
    `states` leads to; empty where there was none."""
    rows = dict(side.effects)
    made, changed = _touched(side, journal, made_by), _states(side, journal, states)
    wrong = (row for row, state in rows.items() if state != changed.get(row, ""))
    return [
        check(f"{side.service}: every applied {made_by} shows, and nothing else", len(made), made ^ rows.keys()),
        check(f"{side.service}: every applied {' and '.join(states)} shows", len(changed), wrong),
    ]


def _touched(side: Side, journal: Journal, event_type: str) -> set[UUID]:
    aggregates = {journal.place[event][0] for event in journal.of_type(event_type) if side.applied(journal, event)}
    return aggregates - journal.without_level


def _states(side: Side, journal: Journal, states: Mapping[str, str]) -> dict[UUID, str]:
    """The state that each aggregate's last applied event of these leads to."""
    last: dict[UUID, tuple[int, str]] = {}
    for event_type, state in states.items():
        for event in journal.of_type(event_type):
            aggregate, version = journal.place[event]
            if side.applied(journal, event) and aggregate not in journal.without_level:
                last[aggregate] = max((version, state), last.get(aggregate, (0, "")))
    return {aggregate: state for aggregate, (_, state) in last.items()}


def check_certificates(side: Side, exam: Journal) -> list[Check]:
    """One certificate for every applied confirmation: never none, never two (design.md §5, "issued")."""
    issued = [(str(result), number) for _, result, number, *_ in side.effects]
    applied = {key for key, event in exam.confirmations.items() if side.applied(exam, event)}
    twice = [key for key in set(issued) if issued.count(key) > 1] if len(issued) != len(set(issued)) else []
    return [
        check("certificate: every confirmed pass has its certificate", len(applied), _without(applied, set(issued))),
        check("certificate: no pass has two", len(issued), twice),
        check("certificate: none without a confirmed pass", len(issued), _without(set(issued), applied)),
    ]


def _without(these: set[tuple[str, int]], those: set[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(these - those)
