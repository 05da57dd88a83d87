"""The replica of registration's plans: one row per plan, the newest facts only."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg.rows import kwargs_row

from luban.eventkit.uow import UnitOfWork
from luban.events.v1.common_pb2 import PlanFacts
from luban.events.v1.common_pb2 import Track as TrackOnWire
from luban.reference.refusal import Invalid, NotFound
from luban.reference.track import Track

UPSERT = """
insert into plan as kept (plan_id, plan_version, plan_no, track, body_id, body_code, body_name, facts, subjects,
                          exam_from, exam_to, site_code, division)
select * from unnest(%s::uuid[], %s::integer[], %s::text[], %s::text[], %s::uuid[], %s::text[], %s::text[],
                     %b::bytea[], %s::jsonb[], %s::date[], %s::date[], %s::text[], %s::text[])
on conflict (plan_id) do update
set plan_version = excluded.plan_version, plan_no = excluded.plan_no, body_code = excluded.body_code,
    body_name = excluded.body_name, facts = excluded.facts, subjects = excluded.subjects,
    exam_from = excluded.exam_from, exam_to = excluded.exam_to, site_code = excluded.site_code,
    division = excluded.division
where kept.plan_version < excluded.plan_version
"""


@dataclass(frozen=True)
class SubjectOfPlan:
    """One subject; `pass_tenths` is the mark that passes, in tenths of a point."""

    code: str
    name: str
    pass_tenths: int


@dataclass(frozen=True)
class Plan:
    """A plan as this service knows it."""

    plan_id: UUID
    plan_version: int
    plan_no: str
    track: Track
    body_id: UUID
    body_code: str
    body_name: str
    facts: bytes
    subjects: tuple[SubjectOfPlan, ...]
    exam_from: date
    exam_to: date
    site_code: str
    division: str
    state: str
    entries_at_closing: int | None

    @property
    def subject_codes(self) -> tuple[str, ...]:
        """Codes in the order the subjects are sat."""
        return tuple(subject.code for subject in self.subjects)


COLUMNS = (
    "plan_id, plan_version, plan_no, track, body_id, body_code, body_name, facts, subjects, exam_from, exam_to,"
    " site_code, division, state, entries_at_closing"
)


def find_plan(uow: UnitOfWork, plan_id: UUID, *, lock: str = "") -> Plan:
    """The plan; `lock` is "", "for share" or "for no key update". Raises NotFound plan-unknown."""
    cursor = uow.connection.cursor(row_factory=kwargs_row(_plan))
    found = cursor.execute(f"select {COLUMNS} from plan where plan_id = %s {lock}", (plan_id,)).fetchone()  # noqa: S608  # constants only
    if found is None:
        raise NotFound("plan-unknown", zh="没有这个认定计划", en="there is no such plan")
    return found


def keep_plans(uow: UnitOfWork, facts: Iterable[PlanFacts]) -> None:
    """Keeps the newest version of each plan and locks their rows, in the order of their ids."""
    newest: dict[str, PlanFacts] = {}
    for each in facts:
        kept = newest.get(each.plan_id)
        if kept is None or kept.plan_version < each.plan_version:
            newest[each.plan_id] = each
    rows = [_row(newest[plan_id]) for plan_id in sorted(newest)]
    if rows:
        uow.sql(UPSERT, [list(column) for column in zip(*rows, strict=True)])


def close_plans(uow: UnitOfWork, counts: Mapping[UUID, int]) -> None:
    """Marks plans closed with the number of entries that registration counted; a cancelled plan stays so."""
    uow.sql(
        "update plan set state = case state when 'CANCELLED' then state else 'CLOSED' end,"
        " entries_at_closing = closed.entries from unnest(%s::uuid[], %s::integer[]) as closed(plan_id, entries)"
        " where plan.plan_id = closed.plan_id",
        (list(counts), list(counts.values())),
    )


def cancel_plans(uow: UnitOfWork, plan_ids: Sequence[UUID]) -> None:
    """Marks plans called off."""
    uow.sql("update plan set state = 'CANCELLED' where plan_id = any(%s)", (list(plan_ids),))


def _row(facts: PlanFacts) -> tuple[Any, ...]:
    if facts.track == TrackOnWire.TRACK_UNSPECIFIED or not facts.subjects:
        raise Invalid("plan-facts-incomplete", zh="计划缺少类别或科目", en="the plan lacks its track or its subjects")
    subjects = [{"code": s.code, "name": s.name, "pass_tenths": s.pass_tenths} for s in facts.subjects]
    return (
        UUID(facts.plan_id),
        facts.plan_version,
        facts.plan_no,
        TrackOnWire.Name(facts.track).removeprefix("TRACK_"),
        UUID(facts.body.body_id),
        facts.body.code,
        facts.body.name,
        facts.SerializeToString(),
        json.dumps(subjects, ensure_ascii=False),
        date.fromisoformat(facts.exam_from),
        date.fromisoformat(facts.exam_to),
        facts.site_code,
        facts.division,
    )


def _plan(**row: Any) -> Plan:
    subjects = tuple(SubjectOfPlan(**subject) for subject in row.pop("subjects"))
    return Plan(**(row | {"track": Track(row["track"]), "subjects": subjects}))
