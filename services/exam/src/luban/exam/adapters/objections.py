"""Objections, with who objects sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from luban.eventkit.uow import UnitOfWork
from luban.events.v1.common_pb2 import PersonalData
from luban.exam.adapters.results import Result
from luban.reference.refusal import NotFound
from luban.reference.shanghai import shanghai_day

SELECT = """
select objection_id, objection.result_id, objection.plan_id, publicity_no, objection.state, statement, filed_at,
       decided_by, decided_at, reason, sealed
from objection join result using (result_id)
"""


@dataclass(frozen=True)
class Objection:
    """One objection as it stands."""

    objection_id: UUID
    result_id: UUID
    plan_id: UUID
    publicity_no: int
    state: str
    statement: str
    filed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    sealed: bytes


def add_objection(uow: UnitOfWork, result: Result, objector: PersonalData, statement: str, now: datetime) -> UUID:
    """Writes an objection against a locked result; its id."""
    objection_id = uow.new_id()
    sealed = uow.keyring.seal_column(objector, "candidate", shanghai_day(now).year, objection_id)
    uow.sql(
        "insert into objection (objection_id, result_id, plan_id, objector_hash, sealed, statement, filed_at)"
        " values (%s, %s, %s, %b, %b, %s, %s)",
        (objection_id, result.result_id, result.plan_id, _hashes(uow, objector.phone)[0], sealed, statement, now),
    )
    return objection_id


def objects_already(uow: UnitOfWork, result_id: UUID, phone: str) -> bool:
    """Whether this telephone number has an open objection against the result."""
    found = uow.sql(
        "select 1 from objection where result_id = %s and state = 'OPEN' and objector_hash = any(%s)",
        (result_id, _hashes(uow, phone)),
    ).fetchone()
    return found is not None


def find_objection(uow: UnitOfWork, objection_id: UUID) -> Objection:
    """The objection; its result's lock guards it. Raises NotFound objection-unknown."""
    cursor = uow.connection.cursor(row_factory=class_row(Objection))
    found = cursor.execute(f"{SELECT} where objection_id = %s", (objection_id,)).fetchone()
    if found is None:
        raise NotFound("objection-unknown", zh="没有这份异议", en="there is no such objection")
    return found


def objections_of(uow: UnitOfWork, plan_id: UUID, after: UUID | None, fetch: int) -> Sequence[Objection]:
    """A plan's objections in the order they were filed."""
    cursor = uow.connection.cursor(row_factory=class_row(Objection))
    condition = "where objection.plan_id = %s and objection_id > %s order by objection_id limit %s"
    return cursor.execute(f"{SELECT} {condition}", (plan_id, after or UUID(int=0), fetch)).fetchall()


def open_objections(uow: UnitOfWork, result_id: UUID) -> int:
    """How many objections hold a locked result."""
    row = uow.sql("select count(*) from objection where result_id = %s and state = 'OPEN'", (result_id,)).fetchone()
    assert row is not None
    return int(row[0])


def decide(uow: UnitOfWork, objection_id: UUID, state: str, by: str, reason: str, now: datetime) -> None:
    """UPHELD or NOT_UPHELD; the objection's result is locked."""
    uow.sql(
        "update objection set state = %s, decided_by = %s, decided_at = %s, reason = %s where objection_id = %s",
        (state, by, now, reason, objection_id),
    )


def note_state_after(uow: UnitOfWork, objection_id: UUID) -> None:
    """Keeps in which state the decision left the result."""
    uow.sql(
        "update objection set state_after = result.state from result"
        " where result.result_id = objection.result_id and objection_id = %s",
        (objection_id,),
    )


def _hashes(uow: UnitOfWork, phone: str) -> list[bytes]:
    return uow.keyring.lookup_hashes("phone", phone)
