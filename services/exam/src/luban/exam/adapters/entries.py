"""The replica of accepted entries, with the keyed hashes that find a person without showing one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from luban.eventkit.sealing import KeyRing
from luban.eventkit.uow import UnitOfWork
from luban.events.v1.common_pb2 import PersonalData
from luban.exam.adapters.people import id_tail
from luban.reference.names import name_key
from luban.reference.shanghai import shanghai_day
from luban.reference.spelling import plain

# The plan's row is locked by then (`keep_plans`), so that two transactions never give one place twice.
INSERT = """
with accepted as (
    select row.*, (row_number() over (partition by row.plan_id order by row.place))::integer as step
    from unnest(%s::uuid[], %s::uuid[], %s::uuid[], %b::bytea[], %b::bytea[], %b::bytea[], %b::bytea[], %s::text[])
         with ordinality as row(entry_id, candidate_id, plan_id, name_key, id_hash, match_key, sealed, traceparent,
                                place)
), counted as (
    update plan set last_seq = last_seq + added.entries
    from (select plan_id, count(*)::integer as entries from accepted group by plan_id) as added
    where plan.plan_id = added.plan_id
    returning plan.plan_id, last_seq - added.entries as before
)
insert into entry (entry_id, candidate_id, plan_id, name_key, id_hash, match_key, sealed, traceparent, seq)
select entry_id, candidate_id, plan_id, name_key, id_hash, match_key, sealed, traceparent, before + step
from accepted join counted using (plan_id)
"""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted entry on its way into the replica."""

    entry_id: UUID
    candidate_id: UUID
    plan_id: UUID
    person: PersonalData
    traceparent: str | None = None
    """The trace it began in."""


def add_entries(uow: UnitOfWork, entries: Sequence[Accepted], now: datetime) -> None:
    """Adds entries to their plans' lists in the given order; their plans are kept and locked before."""
    ring, year = uow.keyring, shanghai_day(now).year
    hashes = [_hashes(ring, entry.person) for entry in entries]
    uow.sql(
        INSERT,
        (
            [entry.entry_id for entry in entries],
            [entry.candidate_id for entry in entries],
            [entry.plan_id for entry in entries],
            [names for names, _, _ in hashes],
            [numbers for _, numbers, _ in hashes],
            [matches for _, _, matches in hashes],
            [ring.seal_column(entry.person, "candidate", year, entry.entry_id) for entry in entries],
            [entry.traceparent for entry in entries],
        ),
    )


def withdraw_entries(uow: UnitOfWork, entry_ids: Sequence[UUID]) -> None:
    """Marks entries withdrawn; they keep their place in the list."""
    uow.sql("update entry set state = 'WITHDRAWN' where entry_id = any(%s)", (list(entry_ids),))


def _hashes(ring: KeyRing, person: PersonalData) -> tuple[bytes, bytes, bytes]:
    name, number = name_key(person.name), plain(person.id_no)
    return (
        ring.lookup_hash("name", name),
        ring.lookup_hash("id_no", number),
        ring.lookup_hash("match", name, id_tail(number)),
    )
