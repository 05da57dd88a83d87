"""Candidates sit the theory paper: every response saved with a receipt, read back, and handed in."""

import hashlib
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from luban.cli.load.client import Caller, Command
from luban.cli.load.faults import Refused
from luban.cli.load.items import POINTS, Response, is_mistaken, is_revised, right, wrong
from luban.cli.load.plans.plan import THEORY, Plan
from luban.cli.load.values import Person


async def sit(plan: Plan) -> None:
    """Everybody who stands on the list."""
    plan.note(await plan.world.crew.do(partial(_take_paper, plan, person) for person in plan.assessed))


async def _take_paper(plan: Plan, person: Person) -> None:
    me = plan.world.candidate(plan.subject_of(person), plan.book)
    ticket_no = await _ticket(plan, me)
    paper = await me.do(
        Command("papers", "exam", "POST", "/v1/papers", {"ticket_no": ticket_no}),
        {"who": person.number, "ticket_no": ticket_no},
        lambda told: {"paper_id": told["paper_id"]},
    )
    for item in paper["items"]:
        for response in _responses(person, item):
            await _save(me, person, paper["paper_id"], item, response)
    await hand_in(me, person, paper["paper_id"])


async def _ticket(plan: Plan, me: Caller) -> str:
    tickets = [ticket async for ticket in me.all("exam", "/v1/tickets") if ticket["plan_id"] == plan.plan_id]
    if len(tickets) != 1 or tickets[0]["subject_code"] != THEORY:
        raise Refused("GET exam/v1/tickets", 200, f"{len(tickets)}-tickets")
    return str(tickets[0]["ticket_no"])


def _responses(person: Person, item: Mapping[str, Any]) -> list[Response]:
    """The response that is to stand last; before it another one, where somebody thinks again."""
    position = int(item["position"])
    turn = person.number // 40
    last = wrong(item, turn) if is_mistaken(person, position) else right(item)
    if not is_revised(person, position):
        return [last]
    return [right(item) if is_mistaken(person, position) else wrong(item, turn), last]


async def _save(me: Caller, person: Person, paper_id: str, item: Mapping[str, Any], response: Response) -> None:
    """The receipt must be for just what was sent; what is not is refused here."""
    position = item["position"]
    worth = POINTS[item["type"]] if response == right(item) else 0
    sent = {"who": person.number, "paper_id": paper_id, "position": position, "response": response, "worth": worth}
    command = Command("responses", "exam", "PUT", f"/v1/papers/{paper_id}/responses/{position}", {"response": response})
    receipt = (await me.do(command, sent, _kept))["receipt"]
    said = (receipt["paper_id"], receipt["position"], receipt["response_sha256"])
    if said != (paper_id, position, digest(response)):
        raise Refused(command.name, 200, "receipt-of-something-else")


async def hand_in(me: Caller, person: Person, paper_id: str) -> None:
    """Reads back what stands there first, as whoever resumes a paper sees it: nothing, once its time is over."""
    seen = await me.read("exam", f"/v1/papers/{paper_id}")
    if seen["items"]:
        me.book.fact("seen", {"who": person.number, "paper_id": paper_id, "responses": seen["responses"]})
    await me.do(
        Command("hand_ins", "exam", "POST", f"/v1/papers/{paper_id}/submit"),
        {"who": person.number, "paper_id": paper_id},
        lambda told: {"state": told["state"], "submitted_at": told["submitted_at"]},
    )


def _kept(told: Mapping[str, Any]) -> Mapping[str, Any]:
    receipt = told["receipt"]
    return {"sha256": receipt["response_sha256"], "serial": receipt["serial"], "signature": told["signature"]}


def digest(response: object) -> str:
    """SHA-256 of a response's canonical JSON, in hex, as receipts have it."""
    canonical = json.dumps(response, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
