"""An enterprise's roster: all of it or nothing, each row judged as any entry."""

import time

import pytest

from luban.webkit.sheets import SheetKind, read_sheet, write_sheet
from tests.integration.registration.conftest import Service, made, refusal
from tests.integration.registration.people import PHONE, profile, resident_id, uuid

HEADING = ["序号", "姓名", "证件号码", "手机号码", "工作年限", "现有证书等级", "发证日期", "文化程度", "专业"]


def row(number: int, *, name: str = "测试甲", id_no: str = "", years: str = "10", **more: str) -> list[str]:
    """A row of somebody."""
    cells = {"序号": str(number), "姓名": name, "证件号码": id_no or resident_id(number), "手机号码": PHONE}
    cells |= {"工作年限": years} | more
    return [cells.get(column, "") for column in HEADING]


def enterprise(service: Service, **changes: object) -> tuple[str, str]:
    """A body and its enterprise plan."""
    body_id = service.filed(letter="Y")
    return body_id, service.published(body_id, track="ENTERPRISE", **changes)["plan_id"]


@pytest.mark.parametrize("kind", list(SheetKind))
def test_a_roster_enters_everybody_and_reports_each_row(service: Service, kind: SheetKind) -> None:
    body_id, plan_id = enterprise(service)
    rows = [row(1), row(2, years="2"), row(3, years="0", 文化程度="高级技校", 专业="电气"),
            row(4, years="4", 现有证书等级="四级/中级工", 发证日期="2022-1-5")]  # fmt: skip
    report = made(service.upload(body_id, plan_id, [HEADING, *rows], kind))
    assert [item["state"] for item in report["report"]] == ["ACCEPTED", "REJECTED", "NEEDS_DECISION", "ACCEPTED"]
    assert (report["rows"], report["accepted"], report["rejected"], report["needs_decision"]) == (4, 2, 1, 1)
    assert [item["row"] for item in report["report"]] == [2, 3, 4, 5]
    assert service.places(plan_id) == (3, 2)
    assert [event.personal().id_no for event in service.events("EntryAccepted")] == [resident_id(1), resident_id(4)]
    assert service.rows("select rows, accepted from roster_upload") == [(4, 2)]


def test_a_dry_run_says_the_same_and_changes_nothing(service: Service) -> None:
    body_id, plan_id = enterprise(service)
    answer = service.upload(body_id, plan_id, [HEADING, row(1), row(2, years="2")], dry_run=True)
    report = made(answer, 200)
    assert (report["accepted"], report["rejected"]) == (1, 1)
    assert service.rows("select 1 from entry union all select 1 from candidate") == []
    assert service.event_names() == ["PlanPublished"]


def test_the_template_is_a_roster_to_fill_in(service: Service) -> None:
    body_id, plan_id = enterprise(service)
    for kind in SheetKind:
        path = f"/v1/plans/{plan_id}/roster-template?format={kind.value}"
        answer = service.client.get(path, headers=service.staff(body_id))
        (heading,) = read_sheet(answer.content).rows
        assert set(HEADING) <= set(heading.cells)


def test_every_fault_is_named_and_nobody_is_entered(service: Service) -> None:
    body_id, plan_id = enterprise(service)
    wrong = resident_id(2)[:-1] + ("0" if resident_id(2)[-1] != "0" else "1")
    rows = [row(1), row(2, id_no=wrong), row(3, id_no=resident_id(1)), row(4, name=""), row(5, years="十年"),
            row(6, 现有证书等级="六级"), row(7, 现有证书等级="四级", 发证日期="去年"), row(8, 文化程度="高"),
            row(9, id_no="37010219900230901X")]  # fmt: skip
    answer = service.upload(body_id, plan_id, [HEADING, *rows])
    assert refusal(answer) == "roster-refused"
    faults = {(fault["row"], fault["column"], fault["code"]) for fault in answer.json()["rows"]}
    assert faults == {
        (3, "证件号码", "identity-check-digit"),
        (4, "证件号码", "roster-duplicate"),
        (5, "姓名", "name-length"),
        (6, "工作年限", "roster-years"),
        (7, "现有证书等级", "roster-level"),
        (8, "发证日期", "roster-date"),
        (9, "文化程度", "roster-schooling"),
        (10, "证件号码", "identity-check-digit"),
    }
    assert wrong not in answer.text
    assert service.rows("select 1 from entry union all select 1 from candidate") == []


def test_files_that_are_no_roster_are_refused(service: Service) -> None:
    body_id, plan_id = enterprise(service)

    def sent(content: bytes, name: str = "a.xlsx") -> str:
        return refusal(service.upload_bytes(body_id, plan_id, content, name))

    assert sent(bytes(2_000_000)) == "sheet-format"
    assert sent(bytes(2_000_000), "a.csv") == "sheet-format"
    assert sent(b"PK\x03\x04") == "sheet-format"
    formula = write_sheet(SheetKind.CSV, [HEADING]) + b"1,=1+1,x\r\n"
    assert sent(formula, "a.csv") == "sheet-formula"
    assert sent(write_sheet(SheetKind.CSV, [["姓名"], ["测试甲"]]), "a.csv") == "sheet-columns"
    assert sent(write_sheet(SheetKind.CSV, [HEADING]), "a.csv") == "roster-empty"
    assert sent(b"x", "a.pdf") == "file-kind-unsupported"
    assert service.rows("select 1 from roster_upload") == []


def test_somebody_known_keeps_their_id_and_name(service: Service) -> None:
    body_id, plan_id = enterprise(service)
    service.candidate(1)
    answer = service.upload(body_id, plan_id, [HEADING, row(1, name="测试乙")])
    assert answer.json()["rows"][0]["code"] == "roster-name-differs"
    report = made(service.upload(body_id, plan_id, [HEADING, row(1)]))["report"]
    assert report[0]["candidate_id"] == str(uuid(1))


def test_the_same_roster_again_adds_nobody(service: Service) -> None:
    body_id, plan_id = enterprise(service)
    rows = [HEADING, row(1), row(2)]
    made(service.upload(body_id, plan_id, rows))
    again = made(service.upload(body_id, plan_id, [*rows, row(3)]))
    assert (again["already_entered"], again["accepted"]) == (2, 1)
    assert service.places(plan_id) == (3, 3)


def test_a_roster_with_more_people_than_places_enters_nobody(service: Service) -> None:
    body_id, plan_id = enterprise(service, capacity=2)
    rows = [row(number) for number in (1, 2, 3)]
    assert refusal(service.upload(body_id, plan_id, [HEADING, *rows]), 409) == "plan-full"
    assert service.places(plan_id) == (0, 0)
    assert service.rows("select 1 from candidate") == []


def test_a_roster_is_for_the_bodys_own_enterprise_plan(service: Service) -> None:
    _, plan_id = enterprise(service)
    other = service.filed(letter="Y")
    assert refusal(service.upload(other, plan_id, [HEADING, row(1)]), 403) == "not-your-body"
    social = service.filed()
    social_plan = service.published(social)["plan_id"]
    assert refusal(service.upload(social, social_plan, [HEADING, row(1)])) == "roster-not-enterprise"


def test_a_person_entered_by_roster_holds_their_document(service: Service) -> None:
    body_id, plan_id = enterprise(service)
    made(service.upload(body_id, plan_id, [HEADING, row(1)]))
    headers = service.token("candidate", uuid(1))
    answer = service.client.put("/v1/candidates/me", headers=headers, json=profile(1))
    assert refusal(answer, 409) == "identity-registered"


def test_five_thousand_people_are_entered_with_little_work(service: Service) -> None:
    body_id, plan_id = enterprise(service, capacity=5000)
    rows = [row(number) for number in range(5000)]
    began = time.process_time()
    report = made(service.upload(body_id, plan_id, [HEADING, *rows], SheetKind.CSV))
    assert report["accepted"] == 5000
    assert service.places(plan_id) == (5000, 5000)
    assert time.process_time() - began < 8
