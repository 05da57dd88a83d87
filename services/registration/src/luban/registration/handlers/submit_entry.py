"""A candidate enters a plan: decided at once by the rules, its place taken in the same transaction."""

from collections.abc import Sequence
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.events.v1.common_pb2 import PlanFacts
from luban.events.v1.registration_pb2 import EntryAccepted
from luban.reference.refusal import Conflict, Forbidden
from luban.reference.shanghai import shanghai_day
from luban.reference.track import Track
from luban.reference.working_days import national_calendar
from luban.registration.adapters.candidates import Candidate, Sealer, load_candidates
from luban.registration.adapters.entries import NewEntry, add_entries, as_stored, doubles, take_places
from luban.registration.adapters.facts import personal_data, plan_facts
from luban.registration.adapters.plans import load_plan
from luban.registration.domain.decision import decide
from luban.registration.domain.entry import HOLDING, EntryState, already_entered, by_rule
from luban.registration.domain.plan import Plan, plan_full
from luban.registration.handlers.read_entries import EntryShown
from luban.registration.handlers.register_candidate import candidate_unknown


def submit_entry(uow: UnitOfWork, candidate_id: UUID, plan_id: UUID) -> EntryShown:
    """Enters a plan that is open to anyone.

    Raises `NotFound` plan-unknown, candidate-unknown; `Conflict` entry-exists, plan-full, registration-not-open,
    registration-closed, plan-state; `Forbidden` plan-by-roster for an enterprise's plan.
    """
    now = uow.now()
    candidate = load_candidates(uow, [candidate_id], lock=True).get(candidate_id)
    if candidate is None:
        raise candidate_unknown()
    found = load_plan(uow, plan_id)
    if found.plan.track is Track.ENTERPRISE:
        raise Forbidden(
            "plan-by-roster",
            zh="企业自主评价由企业报送名册，不接受个人报名",
            en="an enterprise enters its own staff; this plan takes no entries from candidates",
        )
    found.plan.require_taking_entries(now)
    if doubles(uow, found.plan, [candidate_id]):
        raise already_entered()
    entry = judged(uow, found.plan, candidate, Sealer(uow.keyring, shanghai_day(now).year))
    add_entries(uow, found.plan, [entry], "SELF", now)
    if entry.state is EntryState.ACCEPTED:
        emit_accepted(uow, plan_facts(found), found.plan.track, entry.entry_id, candidate)
    uow.at_last(lambda: take(uow, found.plan, [entry]))
    return EntryShown(as_stored(uow, found.plan, entry, "SELF", now), found)


def judged(uow: UnitOfWork, plan: Plan, candidate: Candidate, sealer: Sealer) -> NewEntry:
    """The entry of a candidate with what the rules make of it, and its evidence sealed."""
    entry_id = uow.new_id()
    birth_date = candidate.person.birth_date
    decision = decide(plan, candidate.declared, candidate.registered, birth_date, national_calendar().version)
    state, why = by_rule(decision.outcome)
    evidence = sealer.profile(birth_date, candidate.declared, entry_id)
    return NewEntry(entry_id, candidate.candidate_id, state, why, decision.stored(), evidence)


def take(uow: UnitOfWork, plan: Plan, entries: Sequence[NewEntry]) -> None:
    """Takes the places of entries that hold one. Raises `Conflict` plan-full, plan-changed."""
    places = sum(entry.state in HOLDING for entry in entries)
    accepted = sum(entry.state is EntryState.ACCEPTED for entry in entries)
    if places == 0 or take_places(uow, plan, places, accepted):
        return
    now = load_plan(uow, plan.plan_id).plan
    if (now.state, now.plan_version) == (plan.state, plan.plan_version):
        raise plan_full()
    raise Conflict("plan-changed", zh="计划刚刚变更，请重试", en="the plan has just changed; try again")


def emit_accepted(uow: UnitOfWork, facts: PlanFacts, track: Track, entry_id: UUID, candidate: Candidate) -> None:
    """Says that a candidate may be assessed."""
    payload = EntryAccepted(entry_id=str(entry_id), candidate_id=str(candidate.candidate_id), plan=facts)
    uow.emit(
        payload,
        aggregate_id=entry_id,
        key=candidate.candidate_id,
        track=track,
        personal=personal_data(candidate.person),
    )
