"""An enterprise enters its staff by a roster: all of it or nothing, each row judged as any entry is."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.reference.names import name_key
from luban.reference.refusal import Conflict, Invalid
from luban.reference.row_faults import RowFault, RowsRefused
from luban.reference.shanghai import shanghai_day
from luban.reference.track import Track
from luban.registration.adapters.candidates import (
    Candidate,
    Sealer,
    add_candidates,
    find_documents,
    load_candidates,
)
from luban.registration.adapters.entries import NewEntry, add_entries, doubles, record_upload
from luban.registration.adapters.facts import plan_facts
from luban.registration.adapters.plans import PlanOfBody, load_plan
from luban.registration.domain.entry import HOLDING, EntryState, already_entered
from luban.registration.domain.plan import Plan, plan_full
from luban.registration.domain.roster import OPTIONAL, REQUIRED, Reading, RosterRow, read_rows
from luban.registration.domain.scheme import LevelScheme
from luban.registration.handlers.ownership import require_own_body
from luban.registration.handlers.submit_entry import emit_accepted, judged, take
from luban.webkit.authentication import Principal
from luban.webkit.sheets import read_sheet

ALREADY_ENTERED = "ALREADY_ENTERED"


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one row."""

    row: int
    state: str
    """An entry's state, or ALREADY_ENTERED: nothing was added for it."""
    zh: str
    en: str
    entry_id: UUID | None = None
    candidate_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a roster."""

    outcomes: list[RowOutcome]

    def count(self, state: str) -> int:
        """Rows that ended so."""
        return sum(outcome.state == state for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class _Case:
    row: RosterRow
    candidate: Candidate
    entry: NewEntry | None
    """None for somebody who has entered before."""


def import_roster(
    uow: UnitOfWork, principal: Principal, plan_id: UUID, data: bytes, filename: str, *, dry_run: bool
) -> Imported:
    """Reads, judges and, unless it is a dry run, enters everybody on the sheet.

    Raises `Forbidden` not-your-body; `Conflict` as a single entry does, and plan-full when the places do not suffice;
    `Invalid` roster-not-enterprise, sheet-* and roster-refused with what is wrong in which row.
    """
    now = uow.now()
    found = load_plan(uow, plan_id)
    plan = found.plan
    require_own_body(principal, plan.body_id)
    plan.require_taking_entries(now)
    rows = _read(plan, data, filename, now)
    sealer = Sealer(uow.keyring, shanghai_day(now).year)
    cases, new = _judge(uow, plan, rows, sealer)
    entries = [case.entry for case in cases if case.entry]
    if plan.taken + sum(entry.state in HOLDING for entry in entries) > plan.capacity:
        raise plan_full()
    imported = Imported([_outcome(case) for case in cases])
    if not dry_run and entries:
        _store(uow, found, cases, new, sealer, now)
    if not dry_run:
        counts = Counter(outcome.state for outcome in imported.outcomes)
        record_upload(uow, plan_id, now, hashlib.sha256(data).digest(), len(rows), counts)
    return imported


def _read(plan: Plan, data: bytes, filename: str, now: datetime) -> list[RosterRow]:
    if plan.track is not Track.ENTERPRISE or not isinstance(plan.scheme, LevelScheme):
        raise Invalid(
            "roster-not-enterprise",
            zh="只有企业自主评价计划可以导入花名册",
            en="only a plan of enterprise self-assessment takes a roster",
        )
    records = read_sheet(data, filename).records(REQUIRED, OPTIONAL)
    if not records:
        raise Invalid("roster-empty", zh="花名册没有人员", en="the roster names nobody")
    reading = Reading(plan.scheme.occupation_code, plan.dates.registration_closes, shanghai_day(now))
    rows, faults = read_rows([(record.number, record.values) for record in records], reading)
    if faults:
        raise roster_refused(faults)
    return rows


def _judge(
    uow: UnitOfWork, plan: Plan, rows: Sequence[RosterRow], sealer: Sealer
) -> tuple[list[_Case], list[Candidate]]:
    """Every row's case, and the candidates nobody knew before."""
    known = find_documents(uow, [row.person.identity for row in rows])
    stored = load_candidates(uow, sorted(known.values()), lock=True)
    entered = doubles(uow, plan, list(stored))
    cases, new, faults = [], [], []
    for row in rows:
        holder_id = known.get(row.person.identity)
        holder = stored[holder_id] if holder_id else None
        candidate = Candidate(
            holder.candidate_id if holder else uow.new_id(),
            holder.person if holder else row.person,
            row.declared,
            holder.registered if holder else (),
        )
        if holder is None:
            new.append(candidate)
        elif name_key(holder.person.name) != name_key(row.person.name):
            faults.append(_name_differs(row))
        entry = None if candidate.candidate_id in entered else judged(uow, plan, candidate, sealer)
        cases.append(_Case(row, candidate, entry))
    if faults:
        raise roster_refused(faults)
    return cases, new


def _store(
    uow: UnitOfWork,
    found: PlanOfBody,
    cases: Sequence[_Case],
    new: Sequence[Candidate],
    sealer: Sealer,
    now: datetime,
) -> None:
    if new:
        add_candidates(uow, new, sealer, "ROSTER", now)
    entries = [case.entry for case in cases if case.entry]
    add_entries(uow, found.plan, entries, "ROSTER", now)
    facts = plan_facts(found)
    for case in cases:
        if case.entry and case.entry.state is EntryState.ACCEPTED:
            emit_accepted(uow, facts, found.plan.track, case.entry.entry_id, case.candidate)
    uow.at_last(lambda: take(uow, found.plan, entries))


def _outcome(case: _Case) -> RowOutcome:
    if case.entry is None:
        refusal: Conflict = already_entered()
        return RowOutcome(case.row.number, ALREADY_ENTERED, refusal.zh, refusal.en, None, case.candidate.candidate_id)
    entry = case.entry
    why = entry.why
    return RowOutcome(case.row.number, entry.state.value, why.zh, why.en, entry.entry_id, entry.candidate_id)


def roster_refused(faults: Sequence[RowFault]) -> RowsRefused:
    """The refusal of a roster as a whole, with what is wrong in which row."""
    return RowsRefused(
        "roster-refused",
        zh="花名册有{count}处错误，未导入任何人员",
        en="the roster has {count} faults; nobody was entered",
        faults=faults,
    )


def _name_differs(row: RosterRow) -> RowFault:
    return RowFault(
        row.number,
        "姓名",
        "roster-name-differs",
        "姓名与该证件号码已登记的姓名不符",
        "the name is not the one registered for this document",
    )
