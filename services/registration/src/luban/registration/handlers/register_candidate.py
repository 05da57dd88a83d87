"""A candidate's own profile: who they are, and what they declare."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.reference.identity import IdType
from luban.reference.refusal import NotFound
from luban.reference.shanghai import shanghai_day
from luban.registration.adapters.candidates import (
    Candidate,
    Sealer,
    add_candidates,
    change_document,
    find_documents,
    identity_registered,
    load_candidates,
    save_candidate,
)
from luban.registration.domain.candidate import Declaration, parse_person


@dataclass(frozen=True, slots=True)
class Profile:
    """What a candidate writes of themselves, as written."""

    name: str
    id_type: IdType
    id_no: str
    phone: str
    birth_date: date | None
    declared: Declaration


def register_candidate(uow: UnitOfWork, candidate_id: UUID, profile: Profile) -> Candidate:
    """Stores or replaces the profile; a document that changes stays in the history.

    Raises `Invalid` with the codes of `parse_person`, `Conflict` identity-registered.
    """
    now = uow.now()
    today = shanghai_day(now)
    person = parse_person(profile.name, profile.id_type, profile.id_no, profile.phone, profile.birth_date, today)
    holder = find_documents(uow, [person.identity]).get(person.identity)
    if holder not in (None, candidate_id):
        raise identity_registered()
    sealer = Sealer(uow.keyring, today.year)
    known = load_candidates(uow, [candidate_id], lock=True).get(candidate_id)
    candidate = Candidate(candidate_id, person, profile.declared)
    if known is None:
        add_candidates(uow, [candidate], sealer, "SELF", now)
        return candidate
    save_candidate(uow, candidate, sealer, now)
    if known.person.identity.id_no != person.identity.id_no or known.person.identity.id_type != person.identity.id_type:
        change_document(uow, candidate, sealer, now)
    return candidate


def read_candidate(uow: UnitOfWork, candidate_id: UUID) -> Candidate:
    """Raises `NotFound` candidate-unknown."""
    found = load_candidates(uow, [candidate_id]).get(candidate_id)
    if found is None:
        raise candidate_unknown()
    return found


def candidate_unknown() -> NotFound:
    """For somebody who has no profile yet."""
    return NotFound("candidate-unknown", zh="请先填写个人信息", en="fill in your profile first")
