"""Forms are drawn from the bank through the API, and never change afterwards."""

from typing import Any

import pytest

from luban.webkit.authentication import Role
from tests.integration.exam.assessment_rig import BLUEPRINT, Assessment, assessment, code, items

__all__ = ["assessment"]


def item_ids(assessment: Assessment, form_id: str) -> list[Any]:
    query = "select item_id, item_version, points_tenths from form_item where form_id = %s order by position"
    return assessment.rig.rows(query, (form_id,))


def test_a_form_is_drawn_by_blueprint_and_remembers_the_version_of_its_bank(assessment: Assessment) -> None:
    assessment.bank(items())
    answer = assessment.draw(assessment.plan(0))
    assert answer.status_code == 201
    drawn = answer.json()
    assert (drawn["bank_version"], drawn["items"], drawn["total_tenths"]) == (1, 10, 1000)
    assert sum(points for _, _, points in item_ids(assessment, drawn["form_id"])) == 1000


def test_the_same_seed_draws_the_same_form_until_the_bank_changes(assessment: Assessment) -> None:
    assessment.bank(items())
    facts = assessment.plan(0)
    first, again = (item_ids(assessment, assessment.draw(facts).json()["form_id"]) for _ in range(2))
    assert first == again
    assessment.bank([item | {"stem": f"新{item['stem']}"} for item in items()])
    assert item_ids(assessment, assessment.draw(facts).json()["form_id"]) != first


def test_items_that_nobody_approved_are_not_drawn(assessment: Assessment) -> None:
    assessment.bank(items(4, 2, 3))
    assert code(assessment.draw(assessment.plan(0))) == (422, "form-items-lacking")


def test_a_cell_that_asks_for_too_much_is_named_and_nothing_is_kept(assessment: Assessment) -> None:
    assessment.bank(items())
    blueprint = [
        {"type": "SINGLE", "count": 4, "points_tenths": 125},
        {"type": "SINGLE", "count": 5, "points_tenths": 100, "category": "law"},
    ]
    answer = assessment.draw(assessment.plan(0), blueprint=blueprint)
    assert code(answer) == (422, "form-items-lacking")
    wanted = {"cell": 2, "type": "SINGLE", "category": "law", "wanted": 5, "found": 4}
    assert answer.json()["params"] == wanted
    assert assessment.rig.one("select count(*) from form") == 0


NO_FORMS: tuple[tuple[dict[str, Any], tuple[int, str]], ...] = (
    ({"blueprint": [*BLUEPRINT, {"type": "SINGLE", "count": 1, "points_tenths": 5}]}, (422, "form-total")),
    ({"blueprint": []}, (422, "request-invalid")),
    ({"blueprint": [{"type": "SINGLE", "count": 0, "points_tenths": 100}]}, (422, "request-invalid")),
    ({"blueprint": [{"type": "ESSAY", "count": 10, "points_tenths": 100}]}, (422, "request-invalid")),
    ({"subject_code": "NONE"}, (404, "subject-unknown")),
    ({"bank": "none"}, (404, "bank-unknown")),
    ({"plan_id": "0193d3f0-0000-7000-8000-000000000000"}, (404, "plan-unknown")),
    ({"minutes": 0}, (422, "request-invalid")),
)


def test_a_form_that_makes_no_sense_is_refused(assessment: Assessment) -> None:
    assessment.bank(items())
    facts = assessment.plan(0)
    for change, refusal in NO_FORMS:
        assert code(assessment.draw(facts, **change)) == refusal, change
    assert assessment.rig.one("select count(*) from form") == 0


def test_only_the_province_draws_forms(assessment: Assessment) -> None:
    for role in (Role.BODY_STAFF, Role.CANDIDATE, Role.ITEM_AUTHOR, Role.RATER):
        assert code(assessment.call("POST", "/forms", role, json={})) == (403, "role-not-allowed")


def test_the_database_itself_keeps_forms_from_changing(assessment: Assessment) -> None:
    assessment.bank(items())
    assessment.draw(assessment.plan(0))
    with pytest.raises(Exception, match="only grows"):
        assessment.rig.rows("delete from form_item returning position")
