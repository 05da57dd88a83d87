"""Raters mark skill, each alone, by the list of entries: they see no names."""

from collections.abc import Iterable, Sequence
from functools import partial

from luban.cli.load.client import Command
from luban.cli.load.crew import Errand
from luban.cli.load.plans.plan import SKILL, Plan
from luban.cli.load.plans.seating import STILL_OPEN
from luban.cli.load.values import Fate, Person

AT_ONCE = 10
"""Entries a rater marks in one request."""
Mark = int | None
"""Tenths, or None for absent."""


async def rate(plan: Plan) -> None:
    """Everybody on the list, by every rater of the panel."""
    plan.note(await plan.world.crew.do(_errands(plan)))


def _errands(plan: Plan) -> Iterable[Errand]:
    for first in range(0, len(plan.assessed), AT_ONCE):
        for place in range(len(plan.raters)):
            yield partial(_mark, plan, place, plan.assessed[first : first + AT_ONCE])


async def _mark(plan: Plan, place: int, people: Sequence[Person]) -> None:
    rater = plan.raters[place]
    given = [(person, given_mark(person, place)) for person in people]
    body = [
        {"entry_id": plan.entry_ids[person], "score_tenths": mark, "absent": mark is None} for person, mark in given
    ]
    path = f"/v1/plans/{plan.plan_id}/subjects/{SKILL}/marks"
    command = Command("marks", "exam", "PUT", path, {"marks": body}, not_yet=STILL_OPEN)
    sent = {"rater": str(rater.subject), "marks": [[person.number, mark] for person, mark in given]}
    await plan.world.on_schedule(rater, plan.book).do(command, sent, lambda told: {"kept": told["kept"]})


def given_mark(person: Person, place: int) -> Mark:
    """What the rater at a place of the panel gives somebody."""
    return None if person.fate is Fate.ABSENT else person.raters_marks()[place]
