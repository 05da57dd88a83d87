"""People enter a plan: by themselves, or by their enterprise's roster; some take their entry back."""

import csv
import io
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from luban.cli.load.client import Caller, Command
from luban.cli.load.crew import Errand
from luban.cli.load.plans.filing import OCCUPATION
from luban.cli.load.plans.plan import Plan
from luban.cli.load.values import Fate, Person
from luban.reference.track import Track

_YEARS = 12
"""Of work: enough for the levels the run assesses."""
_COLUMNS = ("姓名", "证件号码", "手机号码", "工作年限")


async def register(plan: Plan) -> None:
    """Everybody enters; who is to withdraw does so at once."""
    if plan.track is Track.ENTERPRISE:
        await _send_roster(plan)
        leaving = [person for person in plan.entry_ids if person.fate is Fate.WITHDRAWS]
        plan.note(await plan.world.crew.do(_errands(plan, _withdraw, leaving)))
    else:
        plan.note(await plan.world.crew.do(_errands(plan, _enter, plan.people)))


def _errands(plan: Plan, step: Any, people: Iterable[Person]) -> Iterable[Errand]:
    return (partial(step, plan, person) for person in people)


async def _enter(plan: Plan, person: Person) -> None:
    me = plan.world.candidate(person.subject, plan.book)
    await me.do(
        Command("profiles", "registration", "PUT", "/v1/candidates/me", _profile(plan, person)),
        _person(person),
        lambda told: {"candidate_id": told["candidate_id"]},
    )
    entered = await me.do(
        Command("entries", "registration", "POST", "/v1/entries", {"plan_id": plan.plan_id}, not_yet=("plan-changed",)),
        {"who": person.number},
        lambda told: {"entry_id": told["entry_id"], "state": told["state"]},
    )
    plan.entry_ids[person] = entered["entry_id"]
    if person.fate is Fate.WITHDRAWS:
        await _take_back(plan, person, me)


async def _withdraw(plan: Plan, person: Person) -> None:
    await _take_back(plan, person, plan.world.candidate(plan.subject_of(person), plan.book))


async def _take_back(plan: Plan, person: Person, me: Caller) -> None:
    entry_id = plan.entry_ids[person]
    await me.do(
        Command("withdrawals", "registration", "POST", f"/v1/entries/{entry_id}/withdraw"),
        {"who": person.number, "entry_id": entry_id},
        lambda told: {"state": told["state"]},
    )
    plan.withdrawn.add(person)


async def _send_roster(plan: Plan) -> None:
    """One file for all of them."""
    staff = plan.world.caller(plan.staff, plan.book)
    path = f"/v1/plans/{plan.plan_id}/roster"
    command = Command(
        "rosters", "registration", "POST", path, file=("roster.csv", _roster(plan.people)), not_yet=("plan-changed",)
    )
    told = await staff.do(command, {"people": [_person(each) for each in plan.people]}, _reported)
    for person, row in zip(plan.people, told["report"], strict=True):
        plan.entry_ids[person] = row["entry_id"]
        plan.subjects[person] = UUID(row["candidate_id"])


def _reported(told: Mapping[str, Any]) -> dict[str, Any]:
    """Row by row, in the order of the people sent."""
    return {"entries": [[row["entry_id"], row["candidate_id"], row["state"]] for row in told["report"]]}


def _roster(people: Iterable[Person]) -> bytes:
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(_COLUMNS)
    rows.writerows((person.name, person.id_no, person.phone, _YEARS) for person in people)
    return written.getvalue().encode("utf-8-sig")


def _person(person: Person) -> dict[str, Any]:
    return {"who": person.number, "name": person.name, "id_no": person.id_no, "phone": person.phone}


def _profile(plan: Plan, person: Person) -> dict[str, Any]:
    occupation = OCCUPATION[plan.track]
    years = [{"occupation_code": occupation, "years": _YEARS}] if occupation else []
    return {
        "name": person.name,
        "id_type": "RESIDENT_ID",
        "id_no": person.id_no,
        "phone": person.phone,
        "facts": {"years_in_occupation": years, "employed": True},
    }
