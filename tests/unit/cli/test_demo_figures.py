"""The demo's figures: from kinds alone, and every difference told."""

from typing import Any, cast

import pytest

from luban.cli.demo.cycle import Cycle
from luban.cli.demo.figures import (
    Differences,
    TrackFigures,
    compare_certificates,
    compare_entries,
    compare_results,
    expected,
)
from luban.cli.demo.gateway import Gateway
from luban.cli.demo.kinds import Kind
from luban.cli.demo.offices import Official
from luban.cli.demo.people import Person, make_people
from luban.cli.demo.schemes import BODIES
from luban.cli.demo.timetable import BEGINS_ON, Timetable
from luban.reference.track import Track


def test_figures_of_300_candidates() -> None:
    level = TrackFigures(entries=294, accepted=264, rejected=21, passed=234, certificates=234, withdrawn=6)
    assert expected(make_people(Track.ENTERPRISE, 300, seed=1)) == level
    assert expected(make_people(Track.SOCIAL, 300, seed=1)) == level
    special = TrackFigures(entries=294, accepted=270, rejected=15, passed=240, certificates=240, withdrawn=6)
    assert expected(make_people(Track.SPECIAL_ABILITY, 300, seed=1)) == special


def test_figures_do_not_depend_on_the_seed_but_people_do() -> None:
    first, second = (make_people(Track.SOCIAL, 50, seed) for seed in (1, 2))
    assert expected(first) == expected(second)
    assert [person.kind for person in first] != [person.kind for person in second]


def test_who_withdraws_or_has_no_number_is_neither_accepted_nor_rejected() -> None:
    people = make_people(Track.SOCIAL, 100, seed=3)
    figures = expected(people)
    assert figures.entries - figures.accepted - figures.rejected == sum(each.kind is Kind.WITHDRAWS for each in people)
    assert len(people) - figures.entries == sum(each.kind is Kind.WRONG_ID for each in people)


def test_only_differences_are_noted() -> None:
    differences = Differences()
    differences.compare("entries", 5, 5)
    differences.compare("certificates", 4, 5)
    assert differences.found == ["certificates: 4 was due, 5 it is"]


class Told(Cycle):
    """A cycle whose services say what the test wants."""

    def __init__(self, track: Track) -> None:
        body = next(body for body in BODIES if body.track is track)
        people = make_people(track, 20, seed=1)
        nobody = cast("Official", None)
        super().__init__(cast("Gateway", None), Timetable.of(BEGINS_ON), body, people, nobody, nobody, nobody)
        entered = [person for person in people if person.fate.entry]
        self.entry_ids = {person: f"entry-{place}" for place, person in enumerate(entered)}
        self.told_entries = [{"entry_id": self.entry_ids[each], "state": each.fate.entry} for each in entered]
        self.told_results = [self.told_result(person) for person in self.accepted()]
        self.told_certificates = [
            {
                "result_id": f"result-of-{self.entry_ids[person]}",
                "state": "WITHDRAWN" if person.fate.certificate_withdrawn else "VALID",
            }
            for person in people
            if person.fate.passed
        ]

    def told_result(self, person: Person) -> dict[str, Any]:
        scores = {
            code: {"outcome": "SCORED" if mark is not None else "ABSENT", "score_tenths": mark or 0}
            for code, mark in person.final_marks().items()
        }
        passed = person.fate.passed and not person.fate.certificate_withdrawn
        entry_id = self.entry_ids[person]
        return {"entry_id": entry_id, "result_id": f"result-of-{entry_id}", "scores": scores, "passed": passed}

    def entries(self) -> list[dict[str, Any]]:
        return self.told_entries

    def results(self) -> list[dict[str, Any]]:
        return self.told_results

    def certificates(self) -> list[dict[str, Any]]:
        return self.told_certificates


def found_in(cycle: Cycle) -> list[str]:
    differences = Differences()
    compare_entries(differences, cycle)
    compare_results(differences, cycle, cycle.results(), final=True)
    compare_certificates(differences, cycle)
    return differences.found


@pytest.mark.parametrize("track", Track)
def test_services_that_say_what_the_seed_implies(track: Track) -> None:
    assert found_in(Told(track)) == []


def test_an_entry_in_another_state_is_found() -> None:
    cycle = Told(Track.SOCIAL)
    cycle.told_entries[0]["state"] = "CANCELLED"
    assert len(found_in(cycle)) == 1


def test_a_mark_that_is_a_tenth_off_is_found() -> None:
    cycle = Told(Track.SPECIAL_ABILITY)
    next(row for row in cycle.told_results if row["passed"])["scores"]["SKILL"]["score_tenths"] += 1
    assert [difference for difference in found_in(cycle) if "marks in tenths" in difference]


def test_absent_is_not_a_mark_of_nothing() -> None:
    cycle = Told(Track.ENTERPRISE)
    [absent] = cycle.of_kind(Kind.ABSENT)
    row = next(row for row in cycle.told_results if row["entry_id"] == cycle.entry_ids[absent])
    row["scores"]["THEORY"]["outcome"] = "SCORED"
    assert len(found_in(cycle)) == 1


@pytest.mark.parametrize("wrong", ["missing", "twice", "still valid"])
def test_certificates_are_one_for_each_pass(wrong: str) -> None:
    cycle = Told(Track.SOCIAL)
    match wrong:
        case "missing":
            cycle.told_certificates.pop()
        case "twice":
            cycle.told_certificates.append(cycle.told_certificates[0])
        case _:
            next(row for row in cycle.told_certificates if row["state"] == "WITHDRAWN")["state"] = "VALID"
    assert len(found_in(cycle)) == 1
