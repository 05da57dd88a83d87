"""Registration is over: who stands on the exam service's list is to be assessed; who sits a paper gets a seat."""

import asyncio
import time

import httpx

from luban.cli.load.client import Caller, Command
from luban.cli.load.faults import NotArrived, Refused
from luban.cli.load.items import BLUEPRINT
from luban.cli.load.plans.plan import SKILL, THEORY, Plan
from luban.cli.load.values import Fate, Person
from luban.reference.track import Track

STILL_OPEN = ("plan-open", "plan-not-closed", "entries-on-their-way")
"""Refusals of an exam service that has not heard of the end of registration."""
MINUTES = 60
SEATS = 30
_POLL_SECONDS = 0.3


async def seat(plan: Plan) -> None:
    """Waits for the list, names raters, and gives seats for the theory paper where it is sat on the system."""
    staff = plan.world.caller(plan.staff, plan.book)
    plan.assessed = await _wait_for_list(plan, staff)
    if plan.raters:
        await _name_raters(plan, staff)
    if plan.track is Track.SOCIAL:
        await _give_seats(plan, staff)


async def _wait_for_list(plan: Plan, staff: Caller) -> list[Person]:
    """Until everybody stands there whose entry was acknowledged, and nobody whose withdrawal was.

    Who stands there though no answer to their entry ever came is in all the same: an entry in doubt that stands.
    """
    by_name = {person.name: person for person in plan.people}
    due = {person for person in plan.entry_ids if person.fate is not Fate.WITHDRAWS}
    gives_up = time.monotonic() + plan.world.client.patience.arrival
    while True:
        listed = await _listed(plan, staff)
        people = {by_name[name]: entry_id for name, entry_id in listed.items() if name in by_name}
        missing, leaving = due - people.keys(), plan.withdrawn & people.keys()
        if not missing and not leaving:
            for person in people.keys() - plan.entry_ids.keys():
                plan.book.fact("standing", {"who": person.number, "entry_id": people[person]})
            plan.entry_ids |= people
            return [person for person in plan.people if person in people]
        if time.monotonic() >= gives_up:
            lacks = f"lacks {len(missing)} of {len(due)} entries and holds {len(leaving)} withdrawn ones"
            raise NotArrived(f"the exam service's list {lacks}")
        await asyncio.sleep(_POLL_SECONDS)


async def _listed(plan: Plan, staff: Caller) -> dict[str, str]:
    """Entry ids by name; empty while the exam service has not heard of the plan."""
    path = f"/v1/plans/{plan.plan_id}/entries"
    if (await staff.fetch("exam", path, expect=(200, 404), limit=1)).status == httpx.codes.NOT_FOUND:
        return {}
    return {row["name"]: row["entry_id"] async for row in staff.all("exam", path)}


async def _name_raters(plan: Plan, staff: Caller) -> None:
    raters = [str(rater.subject) for rater in plan.raters]
    path = f"/v1/plans/{plan.plan_id}/subjects/{SKILL}/raters"
    command = Command("panels", "exam", "PUT", path, {"rater_ids": raters})
    await staff.do(command, {"raters": raters}, lambda told: {"raters": told["rater_ids"]})


async def _give_seats(plan: Plan, staff: Caller) -> None:
    """A form of the run's own items, and `SEATS` people to a room."""
    form_id = await _draw_form(plan)
    left = len(plan.assessed)
    for room in range(-(-left // SEATS)):
        sitting = await staff.do(
            Command("seats", "exam", "POST", "/v1/sittings", _sitting(plan, form_id, room)),
            {"room": room},
            lambda told: {"sitting_id": told["sitting_id"]},
        )
        path = f"/v1/sittings/{sitting['sitting_id']}/seats"
        seated = await staff.do(
            Command("seats", "exam", "POST", path, not_yet=STILL_OPEN),
            {"sitting_id": sitting["sitting_id"]},
            lambda told: {"assigned": told["assigned"]},
        )
        left -= seated["assigned"]
    if left:
        raise Refused("seats", 200, f"{left}-without-a-seat")


async def _draw_form(plan: Plan) -> str:
    order = {
        "bank": plan.world.bank,
        "plan_id": plan.plan_id,
        "subject_code": THEORY,
        "seed": f"{plan.world.values.seed}-{plan.name}",
        "minutes": MINUTES,
        "blueprint": BLUEPRINT,
    }
    province = plan.world.caller(plan.world.province, plan.book)
    command = Command("filings", "exam", "POST", "/v1/forms", order)
    told = await province.do(command, {"seed": order["seed"]}, lambda told: {"form_id": told["form_id"]})
    return str(told["form_id"])


def _sitting(plan: Plan, form_id: str, room: int) -> dict[str, object]:
    return {
        "plan_id": plan.plan_id,
        "subject_code": THEORY,
        "form_id": form_id,
        "starts_at": plan.exam.morning.isoformat(),
        "ends_at": plan.exam.exam_ends.isoformat(),
        "room": f"{plan.name}-{room + 1}",
        "seats": SEATS,
    }
