"""Entries: candidates submit, follow and withdraw them; staff read and decide them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from luban.eventkit.uow import UnitOfWork
from luban.registration.domain.entry import EntryState
from luban.registration.entrypoints.answers import entry_answer
from luban.registration.entrypoints.requests import DecisionIn, EntryIn
from luban.registration.handlers.decide_entry import decide_entry, withdraw_entry
from luban.registration.handlers.read_entries import EntryShown, read_entry, read_own_entries, read_plan_entries
from luban.registration.handlers.submit_entry import submit_entry
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.paging import Page, Paging

router = APIRouter(prefix="/v1")

Candidate = Annotated[Call, Depends(allow(Role.CANDIDATE))]
Decider = Annotated[Call, Depends(allow(Role.BODY_STAFF, Role.PROVINCE_STAFF))]
Reader = Annotated[Call, Depends(allow(Role.BODY_STAFF, Role.PROVINCE_STAFF, Role.CITY_STAFF))]
ReaderOrOwner = Annotated[Call, Depends(allow(Role.CANDIDATE, Role.BODY_STAFF, Role.PROVINCE_STAFF, Role.CITY_STAFF))]


@router.post("/entries", status_code=201)
def post_entry(call: Candidate, entry: EntryIn) -> Response:
    """Enters a plan; the answer says what the rules made of it."""
    me = call.principal.subject
    return call.execute(lambda uow: entry_answer(submit_entry(uow, me, entry.plan_id), call.language), 201)


@router.get("/entries")
def get_entries(call: Candidate, paging: Paging) -> Page[dict[str, Any]]:
    """The caller's entries, the newest first."""
    after = paging.after(UUID)
    me = call.principal.subject
    found = call.read(lambda uow: read_own_entries(uow, me, after[0] if after else None, paging.fetch))
    return paging.page(found, _entry_id, lambda shown: entry_answer(shown, call.language))


@router.get("/entries/{entry_id}")
def get_entry(call: ReaderOrOwner, entry_id: UUID) -> Response:
    """Where an entry stands and why; staff's reading is recorded."""
    return call.execute(lambda uow: entry_answer(read_entry(uow, call.principal, entry_id), call.language))


@router.post("/entries/{entry_id}/withdraw")
def post_withdrawal(call: Candidate, entry_id: UUID) -> Response:
    """Takes an entry back before registration closes."""
    me = call.principal.subject
    return call.execute(lambda uow: entry_answer(withdraw_entry(uow, me, entry_id), call.language))


@router.post("/entries/{entry_id}/decision")
def post_decision(call: Decider, entry_id: UUID, decision: DecisionIn) -> Response:
    """Decides an entry that the rules leave to a person."""

    def decide(uow: UnitOfWork) -> dict[str, Any]:
        shown = decide_entry(uow, call.principal, entry_id, decision.reason, accept=decision.accept)
        return entry_answer(shown, call.language)

    return call.execute(decide, reason=decision.reason)


@router.get("/plans/{plan_id}/entries")
def get_plan_entries(call: Reader, plan_id: UUID, paging: Paging, state: EntryState | None = None) -> Response:
    """A plan's entries with their people; the reading is recorded."""
    after = paging.after(UUID)

    def read(uow: UnitOfWork) -> Page[dict[str, Any]]:
        last = after[0] if after else None
        found = read_plan_entries(uow, call.principal, plan_id, state, last, paging.fetch)
        return paging.page(found, _entry_id, lambda shown: entry_answer(shown, call.language))

    return call.execute(read)


def _entry_id(shown: EntryShown) -> tuple[UUID]:
    return (shown.entry.entry_id,)
