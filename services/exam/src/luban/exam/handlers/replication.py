"""What registration says, kept here. A plan and its entries come in any order; every event that names a plan brings
its facts, and the newest version stays."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from luban.eventkit.envelope import Received
from luban.eventkit.uow import UnitOfWork
from luban.events.v1.common_pb2 import PlanFacts
from luban.events.v1.registration_pb2 import (
    EntryAccepted,
    EntryWithdrawn,
    PlanCancelled,
    PlanChanged,
    PlanClosed,
    PlanPublished,
)
from luban.exam.adapters.entries import Accepted, add_entries, withdraw_entries
from luban.exam.adapters.plans import cancel_plans, close_plans, keep_plans


def on_plan_published(uow: UnitOfWork, batch: Sequence[Received[PlanPublished]]) -> None:
    """Keeps the plan."""
    keep_plans(uow, [event.payload.plan for event in batch])


def on_plan_changed(uow: UnitOfWork, batch: Sequence[Received[PlanChanged]]) -> None:
    """Keeps the plan's new version."""
    keep_plans(uow, [event.payload.plan for event in batch])


def on_plan_closed(uow: UnitOfWork, batch: Sequence[Received[PlanClosed]]) -> None:
    """Closes the plan; entries that are still on their way are added when they come."""
    keep_plans(uow, [event.payload.plan for event in batch])
    close_plans(uow, {event.aggregate_id: event.payload.accepted_entries for event in batch})


def on_plan_cancelled(uow: UnitOfWork, batch: Sequence[Received[PlanCancelled]]) -> None:
    """Nothing of the plan will be assessed."""
    cancel_plans(uow, [event.aggregate_id for event in batch])


def on_entry_accepted(uow: UnitOfWork, batch: Sequence[Received[EntryAccepted]]) -> None:
    """Adds candidates to their plan's list, sealed anew for their rows."""
    keep_plans(uow, _plans(batch))
    entries = [
        Accepted(
            event.aggregate_id,
            UUID(event.payload.candidate_id),
            UUID(event.payload.plan.plan_id),
            event.personal(),
            uow.trace_of(event),
        )
        for event in batch
    ]
    add_entries(uow, entries, uow.now())


def on_entry_withdrawn(uow: UnitOfWork, batch: Sequence[Received[EntryWithdrawn]]) -> None:
    """Takes candidates off the list."""
    withdraw_entries(uow, [event.aggregate_id for event in batch])


def _plans(batch: Sequence[Received[Any]]) -> list[PlanFacts]:
    """The facts once per plan and version."""
    return list(
        {(event.payload.plan.plan_id, event.payload.plan.plan_version): event.payload.plan for event in batch}.values()
    )
