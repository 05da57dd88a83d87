"""Skill marked by three raters, each alone, by the list of entries: they see no names."""

from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any

from luban.cli.demo.chance import chance
from luban.cli.demo.cycle import Cycle
from luban.cli.demo.marks import SKILL, raters_marks
from luban.cli.demo.offices import Offices, Official
from luban.cli.demo.people import Person

RATERS = 3
_MOST_MARKS = 500
"""In one request."""


def rate(cycle: Cycle, offices: Offices, seed: int) -> None:
    """Names the panel, and each rater marks everybody."""
    path = f"/v1/plans/{cycle.plan_id}/subjects/{SKILL}"
    raters = [offices.hire("rater", body_id=cycle.staff.body_id) for _ in range(RATERS)]
    cycle.staff.at("exam").put(f"{path}/raters", {"rater_ids": [str(rater.subject) for rater in raters]})
    panel = _panel_marks(cycle, chance(seed, f"{cycle.track}:raters"))
    cycle.gateway.all_at_once(
        lambda place: _give(cycle, raters[place], path, [marks[place] for marks in panel]), range(RATERS)
    )


def _panel_marks(cycle: Cycle, random: Random) -> list[list[dict[str, Any]]]:
    """For each entry what each of the raters gives."""
    return [_marks_of(cycle.entry_ids[person], person, random) for person in cycle.accepted()]


def _marks_of(entry_id: str, person: Person, random: Random) -> list[dict[str, Any]]:
    mark = person.marks[SKILL]
    if mark is None:
        return [{"entry_id": entry_id, "score_tenths": None, "absent": True}] * RATERS
    return [{"entry_id": entry_id, "score_tenths": each, "absent": False} for each in raters_marks(mark, random)]


def _give(cycle: Cycle, rater: Official, path: str, marks: Sequence[dict[str, Any]]) -> None:
    door = rater.at("exam")
    for first in range(0, len(marks), _MOST_MARKS):
        some = {"marks": marks[first : first + _MOST_MARKS]}
        cycle.once_closed(partial(door.put, f"{path}/marks", some, expect=(200, 409))).expect(200)
