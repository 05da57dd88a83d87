"""The list of a plan's people, as results are matched against it and as its body reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.people import id_tail
from luban.exam.domain.posting import Member

MEMBERS = """
select entry_id, candidate_id, seq, state = 'ACCEPTED', match_key, name_key, id_hash from entry
where plan_id = %s order by seq
"""
ACCEPTED = (
    "select entry_id, candidate_id, seq, sealed from entry where plan_id = %s and state = 'ACCEPTED' order by seq"
)


@dataclass(frozen=True, slots=True)
class NamedMember:
    """A person on the list, by name. Whoever shows it to staff records the access."""

    entry_id: UUID
    candidate_id: UUID
    seq: int
    name: str
    id_tail: str


def members(uow: UnitOfWork, plan_id: UUID) -> list[Member]:
    """Everybody who is or was on the plan's list, by keyed hashes only."""
    rows = uow.connection.cursor(binary=True).execute(MEMBERS, (plan_id,)).fetchall()
    return [Member(*row) for row in rows]


def accepted_entries(uow: UnitOfWork, plan_id: UUID) -> int:
    """How many accepted entries of the plan have come so far."""
    row = uow.sql("select count(*) from entry where plan_id = %s and state = 'ACCEPTED'", (plan_id,)).fetchone()
    assert row is not None
    return int(row[0])


def named_members(uow: UnitOfWork, plan_id: UUID) -> Sequence[NamedMember]:
    """The accepted people of the plan, unsealed."""
    opened = uow.keyring.open_column
    found = []
    rows = uow.connection.cursor(binary=True).execute(ACCEPTED, (plan_id,)).fetchall()
    for entry_id, candidate_id, seq, sealed in rows:
        person = opened(sealed, entry_id)
        found.append(NamedMember(entry_id, candidate_id, seq, person.name, id_tail(person.id_no)))
    return found
