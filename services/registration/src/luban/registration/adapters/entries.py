"""Entries and their history: one row or fifty thousand by the same set-based SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import dict_row

from luban.eventkit.uow import UnitOfWork
from luban.registration.domain.entry import HOLDING, SUBMITTED, EntryState, Why
from luban.registration.domain.plan import Plan

_HOLDING = [state.value for state in HOLDING]

DOUBLE = """
select e.candidate_id from entry e join plan p on p.plan_id = e.plan_id
where e.candidate_id = any(%(candidates)s) and e.state = any(%(holding)s) and p.scheme_key = %(key)s
  and p.exam_from <= %(exam_to)s and p.exam_to >= %(exam_from)s
"""
INSERT = """
with row as (
    select * from unnest(%b::uuid[], %b::uuid[], %b::text[], %b::bytea[], %b::bytea[], %b::text[], %b::text[],
                         %b::text[]) as row(id, candidate, state, decision, evidence, code, zh, en)
), added as (
    insert into entry (entry_id, plan_id, candidate_id, state, plan_version, source, submitted_at, decision,
                       sealed_evidence)
    select id, %s, candidate, state, %s, %s, %s, convert_from(decision, 'UTF8')::jsonb, evidence from row
)
insert into entry_history (entry_id, step, at, state, reason_code, zh, en, actor)
select id, 1, %s, 'SUBMITTED', %s, %s, %s, %s from row
union all select id, 2, %s, state, code, zh, en, %s from row
"""
TAKE = """
update plan_intake set taken = taken + %(places)s, accepted = accepted + %(accepted)s,
                       frozen = frozen or %(accepted)s > 0
where plan_id = %(plan)s and state = 'OPEN' and plan_version = %(version)s and taken + %(places)s <= capacity
"""
MOVE = """
with moved as (
    update entry set state = %(state)s where entry_id = any(%(ids)s) returning entry_id
)
insert into entry_history (entry_id, step, at, state, reason_code, zh, en, actor)
select entry_id, (select max(step) + 1 from entry_history h where h.entry_id = moved.entry_id),
       %(at)s, %(state)s, %(code)s, %(zh)s, %(en)s, %(actor)s
from moved
"""
SHOWN = """
select e.*, (select jsonb_agg(jsonb_build_object('at', h.at, 'state', h.state, 'code', h.reason_code, 'zh', h.zh,
                                                 'en', h.en, 'actor', h.actor) order by h.step)
             from entry_history h where h.entry_id = e.entry_id) as history
from entry e
"""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry that is about to be stored with what the rules made of it."""

    entry_id: UUID
    candidate_id: UUID
    state: EntryState
    why: Why
    decision: dict[str, Any]
    sealed_evidence: bytes


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it stands."""

    entry_id: UUID
    plan_id: UUID
    candidate_id: UUID
    state: EntryState
    plan_version: int
    source: str
    submitted_at: datetime
    decision: dict[str, Any]
    history: list[dict[str, Any]]
    """at, state, code, zh, en, actor; the oldest first."""


def doubles(uow: UnitOfWork, plan: Plan, candidate_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these locked candidates have an entry for the plan's thing with overlapping exam days."""
    found = uow.sql(DOUBLE, _overlap(plan) | {"candidates": list(candidate_ids)}).fetchall()
    return {row[0] for row in found}


def count_doubles(uow: UnitOfWork, plan: Plan) -> int:
    """How many of the plan's candidates would have a second entry, were its days those of `plan`."""
    query = f"""select count(*) from entry mine where mine.plan_id = %(plan)s and mine.state = any(%(holding)s)
        and exists ({DOUBLE.replace("= any(%(candidates)s)", "= mine.candidate_id")} and p.plan_id <> %(plan)s)"""  # noqa: S608  # constants only
    row = uow.sql(query, _overlap(plan) | {"plan": plan.plan_id}).fetchone()
    assert row is not None
    return int(row[0])


def holds_entries(uow: UnitOfWork, plan_id: UUID) -> bool:
    """Whether an entry of the plan holds a place."""
    query = "select exists (select 1 from entry where plan_id = %s and state = any(%s))"
    row = uow.sql(query, (plan_id, _HOLDING)).fetchone()
    assert row is not None
    return bool(row[0])


def add_entries(uow: UnitOfWork, plan: Plan, entries: Sequence[NewEntry], source: str, at: datetime) -> None:
    """Stores entries with their first two steps."""
    rows = (
        [entry.entry_id for entry in entries],
        [entry.candidate_id for entry in entries],
        [entry.state.value for entry in entries],
        [orjson.dumps(entry.decision) for entry in entries],
        [entry.sealed_evidence for entry in entries],
        [entry.why.code for entry in entries],
        [entry.why.zh for entry in entries],
        [entry.why.en for entry in entries],
    )
    actor = uow.cause.actor
    first = (at, SUBMITTED.code, SUBMITTED.zh, SUBMITTED.en, actor)
    uow.sql(INSERT, (*rows, plan.plan_id, plan.plan_version, source, at, *first, at, actor))


def as_stored(uow: UnitOfWork, plan: Plan, entry: NewEntry, source: str, at: datetime) -> StoredEntry:
    """The stored form of an entry that `add_entries` has just added."""
    steps = ((EntryState.SUBMITTED, SUBMITTED), (entry.state, entry.why))
    history = [
        {"at": at.isoformat(), "state": state, "code": why.code, "zh": why.zh, "en": why.en, "actor": uow.cause.actor}
        for state, why in steps
    ]
    return StoredEntry(
        entry.entry_id,
        plan.plan_id,
        entry.candidate_id,
        entry.state,
        plan.plan_version,
        source,
        at,
        entry.decision,
        history,
    )


def take_places(uow: UnitOfWork, plan: Plan, places: int, accepted: int) -> bool:
    """Takes places of a plan that is still as it was read; False when it is not, or when they are not there.

    Last before the commit, because whoever enters the same plan waits for it.
    """
    parameters = {"places": places, "accepted": accepted, "plan": plan.plan_id, "version": plan.plan_version}
    return uow.sql(TAKE, parameters).rowcount == 1


def change_places(uow: UnitOfWork, plan_id: UUID, taken: int, accepted: int) -> None:
    """Adds to the counts of a plan that this transaction has locked."""
    uow.sql(
        "update plan_intake set taken = taken + %s, accepted = accepted + %s, frozen = frozen or %s > 0"
        " where plan_id = %s",
        (taken, accepted, accepted, plan_id),
    )


def move_entries(uow: UnitOfWork, entry_ids: Sequence[UUID], state: EntryState, why: Why, at: datetime) -> None:
    """Puts locked entries into a state and says why."""
    uow.sql(
        MOVE,
        {
            "ids": list(entry_ids),
            "state": state.value,
            "at": at,
            "code": why.code,
            "zh": why.zh,
            "en": why.en,
            "actor": uow.cause.actor,
        },
    )


def find_entry(uow: UnitOfWork, entry_id: UUID, *, lock: bool = False) -> StoredEntry | None:
    """The entry with its history, None where there is none."""
    query = SHOWN + " where e.entry_id = %s" + (" for no key update of e" if lock else "")
    found = _stored(uow, query, (entry_id,))
    return found[0] if found else None


def entries_of_candidate(uow: UnitOfWork, candidate_id: UUID, after: UUID | None, count: int) -> list[StoredEntry]:
    """A candidate's own, the newest first."""
    query = SHOWN + (
        " where e.candidate_id = %(candidate)s and (%(after)s::uuid is null or e.entry_id < %(after)s)"
        " order by e.entry_id desc limit %(count)s"
    )
    return _stored(uow, query, {"candidate": candidate_id, "after": after, "count": count})


def entries_of_plan(
    uow: UnitOfWork, plan_id: UUID, state: EntryState | None, after: UUID | None, count: int
) -> list[StoredEntry]:
    """A plan's, in the order they were made."""
    query = SHOWN + (
        " where e.plan_id = %(plan)s and (%(state)s::text is null or e.state = %(state)s)"
        " and (%(after)s::uuid is null or e.entry_id > %(after)s) order by e.entry_id limit %(count)s"
    )
    return _stored(uow, query, {"plan": plan_id, "state": state, "after": after, "count": count})


def lock_entries_in(uow: UnitOfWork, plan_id: UUID, states: Sequence[EntryState]) -> list[UUID]:
    """A plan's entries in these states, locked."""
    rows = uow.sql(
        "select entry_id from entry where plan_id = %s and state = any(%s) order by entry_id for no key update",
        (plan_id, [state.value for state in states]),
    ).fetchall()
    return [row[0] for row in rows]


def record_upload(
    uow: UnitOfWork, plan_id: UUID, at: datetime, sha256: bytes, rows: int, counts: Mapping[str, int]
) -> None:
    """Keeps who imported which roster, and what became of it."""
    uow.sql(
        "insert into roster_upload (upload_id, plan_id, at, actor, sha256, rows, accepted, rejected, needs_decision)"
        " values (%s, %s, %s, %s, %b, %s, %s, %s, %s)",
        (
            uow.new_id(),
            plan_id,
            at,
            uow.cause.actor,
            sha256,
            rows,
            counts.get(EntryState.ACCEPTED.value, 0),
            counts.get(EntryState.REJECTED.value, 0),
            counts.get(EntryState.NEEDS_DECISION.value, 0),
        ),
    )


def _overlap(plan: Plan) -> dict[str, Any]:
    dates = plan.dates
    return {
        "holding": _HOLDING,
        "key": plan.scheme.key,
        "exam_from": dates.exam_begins,
        "exam_to": dates.exam_ends,
    }


def _stored(uow: UnitOfWork, query: str, parameters: Any) -> list[StoredEntry]:
    cursor = uow.connection.cursor(row_factory=dict_row)
    return [_entry_of(row) for row in cursor.execute(query, parameters).fetchall()]


def _entry_of(row: dict[str, Any]) -> StoredEntry:
    return StoredEntry(
        row["entry_id"],
        row["plan_id"],
        row["candidate_id"],
        EntryState(row["state"]),
        row["plan_version"],
        row["source"],
        row["submitted_at"],
        row["decision"],
        row["history"],
    )
