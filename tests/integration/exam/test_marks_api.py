"""Skill and review marked by panels."""

from typing import Any
from uuid import UUID

import pytest

from luban.events.v1.common_pb2 import LevelScheme, Subject
from luban.webkit.authentication import Role
from tests.integration.exam.assessment_rig import RATERS, START, Assessment, assessment, code, items

__all__ = ["assessment"]


@pytest.fixture
def exam(assessment: Assessment) -> tuple[Assessment, Any, list[UUID]]:
    """Two candidates on the first exam day, with a panel of three for SKILL."""
    facts = assessment.plan(2)
    assessment.rig.clock(START)
    assert name_panel(assessment, facts, RATERS[:3]).status_code == 200
    return assessment, facts, assessment.rig.entry_ids(facts.plan_id)


Exam = tuple[Assessment, Any, list[UUID]]


def name_panel(assessment: Assessment, facts: Any, raters: list[UUID], subject: str = "SKILL") -> Any:
    path = f"/plans/{facts.plan_id}/subjects/{subject}/raters"
    return assessment.as_staff("PUT", path, facts, json={"rater_ids": [str(rater) for rater in raters]})


def give(exam: Exam, rater: UUID, *marks: int | None, **changes: Any) -> Any:
    """One rater's marks of the candidates in order; None is absent."""
    assessment, facts, entries = exam
    given = [
        {"entry_id": str(entry), "score_tenths": mark, "absent": mark is None}
        for entry, mark in zip(entries, marks, strict=False)
    ]
    path = f"/plans/{facts.plan_id}/subjects/{changes.pop('subject', 'SKILL')}/marks"
    body_id = changes.pop("body_id", facts.body.body_id)
    return assessment.call("PUT", path, Role.RATER, rater, body_id, json={"marks": given} | changes)


def states(exam: Exam) -> list[str]:
    assessment, facts, entries = exam
    rows = assessment.as_staff("GET", f"/plans/{facts.plan_id}/subjects/SKILL/marking", facts).json()["items"]
    by_entry = {UUID(row["entry_id"]): row["state"] for row in rows}
    return [by_entry[entry] for entry in entries]


def outcome(exam: Exam, number: int = 0) -> tuple[str, int, str] | None:
    assessment, facts, entries = exam
    return assessment.outcomes(facts, "SKILL").get(entries[number])


def test_the_last_rater_of_the_panel_completes_the_subject(exam: Exam) -> None:
    assert give(exam, RATERS[0], 700, 590).json() == {"kept": 2}
    give(exam, RATERS[1], 710)
    assert outcome(exam) is None
    give(exam, RATERS[2], 720)
    assert outcome(exam) == ("SCORED", 710, "panel")
    assert outcome(exam, 1) is None
    assert states(exam) == ["COMPLETE", "INCOMPLETE"]


def test_five_raters_lose_their_highest_and_lowest_mark(exam: Exam) -> None:
    assert name_panel(exam[0], exam[1], RATERS[:5]).status_code == 200
    for rater, mark in zip(RATERS, (0, 600, 605, 611, 1000), strict=False):
        give(exam, rater, mark)
    assert outcome(exam) == ("SCORED", 605, "panel")


def test_the_review_of_levels_2_and_1_is_marked_the_same_way(assessment: Assessment) -> None:
    review = [Subject(code="REVIEW", name="综合评审", pass_tenths=600)]
    facts = assessment.plan(1, level=LevelScheme(level=2), subjects=review)
    assessment.rig.clock(START)
    assert name_panel(assessment, facts, RATERS[:3], "REVIEW").status_code == 200
    exam = (assessment, facts, assessment.rig.entry_ids(facts.plan_id))
    for rater, mark in zip(RATERS, (600, 610, 640), strict=False):
        give(exam, rater, mark, subject="REVIEW")
    assert list(assessment.outcomes(facts, "REVIEW").values()) == [("SCORED", 617, "panel")]


def test_zero_from_all_is_a_score_and_absent_from_all_is_absent(exam: Exam) -> None:
    for rater in RATERS[:3]:
        give(exam, rater, 0, None)
    assert (outcome(exam), outcome(exam, 1)) == (("SCORED", 0, "panel"), ("ABSENT", 0, "panel"))


def test_raters_who_disagree_about_absence_are_shown_to_the_body_and_may_settle_it(exam: Exam) -> None:
    give(exam, RATERS[0], None)
    give(exam, RATERS[1], 700)
    give(exam, RATERS[2], 700)
    assert outcome(exam) is None
    assert states(exam)[0] == "ABSENCE_DISPUTED"
    give(exam, RATERS[0], 640)
    assert outcome(exam) == ("SCORED", 680, "panel")


def test_an_even_number_of_raters_is_refused(exam: Exam) -> None:
    for number in (1, 2, 4, 6):
        assert code(name_panel(exam[0], exam[1], RATERS[:number])) == (422, "raters-number")
    assert exam[0].rig.one("select count(*) from panel_rater") == 3


def test_a_rater_named_twice_is_refused(exam: Exam) -> None:
    assert code(name_panel(exam[0], exam[1], [RATERS[0], RATERS[0], RATERS[1]])) == (422, "raters-repeated")


def test_a_rater_of_another_body_is_refused(exam: Exam) -> None:
    assert code(give(exam, RATERS[0], 700, body_id=UUID(int=1))) == (403, "not-your-plan")
    assert code(give(exam, RATERS[0], 700, body_id=None)) == (403, "not-your-plan")
    assert exam[0].rig.one("select count(*) from mark") == 0


def test_a_rater_who_is_not_named_is_refused(exam: Exam) -> None:
    assert code(give(exam, RATERS[3], 700)) == (403, "rater-not-named")
    assert code(give(exam, RATERS[0], 700, subject="THEORY")) == (403, "rater-not-named")
    assert code(give(exam, RATERS[0], 700, subject="REVIEW")) == (404, "subject-unknown")


def test_another_body_names_no_panel_here(exam: Exam) -> None:
    assessment, facts, _ = exam
    path = f"/plans/{facts.plan_id}/subjects/SKILL/raters"
    body = {"rater_ids": [str(rater) for rater in RATERS[:3]]}
    answer = assessment.as_staff("PUT", path, assessment.plan(0), json=body)
    assert code(answer) == (403, "not-your-plan")


def test_the_panel_stays_once_marking_has_begun(exam: Exam) -> None:
    give(exam, RATERS[0], 700)
    assert code(name_panel(exam[0], exam[1], RATERS[2:5])) == (409, "marking-begun")


def test_a_subject_with_a_form_has_no_panel(exam: Exam) -> None:
    assessment, facts, _ = exam
    assessment.bank(items())
    assessment.draw(facts)
    assert code(name_panel(assessment, facts, RATERS[:3], "THEORY")) == (409, "subject-by-paper")


def test_a_rater_reads_own_marks_only(exam: Exam) -> None:
    assessment, facts, entries = exam
    give(exam, RATERS[0], 700)
    give(exam, RATERS[1], 610)
    path = f"/plans/{facts.plan_id}/subjects/SKILL/marks"
    own = assessment.call("GET", path, Role.RATER, RATERS[1], facts.body.body_id).json()["items"]
    assert own == [{"entry_id": str(entries[0]), "score_tenths": 610, "absent": False}]
    assert code(assessment.call("GET", path, Role.RATER, RATERS[4], facts.body.body_id)) == (403, "rater-not-named")
    assert code(assessment.as_staff("GET", path, facts)) == (403, "role-not-allowed")


def test_a_mark_may_change_until_the_panel_is_complete_and_is_kept_as_it_was(exam: Exam) -> None:
    give(exam, RATERS[0], 700)
    assert give(exam, RATERS[0], 650).status_code == 200
    give(exam, RATERS[1], 650)
    give(exam, RATERS[2], 650)
    assert outcome(exam) == ("SCORED", 650, "panel")
    assert code(give(exam, RATERS[0], 900)) == (409, "panel-complete")
    assert give(exam, RATERS[0], 650).status_code == 200
    assert give(exam, RATERS[0], 680, reason="登记笔误").status_code == 200
    assert outcome(exam) == ("SCORED", 660, "panel")
    changes = exam[0].rig.rows("select old_tenths, new_tenths, reason from mark_change order by changed_at")
    assert changes == [(700, 650, None), (650, 680, "登记笔误")]


def test_one_bad_row_refuses_them_all(exam: Exam) -> None:
    assessment, facts, entries = exam
    path = f"/plans/{facts.plan_id}/subjects/SKILL/marks"
    good = {"entry_id": str(entries[0]), "score_tenths": 700}
    for bad, refusal in (
        ({"entry_id": str(entries[1]), "score_tenths": 1001}, (422, "mark-range")),
        ({"entry_id": str(entries[1]), "score_tenths": -1}, (422, "mark-range")),
        ({"entry_id": str(entries[1]), "score_tenths": 100.5}, (422, "request-invalid")),
        ({"entry_id": str(entries[1])}, (422, "mark-or-absent")),
        ({"entry_id": str(entries[1]), "score_tenths": 0, "absent": True}, (422, "mark-or-absent")),
        ({"entry_id": str(entries[0]), "score_tenths": 1}, (422, "entry-repeated")),
        ({"entry_id": str(UUID(int=5)), "score_tenths": 1}, (422, "entry-foreign")),
    ):
        body = {"marks": [good, bad]}
        answer = assessment.call("PUT", path, Role.RATER, RATERS[0], facts.body.body_id, json=body)
        assert code(answer) == refusal
    assert assessment.rig.one("select count(*) from mark") == 0


def test_at_most_500_rows_come_at_once(exam: Exam) -> None:
    assessment, facts, _ = exam
    path = f"/plans/{facts.plan_id}/subjects/SKILL/marks"
    rows = [{"entry_id": str(UUID(int=number)), "score_tenths": 600} for number in range(501)]
    answer = assessment.call("PUT", path, Role.RATER, RATERS[0], facts.body.body_id, json={"marks": rows})
    assert code(answer) == (422, "request-invalid")
    answer = assessment.call("PUT", path, Role.RATER, RATERS[0], facts.body.body_id, json={"marks": rows[:500]})
    assert code(answer) == (422, "entry-foreign")


def test_nothing_is_marked_before_the_exam_or_while_registration_is_open(assessment: Assessment) -> None:
    closed, still_open = assessment.plan(1), assessment.plan(1, closed=False)
    for facts, refusal in ((closed, (409, "marking-early")), (still_open, (409, "plan-open"))):
        name_panel(assessment, facts, RATERS[:3])
        exam = (assessment, facts, assessment.rig.entry_ids(facts.plan_id))
        assert code(give(exam, RATERS[0], 700)) == refusal
