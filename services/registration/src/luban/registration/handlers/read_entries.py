"""Readings of entries: a candidate's own, and a plan's by those who answer for it."""

from dataclasses import dataclass
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.reference.refusal import Forbidden
from luban.registration.adapters.candidates import load_candidates
from luban.registration.adapters.entries import (
    StoredEntry,
    entries_of_candidate,
    entries_of_plan,
    find_entry,
)
from luban.registration.adapters.plans import PlanOfBody, load_plan, load_plans
from luban.registration.domain.candidate import Person
from luban.registration.domain.entry import EntryState
from luban.registration.handlers.ownership import entry_unknown, require_reader_of_entries
from luban.webkit.access_log import record_access
from luban.webkit.authentication import Principal, Role


@dataclass(frozen=True, slots=True)
class EntryShown:
    """An entry with its plan, and who it is about where the reader may know."""

    entry: StoredEntry
    plan: PlanOfBody
    person: Person | None = None


def read_own_entries(uow: UnitOfWork, candidate_id: UUID, after: UUID | None, count: int) -> list[EntryShown]:
    """The candidate's own entries, the newest first."""
    entries = entries_of_candidate(uow, candidate_id, after, count)
    plans = load_plans(uow, list({entry.plan_id for entry in entries}))
    return [EntryShown(entry, plans[entry.plan_id]) for entry in entries]


def read_entry(uow: UnitOfWork, principal: Principal, entry_id: UUID) -> EntryShown:
    """One entry: the candidate's own, or staff's with the person, which is recorded.

    Raises `NotFound` entry-unknown, also for what the caller may not see.
    """
    entry = find_entry(uow, entry_id)
    if entry is None:
        raise entry_unknown()
    plan = load_plan(uow, entry.plan_id)
    if principal.has(Role.CANDIDATE) and principal.subject == entry.candidate_id:
        return EntryShown(entry, plan)
    try:
        require_reader_of_entries(principal, plan.plan)
    except Forbidden as error:
        raise entry_unknown() from error
    record_access(uow, principal, [entry.candidate_id], "registration: entry", "entry review")
    person = load_candidates(uow, [entry.candidate_id])[entry.candidate_id].person
    return EntryShown(entry, plan, person)


def read_plan_entries(
    uow: UnitOfWork, principal: Principal, plan_id: UUID, state: EntryState | None, after: UUID | None, count: int
) -> list[EntryShown]:
    """A plan's entries with their people; the reading is recorded.

    Raises `NotFound` plan-unknown, `Forbidden` not-your-body, not-your-division.
    """
    plan = load_plan(uow, plan_id)
    require_reader_of_entries(principal, plan.plan)
    entries = entries_of_plan(uow, plan_id, state, after, count)
    ids = [entry.candidate_id for entry in entries]
    record_access(uow, principal, ids, "registration: entries of a plan", "entry review")
    people = load_candidates(uow, ids)
    return [EntryShown(entry, plan, people[entry.candidate_id].person) for entry in entries]
