"""Bodies are filed, and publish what they may; what they may not is refused and leaves nothing behind."""

from typing import Any

import pytest

from tests.integration.registration.conftest import Service, made, refusal
from tests.integration.registration.people import ELECTRICIAN, body, plan


def test_a_filed_body_stands_in_the_public_directory(service: Service) -> None:
    body_id = service.filed(name="某评价协会")
    shown = made(service.client.get(f"/v1/bodies/{body_id}"), 200)
    assert (shown["name"], shown["status"], shown["scope"][0]["levels"]) == ("某评价协会", "ACTIVE", [5, 4, 3, 2, 1])
    assert [item["body_id"] for item in made(service.client.get("/v1/bodies"), 200)["items"]] == [body_id]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code": "Y000037000001", "body_class": "SOCIAL"}, "body-code-class"),
        ({"code": "S00003700001"}, "body-code-format"),
        ({"credit_code": "91350100M000100Y40"}, "credit-code-check-digit"),
        ({"division": "999999"}, "division-unknown"),
        ({"scope": []}, "scope-empty"),
        ({"valid_from": "2029-01-01"}, "body-validity"),
        ({"scope": [{"occupation_code": "4-10-01-02", "levels": [3]}]}, "occupation-retired"),
        ({"scope": [{"occupation_code": "6-99-99-99", "levels": [3]}]}, "occupation-unknown"),
        ({"scope": [{"occupation_code": "4-09-02-05", "levels": [5]}]}, None),
        ({"scope": [{"occupation_code": "4-07-05-01", "levels": [5]}]}, "occupation-licensed"),
        ({"project_ids": ["01930000-0000-7000-8000-000000000001"]}, "project-unknown"),
    ],
)
def test_a_filing_that_contradicts_the_rules_is_refused(
    service: Service, changes: dict[str, Any], code: str | None
) -> None:
    answer = service.post("/v1/bodies", service.province(), body(**changes))
    if code is not None:
        assert refusal(answer) == code
        assert service.rows("select 1 from body") == []


def test_one_code_is_filed_once(service: Service) -> None:
    made(service.post("/v1/bodies", service.province(), body()))
    assert refusal(service.post("/v1/bodies", service.province(), body()), 409) == "body-code-taken"


def test_a_plan_is_held_at_a_site_of_its_own_body(service: Service) -> None:
    mine, other = service.filed(site_codes=["000500"]), service.filed()
    made(service.post("/v1/plans", service.staff(mine), plan(site_code="000500")))
    elsewhere = plan(site_code=service.sites[other])
    assert refusal(service.post("/v1/plans", service.staff(mine), elsewhere)) == "plan-site-of-another"
    held = made(service.post("/v1/plans", service.staff(mine), plan(exam_from="2026-12-21", exam_to="2026-12-21")))
    moved = service.client.patch(
        f"/v1/plans/{held['plan_id']}", headers=service.staff(mine), json={"site_code": service.sites[other]}
    )
    assert refusal(moved) == "plan-site-of-another"


def test_a_site_is_one_body_s_for_ever(service: Service) -> None:
    first = service.filed(site_codes=["000500"])
    again = body("S000037000900", site_codes=["000500"])
    assert refusal(service.post("/v1/bodies", service.province(), again), 409) == "site-taken"
    made(service.client.patch(f"/v1/bodies/{first}", headers=service.province(), json={"site_codes": []}), 200)
    assert refusal(service.post("/v1/bodies", service.province(), again), 409) == "site-taken"
    assert len(service.rows("select 1 from body")) == 1


def test_body_events_are_reserved_and_not_sent(service: Service) -> None:
    body_id = service.filed()
    made(service.client.patch(f"/v1/bodies/{body_id}", headers=service.province(), json={"name": "新名"}), 200)
    made(service.post(f"/v1/bodies/{body_id}/suspend", service.province(), {"reason": "整改"}), 200)
    made(service.post("/v1/projects", service.province(), {"code": "SD-1", "name": "剪纸", "category": "手工制作"}))
    assert service.event_names() == []
    changes = service.rows("select change, reason from body_history order by id")
    assert changes == [("file", None), ("change", None), ("suspend", "整改")]


def test_a_suspended_body_publishes_nothing_until_it_is_resumed(service: Service) -> None:
    body_id = service.filed()
    made(service.post(f"/v1/bodies/{body_id}/suspend", service.province(), {"reason": "整改"}), 200)
    assert refusal(service.post("/v1/plans", service.staff(body_id), plan()), 409) == "body-not-active"
    made(service.post(f"/v1/bodies/{body_id}/resume", service.province(), {"reason": "整改完成"}), 200)
    made(service.post("/v1/plans", service.staff(body_id), plan()))


def test_what_cannot_happen_to_a_body_names_state_and_attempt(service: Service) -> None:
    body_id = service.filed()
    answer = service.post(f"/v1/bodies/{body_id}/resume", service.province(), {"reason": "x"})
    assert refusal(answer, 409) == "body-state"
    assert answer.json()["params"] == {"state": "ACTIVE", "attempt": "resume"}


def test_a_published_plan_has_its_number_subjects_and_event(service: Service) -> None:
    shown = service.published()
    assert shown["plan_no"] == "26370000720001"
    assert (shown["state"], shown["plan_version"]) == ("OPEN", 1)
    assert [subject["code"] for subject in shown["subjects"]] == ["THEORY", "SKILL"]
    (event,) = service.events("PlanPublished")
    facts = event.payload.plan
    assert (facts.plan_id, facts.level.occupation_name, facts.level.standard_edition) == (
        shown["plan_id"],
        "电工",
        "2023",
    )
    assert (facts.body.code, facts.exam_from, len(facts.subjects)) == ("S000037000072", "2026-12-19", 2)
    assert str(event.aggregate_id) == shown["plan_id"]


def test_review_is_a_subject_of_levels_2_and_1(service: Service) -> None:
    level = {"occupation_code": ELECTRICIAN, "trade": "", "level": 2}
    assert [s["code"] for s in service.published(level=level)["subjects"]] == ["THEORY", "SKILL", "REVIEW"]


def test_plan_numbers_of_a_site_count_up(service: Service) -> None:
    body_id = service.filed()
    assert [service.published(body_id)["plan_no"] for _ in range(3)] == [f"2637000072000{n}" for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"level": {"occupation_code": "6-18-02-04", "level": 3}}, 422, "plan-out-of-scope"),
        ({"level": {"occupation_code": ELECTRICIAN, "level": 2}}, 422, "plan-out-of-scope"),
        ({"level": {"occupation_code": "4-10-01-02", "level": 3}}, 422, "occupation-retired"),
        ({"level": {"occupation_code": "6-99-99-99", "level": 3}}, 422, "occupation-unknown"),
        ({"level": {"occupation_code": "4-10-01-01", "level": 1}}, 422, "occupation-level-missing"),
        ({"level": {"occupation_code": "4-07-05-01", "level": 5}}, 422, "occupation-licensed"),
        ({"track": "ENTERPRISE"}, 422, "track-of-body"),
        ({"track": "SPECIAL_ABILITY"}, 422, "plan-scheme"),
        ({"level": None}, 422, "plan-scheme"),
        ({"exam_from": "2026-12-04", "exam_to": "2026-12-04", "registration_to": "2026-11-24"}, 422,
         "plan-notice-too-short"),
        ({"registration_to": "2026-12-14"}, 422, "plan-registration-too-late"),
        ({"registration_from": "2026-11-20"}, 422, "plan-registration-past"),
        ({"registration_to": "2026-11-22"}, 422, "plan-dates-order"),
        ({"exam_from": "2040-05-09", "exam_to": "2040-05-09"}, 422, "body-not-valid"),
        ({"exam_from": "2028-12-19", "exam_to": "2028-12-19"}, 422, "calendar-year-missing"),
        ({"subjects": [{"code": "WORK", "name": "工作业绩"}]}, 422, "subjects-fixed"),
        ({"capacity": 0}, 422, "plan-capacity"),
        ({"division": "379999"}, 422, "division-unknown"),
        ({"site_code": "72"}, 422, "request-invalid"),
        ({"route": "COMPETITION"}, 422, "request-invalid"),
    ],
)  # fmt: skip
def test_a_plan_that_may_not_be_is_refused_and_leaves_nothing(
    service: Service, changes: dict[str, Any], status: int, code: str
) -> None:
    scope = [{"occupation_code": ELECTRICIAN, "trade": "", "levels": [5, 4, 3]}]
    body_id = service.filed(scope=scope)
    assert refusal(service.post("/v1/plans", service.staff(body_id), plan(**changes)), status) == code
    assert service.rows("select 1 from plan union all select 1 from plan_number") == []
    assert service.event_names() == []


def test_a_plan_of_another_body_is_out_of_reach(service: Service) -> None:
    shown = service.published()
    other = service.staff(service.filed())
    path = f"/v1/plans/{shown['plan_id']}"
    assert refusal(service.client.patch(path, headers=other, json={"capacity": 5}), 403) == "not-your-body"
    assert refusal(service.post(f"{path}/cancel", other, {"reason": "x"}), 403) == "not-your-body"
    assert refusal(service.client.get(f"{path}/entries", headers=other), 403) == "not-your-body"


def test_an_enterprise_chooses_its_subjects(service: Service) -> None:
    body_id = service.filed(letter="Y")
    subjects = [{"code": "SKILL", "name": "操作技能"}, {"code": "WORK", "name": "工作业绩"}]
    shown = service.published(body_id, track="ENTERPRISE", subjects=subjects)
    assert [subject["code"] for subject in shown["subjects"]] == ["SKILL", "WORK"]
    twice = [subjects[0], subjects[0]]
    answer = service.post("/v1/plans", service.staff(body_id), plan(track="ENTERPRISE", subjects=twice))
    assert refusal(answer) == "subject-repeated"


def test_a_special_ability_plan_names_a_project_in_scope(service: Service) -> None:
    project = made(
        service.post("/v1/projects", service.province(), {"code": "SD-1", "name": "剪纸", "category": "手工制作"})
    )
    ability = {"track": "SPECIAL_ABILITY", "level": None, "project_id": project["project_id"]}
    outside = service.filed()
    assert refusal(service.post("/v1/plans", service.staff(outside), plan(**ability))) == "plan-out-of-scope"
    body_id = service.filed(scope=[], project_ids=[project["project_id"]])
    shown = service.published(body_id, **ability)
    assert [subject["code"] for subject in shown["subjects"]] == ["SKILL"]
    (event,) = service.events("PlanPublished")
    assert event.payload.plan.special_ability.project_name == "剪纸"
    made(service.post(f"/v1/projects/{project['project_id']}/withdraw", service.province()), 200)
    assert refusal(service.post("/v1/plans", service.staff(body_id), plan(**ability)), 409) == "project-state"


def test_a_change_raises_the_version_and_says_so(service: Service) -> None:
    body_id = service.filed()
    shown = service.published(body_id)
    path, staff = f"/v1/plans/{shown['plan_id']}", service.staff(body_id)
    changed = made(service.client.patch(path, headers=staff, json={"capacity": 400, "site_name": "新考点"}), 200)
    assert (changed["plan_version"], changed["capacity"], changed["site_name"]) == (2, 400, "新考点")
    same = made(service.client.patch(path, headers=staff, json={"capacity": 400}), 200)
    assert same["plan_version"] == 2
    (event,) = service.events("PlanChanged")
    assert (event.payload.plan.plan_version, event.payload.plan.site_name, event.version) == (2, "新考点", 2)


def test_a_change_of_days_comes_in_time_or_not_at_all(service: Service) -> None:
    body_id = service.filed()
    path = f"/v1/plans/{service.published(body_id)['plan_id']}"
    staff = service.staff(body_id)
    later = {"exam_from": "2026-12-26", "exam_to": "2026-12-27"}
    assert made(service.client.patch(path, headers=staff, json=later), 200)["exam_from"] == "2026-12-26"
    nearer = {"exam_from": "2026-12-04", "exam_to": "2026-12-04"}
    assert refusal(service.client.patch(path, headers=staff, json=nearer)) == "plan-change-too-late"
    assert refusal(service.client.patch(path, headers=staff, json={"track": "ENTERPRISE"})) == "request-invalid"


def test_lists_are_paged_and_filtered(service: Service) -> None:
    body_id = service.filed()
    ids = [service.published(body_id)["plan_id"] for _ in range(3)]
    first = made(service.client.get("/v1/plans?limit=2&track=SOCIAL&state=OPEN"), 200)
    rest = made(service.client.get("/v1/plans", params={"limit": 2, "cursor": first["next"]}), 200)
    assert [item["plan_id"] for item in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next"] is None
    assert made(service.client.get("/v1/plans?state=CLOSED"), 200)["items"] == []
