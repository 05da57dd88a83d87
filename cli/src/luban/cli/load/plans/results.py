"""Results: posted by the enterprise's assessors on the plan's sheet or as rows, drawn up elsewhere; then confirmed."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from luban.cli.load.client import Caller, Command
from luban.cli.load.plans.plan import SKILL, THEORY, Plan
from luban.cli.load.plans.seating import STILL_OPEN
from luban.cli.load.values import Fate, Person
from luban.reference.track import Track

ABSENT_TEXT = "缺考"
_PERSON = "报名号"
_HEADINGS = {THEORY: "理论知识考试", SKILL: "操作技能考核"}
_NOT_SCORED_YET = ("results-rejected",)
"""A sitting that has just ended is still being scored."""


async def post_and_confirm(plan: Plan) -> None:
    """One of the body submits, another confirms; publicity begins."""
    staff = plan.world.caller(plan.staff, plan.book)
    submitting, sent = await _submission(plan, staff)
    told = await staff.do(submitting, sent, lambda told: {name: told[name] for name in ("submission_id", "rows")})
    submission_id = told["submission_id"]
    confirming = Command("confirmations", "exam", "POST", f"/v1/submissions/{submission_id}/confirm")
    second = plan.world.caller(plan.second, plan.book)
    await second.do(
        confirming, {"submission_id": submission_id}, lambda told: {"ends_at": told["publicity"]["ends_at"]}
    )


async def _submission(plan: Plan, staff: Caller) -> tuple[Command, Mapping[str, Any]]:
    path = f"/v1/plans/{plan.plan_id}/results"
    if plan.track is not Track.ENTERPRISE:
        drawing_up = Command("results", "exam", "POST", f"{path}/draw-up", not_yet=(*STILL_OPEN, *_NOT_SCORED_YET))
        return drawing_up, {"drawn_up": len(plan.assessed)}
    sent = {"rows": [[person.number, marks_of(person)] for person in plan.assessed]}
    if int(plan.name[-1]) % 2:
        rows = {"rows": [_row(plan, person) for person in plan.assessed]}
        return Command("results", "exam", "POST", path, rows, not_yet=STILL_OPEN), sent
    template = (await staff.fetch("exam", f"{path}/template", format="csv")).body
    file = ("results.csv", _filled(plan, template))
    return Command("results", "exam", "POST", f"{path}/file", file=file, not_yet=STILL_OPEN), sent


def marks_of(person: Person) -> dict[str, int | None]:
    """What an enterprise's assessors give somebody, in tenths; None is absent."""
    return {THEORY: person.theory_mark, SKILL: None if person.fate is Fate.ABSENT else person.mark}


def _row(plan: Plan, person: Person) -> dict[str, Any]:
    scores = {code: _written(mark) for code, mark in marks_of(person).items()}
    return {"entry_id": plan.entry_ids[person], "name": person.name, "scores": scores}


def _filled(plan: Plan, template: bytes) -> bytes:
    rows = list(csv.reader(io.StringIO(template.decode("utf-8-sig"))))
    heading, people = rows[0], {plan.entry_ids[person]: person for person in plan.assessed}
    for row in rows[1:]:
        for code, mark in marks_of(people[row[heading.index(_PERSON)]]).items():
            row[heading.index(_HEADINGS[code])] = _written(mark)
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode("utf-8-sig")


def _written(mark: int | None) -> str:
    return ABSENT_TEXT if mark is None else f"{mark // 10}.{mark % 10}"
