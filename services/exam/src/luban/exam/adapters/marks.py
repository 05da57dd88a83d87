"""Panels, marks and their changes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.rows import rows
from luban.exam.domain.marking import Mark

WRITE = """
insert into mark (entry_id, subject_code, rater_id, score_tenths, marked_at)
select entry_id, %s, %s, tenths, eventkit.now() from unnest(%s::uuid[], %s::integer[]) as given(entry_id, tenths)
on conflict (entry_id, subject_code, rater_id) do update
set score_tenths = excluded.score_tenths, marked_at = excluded.marked_at
"""
CHANGED = """
insert into mark_change (change_id, entry_id, subject_code, rater_id, old_tenths, new_tenths, reason, changed_at)
select change_id, entry_id, %s, %s, old_tenths, new_tenths, %s, eventkit.now()
from unnest(%s::uuid[], %s::uuid[], %s::integer[], %s::integer[])
     as changed(change_id, entry_id, old_tenths, new_tenths)
"""
OF_RATER = """
select entry.entry_id, mark.score_tenths, mark.score_tenths is null as absent from mark join entry using (entry_id)
where plan_id = %s and subject_code = %s and rater_id = %s and (%s::uuid is null or entry.entry_id > %s)
order by entry.entry_id limit %s
"""
PROGRESS = """
select entry.entry_id, count(mark.rater_id)::integer as marked,
       count(mark.rater_id) filter (where mark.score_tenths is null)::integer as absent
from entry left join mark on mark.entry_id = entry.entry_id and mark.subject_code = %s
where plan_id = %s and state = 'ACCEPTED' and (%s::uuid is null or entry.entry_id > %s)
group by entry.entry_id order by entry.entry_id limit %s
"""


@dataclass(frozen=True)
class OwnMark:
    """What a rater said of an entry."""

    entry_id: UUID
    score_tenths: int | None
    absent: bool


@dataclass(frozen=True)
class Count:
    """How many raters answered for an entry, and how many of them said absent; no mark itself."""

    entry_id: UUID
    marked: int
    absent: int


def raters_of(uow: UnitOfWork, plan_id: UUID, subject_code: str) -> frozenset[UUID]:
    """The panel of a subject; empty before it is named."""
    query = "select rater_id from panel_rater where plan_id = %s and subject_code = %s"
    return frozenset(rater_id for (rater_id,) in uow.sql(query, (plan_id, subject_code)))


def is_marked(uow: UnitOfWork, plan_id: UUID, subject_code: str) -> bool:
    """Whether a mark was given in a subject of a plan."""
    query = "select 1 from mark join entry using (entry_id) where plan_id = %s and subject_code = %s limit 1"
    return uow.sql(query, (plan_id, subject_code)).fetchone() is not None


def name_panel(uow: UnitOfWork, plan_id: UUID, subject_code: str, rater_ids: Sequence[UUID]) -> None:
    """Makes these the panel, in place of an earlier one. The plan is locked before."""
    uow.sql("delete from panel_rater where plan_id = %s and subject_code = %s", (plan_id, subject_code))
    uow.sql(
        "insert into panel_rater (plan_id, subject_code, rater_id, named_by, named_at)"
        " select %s, %s, rater_id, %s, eventkit.now() from unnest(%s::uuid[]) as named(rater_id)",
        (plan_id, subject_code, uow.cause.actor, list(rater_ids)),
    )


def lock_entries(uow: UnitOfWork, plan_id: UUID, entry_ids: Sequence[UUID]) -> set[UUID]:
    """Locks those of these entries that are the plan's and accepted."""
    query = (
        "select entry_id from entry where plan_id = %s and entry_id = any(%s) and state = 'ACCEPTED'"
        " order by entry_id for update"
    )
    return {entry_id for (entry_id,) in uow.sql(query, (plan_id, list(entry_ids)))}


def marks_of(uow: UnitOfWork, subject_code: str, entry_ids: Sequence[UUID]) -> Mapping[UUID, dict[UUID, Mark]]:
    """Marks by entry and rater."""
    query = "select entry_id, rater_id, score_tenths from mark where subject_code = %s and entry_id = any(%s)"
    marks: defaultdict[UUID, dict[UUID, Mark]] = defaultdict(dict)
    for entry_id, rater_id, tenths in uow.sql(query, (subject_code, list(entry_ids))):
        marks[entry_id][rater_id] = Mark(tenths)
    return marks


def write_marks(uow: UnitOfWork, subject_code: str, rater_id: UUID, marks: Mapping[UUID, Mark]) -> None:
    """Keeps a rater's marks, over the rater's earlier ones."""
    uow.sql(WRITE, (subject_code, rater_id, list(marks), [mark.tenths for mark in marks.values()]))


def keep_changes(
    uow: UnitOfWork, subject_code: str, rater_id: UUID, changes: Mapping[UUID, tuple[Mark, Mark]], reason: str | None
) -> None:
    """Keeps what a rater's earlier marks were: (old, new) by entry."""
    uow.sql(
        CHANGED,
        (
            subject_code,
            rater_id,
            reason,
            [uow.new_id() for _ in changes],
            list(changes),
            [old.tenths for old, _ in changes.values()],
            [new.tenths for _, new in changes.values()],
        ),
    )


def own_marks(
    uow: UnitOfWork, plan_id: UUID, subject_code: str, rater_id: UUID, after: UUID | None, limit: int
) -> list[OwnMark]:
    """A rater's own marks in the order of their entries, beyond `after`."""
    return rows(uow, OwnMark, OF_RATER, (plan_id, subject_code, rater_id, after, after, limit))


def counts(uow: UnitOfWork, plan_id: UUID, subject_code: str, after: UUID | None, limit: int) -> list[Count]:
    """How far the marking of each accepted entry is, in the order of the entries, beyond `after`."""
    return rows(uow, Count, PROGRESS, (subject_code, plan_id, after, after, limit))
