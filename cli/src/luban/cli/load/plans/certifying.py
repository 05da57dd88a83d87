"""Publicity is over: results are confirmed, certificates come; employers check them; some are taken away again."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

from luban.cli.load.client import Caller, Command
from luban.cli.load.employers import KEY_REVOKED, MATCH, NO_MATCH, WITHDRAWN, Employers, Question
from luban.cli.load.faults import NotArrived
from luban.cli.load.plans.plan import SKILL, Held, Plan
from luban.cli.load.values import Fate, Person

ONE_IN = 5
"""One holder in so many is also asked for with a wrong name, and one with a wrong number."""
_POLL_SECONDS = 0.3
_FALSE_PAPERS = "false-papers"


async def wait_for_certificates(plan: Plan) -> None:
    """Until every result is confirmed and every confirmed pass has its certificate."""
    staff = plan.world.caller(plan.staff, plan.book)
    people = {entry_id: person for person, entry_id in plan.entry_ids.items()}
    results = await _await(plan, partial(_confirmed, plan, staff))
    plan.results = {people[row["entry_id"]]: row["result_id"] for row in results if row["entry_id"] in people}
    passed = {row["result_id"]: people.get(row["entry_id"]) for row in results if row["passed"]}
    for row in await _await(plan, partial(_issued, plan, staff, len(passed))):
        person = passed.get(row["result_id"])
        if person is not None:
            plan.certificates[person] = Held(row["certificate_id"], row["certificate_no"])


async def check_and_change(plan: Plan, employers: Employers) -> None:
    """Every certificate is checked; then some are corrected or withdrawn, and checked again."""
    crew = plan.world.crew
    plan.note(await crew.do(partial(_check_and_change, plan, employers, each) for each in plan.certificates))
    office = plan.world.caller(plan.world.province, plan.book)
    gone = {plan.certificates[each].certificate_no for each in plan.corrected if each.fate is Fate.LOWERED}
    await _await(plan, partial(_withdrawn, office, gone))
    changed = [each for each in plan.certificates if each.fate in (Fate.LOWERED, Fate.RAISED, Fate.REVOKED)]
    plan.note(await crew.do(partial(_check_again, plan, employers, each) for each in changed))


def right_question(person: Person, held: Held, due: str = MATCH) -> Question:
    """By the holder's name or number, in turn."""
    if person.number % 2:
        return Question(held.certificate_no, "id_no", person.id_no, due, person.number)
    return Question(held.certificate_no, "name", person.name, due, person.number)


def question_about(plan: Plan) -> Question | None:
    """What somebody whose key was just revoked asks about one of the plan's certificates."""
    for person, held in plan.certificates.items():
        return right_question(person, held, KEY_REVOKED)
    return None


def _questions(person: Person, held: Held) -> Iterable[Question]:
    yield Question(held.certificate_no, "name", person.name, MATCH, person.number)
    yield Question(held.certificate_no, "id_no", person.id_no, MATCH, person.number)
    if person.number % ONE_IN == 0:
        yield Question(held.certificate_no, "name", person.name[::-1] + "二", NO_MATCH, person.number)
    if person.number % ONE_IN == 1:
        yield Question(held.certificate_no, "id_no", _mistyped(person.id_no), NO_MATCH, person.number)


def _mistyped(id_no: str) -> str:
    """With another check character."""
    return id_no[:17] + ("0" if id_no[17] != "0" else "1")


async def _check_and_change(plan: Plan, employers: Employers, person: Person) -> None:
    for turn, question in enumerate(_questions(person, plan.certificates[person]), person.number):
        await employers.ask(question, turn, plan.book)
    office = plan.world.on_schedule(plan.world.province, plan.book)
    match person.fate:
        case Fate.LOWERED | Fate.RAISED:
            await _correct(plan, person, office)
        case Fate.REVOKED:
            await _revoke(plan, person, office)
        case _:
            return


async def _check_again(plan: Plan, employers: Employers, person: Person) -> None:
    due = MATCH if person.fate is Fate.RAISED else WITHDRAWN
    question = right_question(person, plan.certificates[person], due)
    await employers.ask(question, person.number, plan.book)


async def _correct(plan: Plan, person: Person, office: Caller) -> None:
    result_id = plan.results[person]
    body = {
        "scores": {SKILL: person.corrected_mark},
        "reason_code": "transcription-error",
        "reason": f"成绩录入有误，经核对评分记录更正（{plan.book.new_name()}）",
    }
    command = Command("corrections", "exam", "POST", f"/v1/results/{result_id}/correction", body)
    sent = {"who": person.number, "result_id": result_id, "scores": body["scores"]}
    await office.do(command, sent, lambda told: {"state": told["state"], "passed": told["passed"]})
    plan.corrected.add(person)


async def _revoke(plan: Plan, person: Person, office: Caller) -> None:
    held = plan.certificates[person]
    body = {
        "reason_code": _FALSE_PAPERS,
        "reason": "申报材料经查不实",
        "decision_ref": f"鲁人社撤〔2026〕{plan.book.new_name()}",
    }
    path = f"/v1/certificates/{held.certificate_id}/withdrawal"
    command = Command("certificate_withdrawals", "certificate", "POST", path, body)
    sent = {"who": person.number, "certificate_no": held.certificate_no, **body}
    await office.do(command, sent, lambda told: {"state": told["state"], "withdrawn_on": told["withdrawn_on"]})


async def _await(plan: Plan, probe: Callable[[], Awaitable[tuple[str, list[Any]]]]) -> list[Any]:
    """What the probe finds, once nothing is missing any more. Raises NotArrived with what is."""
    gives_up = time.monotonic() + plan.world.client.patience.arrival
    while True:
        missing, found = await probe()
        if not missing:
            return found
        if time.monotonic() >= gives_up:
            raise NotArrived(f"{missing} after {plan.world.client.patience.arrival:.0f} s")
        await asyncio.sleep(_POLL_SECONDS)


async def _confirmed(plan: Plan, staff: Caller) -> tuple[str, list[Any]]:
    rows = [row async for row in staff.all("exam", "/v1/results", plan_id=plan.plan_id)]
    waiting = sum(row["state"] != "CONFIRMED" for row in rows)
    missing = f"{waiting} of {len(rows)} results are not confirmed" if waiting or not rows else ""
    return missing, rows


async def _issued(plan: Plan, staff: Caller, due: int) -> tuple[str, list[Any]]:
    rows = [row async for row in staff.all("certificate", "/v1/certificates", plan_id=plan.plan_id)]
    return f"{len(rows)} of {due} certificates are issued" if len(rows) < due else "", rows


async def _withdrawn(office: Caller, numbers: set[str]) -> tuple[str, list[Any]]:
    found = [await office.read("certificate", "/v1/certificates", certificate_no=number) for number in numbers]
    rows = [row for page in found for row in page["items"]]
    waiting = sum(row["state"] != "WITHDRAWN" for row in rows)
    return f"{waiting} certificates of corrected results are not withdrawn" if waiting else "", rows
