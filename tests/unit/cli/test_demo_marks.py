"""The demo's marks: a kind's marks lead to its fate by the rule of passing, before and after corrections."""

from collections.abc import Mapping
from random import Random

import pytest

from luban.cli.demo.kinds import FATES, Kind
from luban.cli.demo.marks import BLUEPRINT, NEAR_MISS, SKILL, THEORY, few_mistakes, raters_marks, theory_mark
from luban.cli.demo.people import Person, make_people
from luban.reference.pass_rule import ABSENT, FULL_MARK, PASS_MARK, is_passed, score, skill_mark
from luban.reference.track import Track

SOON = 0, 1
"""Seeds."""


def passed(marks: Mapping[str, int | None]) -> bool:
    return is_passed({code: ABSENT if mark is None else score(mark) for code, mark in marks.items()})


def assessed(track: Track) -> list[Person]:
    return [person for seed in SOON for person in make_people(track, 200, seed) if person.fate.entry == "ACCEPTED"]


@pytest.mark.parametrize("track", Track)
def test_marks_lead_to_the_fate_of_their_kind(track: Track) -> None:
    for person in assessed(track):
        before_correction = person.marks if person.kind is Kind.CORRECTED else person.final_marks()
        assert passed(before_correction) == FATES[person.kind].passed, person.kind


@pytest.mark.parametrize("track", Track)
def test_objections_and_corrections_turn_results_round(track: Track) -> None:
    turned = [person for person in assessed(track) if person.later]
    assert {person.kind for person in turned} == {Kind.OBJECTION_RAISES, Kind.OBJECTION_LOWERS, Kind.CORRECTED}
    assert all(passed(person.marks) != passed(person.final_marks()) for person in turned)


@pytest.mark.parametrize("track", [Track.ENTERPRISE, Track.SOCIAL])
def test_who_fails_one_subject_has_an_average_that_would_do(track: Track) -> None:
    failed = [person for person in assessed(track) if person.kind is Kind.FAILS_ONE_SUBJECT]
    assert failed
    for person in failed:
        marks = [mark or 0 for mark in person.marks.values()]
        assert min(marks) < PASS_MARK <= sum(marks) / len(marks)


def test_the_form_is_worth_100_points() -> None:
    assert sum(shape.count * shape.points for shape in BLUEPRINT) == FULL_MARK
    assert sum(shape.count for shape in BLUEPRINT) == 20


def test_theory_marks_follow_from_the_mistakes() -> None:
    for person in assessed(Track.SOCIAL):
        assert person.mistakes is not None
        assert all(person.mistakes[shape.type] <= shape.count for shape in BLUEPRINT)
        if person.marks[THEORY] is not None:
            assert person.marks[THEORY] == theory_mark(person.mistakes)


def test_few_mistakes_pass_and_a_near_miss_fails() -> None:
    assert all(theory_mark(few_mistakes(Random(seed))) >= PASS_MARK for seed in range(100))
    assert theory_mark(NEAR_MISS) == PASS_MARK - 10


@pytest.mark.parametrize("mark", [0, 1, 599, 600, 987, FULL_MARK])
def test_three_raters_come_to_the_mark(mark: int) -> None:
    for seed in range(50):
        assert skill_mark(raters_marks(mark, Random(seed)), drop_extremes_from=5) == mark


def test_only_skill_is_asked_of_a_special_ability() -> None:
    assert {tuple(person.marks) for person in assessed(Track.SPECIAL_ABILITY)} == {(SKILL,)}
