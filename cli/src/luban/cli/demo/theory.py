"""Theory from the provincial bank: items imported and approved, a form drawn, sittings held, papers sat."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from luban.cli.demo.cycle import Cycle
from luban.cli.demo.faults import DemoError
from luban.cli.demo.gateway import Caller
from luban.cli.demo.item_files import ItemFile, Keys
from luban.cli.demo.marks import BLUEPRINT, THEORY
from luban.cli.demo.offices import Offices
from luban.cli.demo.people import Person

BANK = "labour-relations"
MINUTES = 90
SEATS = 30


def fill_bank(offices: Offices, files: Sequence[ItemFile]) -> dict[str, int]:
    """Imports the files and has another person approve them; how many items came in and how many were left out."""
    author = offices.hire("item_author").at("exam")
    reviewer = offices.hire("item_reviewer").at("exam")
    items = {"accepted": 0, "rejected": 0}
    for file in files:
        imported = author.upload(f"/v1/banks/{BANK}/imports", file.path.name, file.content, format=file.format).json()
        reviewer.post(f"/v1/imports/{imported['import_id']}/approve")
        items["accepted"] += imported["items"]
        items["rejected"] += len(imported["rejected"])
    return items


def schedule(cycle: Cycle, seed: int) -> None:
    """Draws the form and gives every candidate of the closed plan a seat, `SEATS` to a room."""
    form_id = _draw_form(cycle, seed)
    staff = cycle.staff.at("exam")
    left = len(cycle.accepted())
    room = 0
    while left > 0:
        room += 1
        sitting = staff.post("/v1/sittings", _sitting(cycle, form_id, room)).json()
        seats = f"/v1/sittings/{sitting['sitting_id']}/seats"
        seated = cycle.once_closed(partial(staff.post, seats, expect=(200, 409))).expect(200).json()
        left -= seated["assigned"]
        if not seated["assigned"]:
            raise DemoError(f"{left} candidates are without a seat, and nobody is seated any more")


def sit(cycle: Cycle, keys: Keys) -> int:
    """Everybody who comes sits their paper; how many responses were saved."""
    present = [person for person in cycle.accepted() if person.marks[THEORY] is not None]
    return sum(cycle.gateway.all_at_once(partial(_take_paper, cycle, keys), present))


def _draw_form(cycle: Cycle, seed: int) -> str:
    blueprint = [{"type": shape.type, "count": shape.count, "points_tenths": shape.points} for shape in BLUEPRINT]
    order = {
        "bank": BANK,
        "plan_id": cycle.plan_id,
        "subject_code": THEORY,
        "seed": seed,
        "minutes": MINUTES,
        "blueprint": blueprint,
    }
    return str(cycle.province.at("exam").post("/v1/forms", order).json()["form_id"])


def _sitting(cycle: Cycle, form_id: str, room: int) -> dict[str, Any]:
    return {
        "plan_id": cycle.plan_id,
        "subject_code": THEORY,
        "form_id": form_id,
        "starts_at": cycle.timetable.theory_begins.isoformat(),
        "ends_at": cycle.timetable.theory_ends.isoformat(),
        "room": f"第{room}考场",
        "seats": SEATS,
    }


def _take_paper(cycle: Cycle, keys: Keys, person: Person) -> int:
    me = cycle.candidate(person, "exam")
    tickets = [ticket for ticket in me.all("/v1/tickets") if ticket["subject_code"] == THEORY]
    paper = me.post("/v1/papers", {"ticket_no": tickets[0]["ticket_no"]}).json()
    responses = dict(_responses(paper["items"], person, keys))
    for position, response in responses.items():
        _save(me, paper["paper_id"], position, response)
    me.post(f"/v1/papers/{paper['paper_id']}/submit")
    return len(responses)


def _responses(items: Sequence[dict[str, Any]], person: Person, keys: Keys) -> Iterator[tuple[int, object]]:
    """As many of each type wrong as the person is to get wrong."""
    assert person.mistakes is not None
    left = dict(person.mistakes)
    for item in items:
        mistaken = left[item["type"]] > 0
        left[item["type"]] -= mistaken
        yield item["position"], keys.wrong(item) if mistaken else keys.right(item)


def _save(me: Caller, paper_id: str, position: int, response: object) -> None:
    """Raises DemoError when the receipt is not for what was sent."""
    saved = me.put(f"/v1/papers/{paper_id}/responses/{position}", {"response": response}).json()
    receipt = saved["receipt"]
    said = (receipt["paper_id"], receipt["position"], receipt["response_sha256"])
    if said != (paper_id, position, _digest(response)) or not saved["signature"]:
        raise DemoError(f"the receipt of position {position} of paper {paper_id} is for something else: {receipt}")


def _digest(response: object) -> str:
    canonical = json.dumps(response, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
