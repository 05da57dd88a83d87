"""What happens to an entry after its submission: a person's decision, the candidate's withdrawal."""

from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.events.v1.registration_pb2 import EntryWithdrawn
from luban.registration.adapters.candidates import load_candidates
from luban.registration.adapters.entries import StoredEntry, change_places, find_entry, move_entries
from luban.registration.adapters.facts import plan_facts
from luban.registration.adapters.plans import PlanOfBody, lock_plan
from luban.registration.domain.entry import EntryState, by_person, withdrawn
from luban.registration.handlers.ownership import entry_unknown, require_decider
from luban.registration.handlers.read_entries import EntryShown
from luban.registration.handlers.submit_entry import emit_accepted
from luban.webkit.authentication import Principal


def decide_entry(uow: UnitOfWork, principal: Principal, entry_id: UUID, reason: str, *, accept: bool) -> EntryShown:
    """A person's decision on an entry that the rules left open; possible until the exam begins.

    Raises `NotFound` entry-unknown, `Forbidden` not-your-body, `Conflict` entry-state, decision-too-late, plan-state.
    """
    found, entry = _locked(uow, entry_id)
    require_decider(principal, found.plan)
    now = uow.now()
    found.plan.require_decisions(now)
    state, why = by_person(entry.state, reason, accept=accept)
    move_entries(uow, [entry_id], state, why, now)
    if accept:
        change_places(uow, entry.plan_id, 0, 1)
        candidate = load_candidates(uow, [entry.candidate_id])[entry.candidate_id]
        emit_accepted(uow, plan_facts(found), found.plan.track, entry_id, candidate)
    else:
        change_places(uow, entry.plan_id, -1, 0)
    return _shown(uow, found, entry_id)


def withdraw_entry(uow: UnitOfWork, candidate_id: UUID, entry_id: UUID) -> EntryShown:
    """The candidate takes an entry back before registration closes; its place is free again.

    Raises `NotFound` entry-unknown, `Conflict` entry-state, registration-closed, plan-state.
    """
    found, entry = _locked(uow, entry_id)
    if entry.candidate_id != candidate_id:
        raise entry_unknown()
    state, why = withdrawn(entry.state)
    now = uow.now()
    found.plan.require_withdrawals(now)
    move_entries(uow, [entry_id], state, why, now)
    was_accepted = entry.state is EntryState.ACCEPTED
    change_places(uow, entry.plan_id, -1, -1 if was_accepted else 0)
    if was_accepted:
        payload = EntryWithdrawn(
            entry_id=str(entry_id), candidate_id=str(entry.candidate_id), plan_id=str(entry.plan_id)
        )
        uow.emit(payload, aggregate_id=entry_id, key=entry.candidate_id, track=found.plan.track)
    return _shown(uow, found, entry_id)


def _locked(uow: UnitOfWork, entry_id: UUID) -> tuple[PlanOfBody, StoredEntry]:
    """The entry under its plan's lock: whoever moves an entry takes that first."""
    seen = find_entry(uow, entry_id)
    if seen is None:
        raise entry_unknown()
    found = lock_plan(uow, seen.plan_id)
    entry = find_entry(uow, entry_id)
    assert entry is not None
    return found, entry


def _shown(uow: UnitOfWork, found: PlanOfBody, entry_id: UUID) -> EntryShown:
    entry = find_entry(uow, entry_id)
    assert entry is not None
    return EntryShown(entry, found)
