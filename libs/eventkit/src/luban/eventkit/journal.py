"""Appending events to the journal, and their pointers to the outbox, in one statement."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from luban.contracts.catalogue import SPEC_OF_PAYLOAD
from luban.eventkit.envelope import Entry, Pending, encode, partition_of
from luban.eventkit.ids import new_id
from luban.eventkit.sealing import KeyRing
from luban.reference.shanghai import shanghai_day

CHUNK = 5000

LAST_VERSIONS = """
select clock.at, asked.id, last.aggregate_version, last.event_id
from (select eventkit.now() as at) as clock cross join unnest(%s::uuid[]) as asked(id)
left join lateral (
    select aggregate_version, event_id from eventkit.journal
    where aggregate_id = asked.id order by aggregate_version desc limit 1
) as last on true
"""

APPEND = """
with appended as (
    insert into eventkit.journal (event_id, topic, partition, key, aggregate_type, aggregate_id, aggregate_version,
                                  event_type, occurred_at, traceparent, value)
    select event_id, topic, partition, key, aggregate_type, aggregate_id, aggregate_version, event_type, %s,
           traceparent, value
    from unnest(%s::uuid[], %s::text[], %s::smallint[], %s::uuid[], %s::text[], %s::uuid[], %s::integer[], %s::text[],
                %s::text[], %b::bytea[])
         with ordinality as row(event_id, topic, partition, key, aggregate_type, aggregate_id, aggregate_version,
                                event_type, traceparent, value, place)
    order by place
    returning seq, partition
)
insert into eventkit.outbox (seq, partition) select seq, partition from appended
"""


def append(
    connection: psycopg.Connection[Any],
    pending: Sequence[Pending],
    ring: KeyRing,
    partitions: Mapping[str, int],
) -> None:
    """Gives each event its time, id, version and predecessor, and writes them in the order they were emitted."""
    at, last = _last_versions(connection, {event.aggregate_id for event in pending})
    entries = list(_entries(pending, last, at, ring, partitions))
    for start in range(0, len(entries), CHUNK):
        _insert(connection, entries[start : start + CHUNK], at)


def _last_versions(
    connection: psycopg.Connection[Any], ids: Iterable[UUID]
) -> tuple[datetime, dict[UUID, tuple[int, UUID]]]:
    """The database's clock, and the last event of every aggregate that has one; one question for both."""
    rows = connection.execute(LAST_VERSIONS, (list(ids),)).fetchall()
    return rows[0][0], {aggregate: (version, event) for _, aggregate, version, event in rows if version is not None}


def _entries(
    pending: Sequence[Pending],
    last: dict[UUID, tuple[int, UUID]],
    at: datetime,
    ring: KeyRing,
    partitions: Mapping[str, int],
) -> Iterable[Entry]:
    local_year = shanghai_day(at).year
    for event in pending:
        spec = SPEC_OF_PAYLOAD[type(event.payload)]
        version, previous = last.get(event.aggregate_id, (0, None))
        event_id = new_id()
        value = encode(event_id, event, version + 1, previous, at, ring, local_year)
        last[event.aggregate_id] = (version + 1, event_id)
        topic = spec.topic.name
        partition = partition_of(event.key, partitions[topic])
        place, aggregate = (topic, partition, event.key), (spec.aggregate, event.aggregate_id, version + 1)
        yield Entry(event_id, *place, *aggregate, spec.name, event.traceparent, value)


def _insert(connection: psycopg.Connection[Any], rows: Sequence[Entry], at: datetime) -> None:
    connection.execute(
        APPEND,
        (
            at,
            [row.event_id for row in rows],
            [row.topic for row in rows],
            [row.partition for row in rows],
            [row.key for row in rows],
            [row.aggregate_type for row in rows],
            [row.aggregate_id for row in rows],
            [row.aggregate_version for row in rows],
            [row.event_type for row in rows],
            [row.traceparent for row in rows],
            [row.value for row in rows],
        ),
    )
