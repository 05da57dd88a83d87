"""What a correction leads to, before and after confirmation."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from luban.eventkit.ids import new_id
from tests.integration.exam.desk import Desk, candidate, province, publicised, refusal, staff_of, submitted
from tests.integration.exam.rig import ExamRig

ENDS = datetime(2026, 12, 16, 16, tzinfo=UTC)
AGAIN = datetime(2026, 12, 24, 16, tzinfo=UTC)
"""The end of a publicity that begins on Thursday 17 December 2026."""


def correct(desk: Desk, result_id: UUID, scores: dict[str, Any], **changes: Any) -> httpx.Response:
    """A correction by somebody of the province."""
    body = {"scores": scores, "reason_code": "transcription-error", "reason": "登分有误", **changes}
    return desk.post(f"/results/{result_id}/correction", province(), json=body)


def one_result(desk: Desk, rig: ExamRig, theory: str = "70", *, confirmed: bool = True) -> UUID:
    """The result of a plan with one candidate."""
    plan = rig.plan_with(1)
    publicised(desk, plan, {1: (theory, "80.5")})
    if confirmed:
        rig.clock(ENDS)
        rig.fire_timers()
    return UUID(str(rig.one("select result_id from result")))


def standing(rig: ExamRig) -> tuple[str, bool, int]:
    """State, passed and confirmation_no of the only result."""
    ((state, passed, number),) = rig.rows("select state, passed, confirmation_no from result")
    return state, passed, number


def test_a_pass_that_was_none_is_told_at_once(desk: Desk, rig: ExamRig) -> None:
    result_id = one_result(desk, rig)
    answer = correct(desk, result_id, {"THEORY": 599}).json()
    assert (answer["state"], answer["passed"]) == ("CONFIRMED", False)
    assert standing(rig) == ("CONFIRMED", False, 1)
    (event,) = rig.events("ResultCorrected")
    payload = event.result_corrected
    assert (payload.result_id, payload.confirmation_no, payload.passed) == (str(result_id), 1, False)
    assert (payload.reason_code, event.aggregate_version) == ("transcription-error", 2)
    assert [(score.subject_code, score.score_tenths) for score in payload.scores] == [("THEORY", 599), ("SKILL", 805)]
    assert rig.fire_timers() == 0


def test_other_scores_of_a_pass_are_told_and_it_stays_one(desk: Desk, rig: ExamRig) -> None:
    result_id = one_result(desk, rig)
    correct(desk, result_id, {"THEORY": 910})
    assert standing(rig) == ("CONFIRMED", True, 1)
    assert [event.result_corrected.passed for event in rig.events("ResultCorrected")] == [True]
    assert len(rig.events("ResultConfirmed")) == 1


def test_a_fail_that_was_a_pass_goes_through_publicity_again(desk: Desk, rig: ExamRig) -> None:
    result_id = one_result(desk, rig, "55")
    assert rig.events("ResultConfirmed") == []
    assert correct(desk, result_id, {"THEORY": 655}).json()["publicity_ends_at"] == "2026-12-24T16:00:00Z"
    assert standing(rig) == ("PUBLICISED", True, 0)
    assert rig.fire_timers() == 0
    rig.clock(AGAIN)
    assert rig.fire_timers() == 1
    assert standing(rig) == ("CONFIRMED", True, 1)
    assert len(rig.events("ResultConfirmed")) == 1
    assert rig.events("ResultCorrected") == []


def test_a_pass_that_comes_again_is_confirmed_under_the_next_number(desk: Desk, rig: ExamRig) -> None:
    result_id = one_result(desk, rig)
    correct(desk, result_id, {"THEORY": 500})
    correct(desk, result_id, {"THEORY": 620})
    rig.clock(AGAIN)
    rig.fire_timers()
    assert standing(rig) == ("CONFIRMED", True, 2)
    assert [event.result_confirmed.confirmation_no for event in rig.events("ResultConfirmed")] == [1, 2]
    assert rig.rows("select confirmation_no from confirmation order by 1") == [(1,), (2,)]
    own = candidate(UUID(str(rig.one("select candidate_id from result"))))
    history = desk.get("/results", own).json()["items"][0]["history"]
    assert [(step["state"], step["reason"]) for step in history] == [
        ("AWAITING_CONFIRMATION", "submitted"),
        ("PUBLICISED", "confirmed-by-body"),
        ("CONFIRMED", "publicity-over"),
        ("CONFIRMED", "transcription-error"),
        ("PUBLICISED", "transcription-error"),
        ("CONFIRMED", "publicity-over"),
    ]


def test_a_fail_with_other_scores_is_recorded_only(desk: Desk, rig: ExamRig) -> None:
    result_id = one_result(desk, rig, "55")
    correct(desk, result_id, {"THEORY": "ABSENT"})
    assert standing(rig) == ("CONFIRMED", False, 0)
    assert rig.one("select count(*) from eventkit.journal") == 0
    assert rig.rows(
        "select corrected_by is not null, reason, old_scores->'THEORY', new_scores->'THEORY' from correction"
    ) == [(True, "登分有误", {"outcome": "SCORED", "score_tenths": 550}, {"outcome": "ABSENT", "score_tenths": 0})]


def test_before_confirmation_a_correction_restarts_publicity_of_that_result_alone(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(2)
    publicised(desk, plan)
    rig.clock(datetime(2026, 12, 15, 2, tzinfo=UTC))
    result_id = rig.one("select result_id from result where publicity_no = 1")
    assert correct(desk, result_id, {"SKILL": 750}).json()["publicity_ends_at"] == "2026-12-22T16:00:00Z"
    rig.clock(ENDS)
    rig.fire_timers()
    assert rig.rows("select state from result order by publicity_no") == [("PUBLICISED",), ("CONFIRMED",)]
    rig.clock(datetime(2026, 12, 22, 16, tzinfo=UTC))
    rig.fire_timers()
    assert rig.rows("select state from result order by publicity_no") == [("CONFIRMED",), ("CONFIRMED",)]
    assert len(rig.events("ResultConfirmed")) == 2


@pytest.mark.parametrize(
    ("scores", "changes", "code"),
    [
        ({"THEORY": 1005}, {}, "mark-range"),
        ({"THEORY": -1}, {}, "mark-range"),
        ({"MAGIC": 700}, {}, "subject-unknown"),
        ({"THEORY": 700}, {}, "nothing-to-correct"),
        ({"THEORY": "GOOD"}, {}, "request-invalid"),
        ({"THEORY": 70.5}, {}, "request-invalid"),
        ({"THEORY": True}, {}, "request-invalid"),
        ({}, {}, "request-invalid"),
        ({"THEORY": 650}, {"reason": " "}, "request-invalid"),
        ({"THEORY": 650}, {"reason_code": "Free text"}, "request-invalid"),
    ],
)
def test_a_bad_correction_changes_nothing(
    desk: Desk, rig: ExamRig, scores: dict[str, Any], changes: dict[str, Any], code: str
) -> None:
    result_id = one_result(desk, rig)
    assert refusal(correct(desk, result_id, scores, **changes)) == (422, code)
    assert standing(rig) == ("CONFIRMED", True, 1)
    assert rig.one("select count(*) from correction") == 0


def test_an_unknown_or_unconfirmed_result_is_not_corrected(desk: Desk, rig: ExamRig) -> None:
    assert refusal(correct(desk, new_id(), {"THEORY": 700})) == (404, "result-unknown")
    plan = rig.plan_with(1)
    submitted(desk, plan)
    result_id = rig.one("select result_id from result")
    assert refusal(correct(desk, result_id, {"THEORY": 650})) == (409, "result-not-publicised")
    body = {"scores": {"THEORY": 650}, "reason_code": "x", "reason": "x"}
    assert desk.post(f"/results/{result_id}/correction", staff_of(plan), json=body).status_code == 403


def test_the_record_of_corrections_only_grows(desk: Desk, rig: ExamRig) -> None:
    correct(desk, one_result(desk, rig), {"THEORY": 650})
    for table in ("correction", "confirmation"):
        with pytest.raises(psycopg.errors.RestrictViolation, match=f"public.{table} only grows"):
            rig.rows(f"delete from {table}")
