"""An enterprise posts its results: the template, what is refused row by row, all or nothing."""

import io
import zipfile
from collections.abc import Callable
from uuid import UUID

import pytest

from luban.eventkit.ids import new_id
from luban.events.v1 import registration_pb2 as registration
from luban.events.v1.common_pb2 import TRACK_SOCIAL
from luban.exam.handlers.outcomes import OutcomeRow, record_outcomes
from luban.reference.refusal import Conflict
from luban.webkit.authentication import Role
from luban.webkit.sheets import SheetKind
from tests.integration.exam.desk import (
    Desk,
    Person,
    Table,
    as_csv,
    as_xlsx,
    filled,
    read_back,
    refusal,
    staff_of,
    submitted,
)
from tests.integration.exam.rig import ExamRig, synthetic_person


def stored(rig: ExamRig) -> tuple[int, int, int]:
    """How many submissions, results and files stand."""
    counts = [rig.one(f"select count(*) from {table}") for table in ("submission", "result", "result_file")]
    return counts[0], counts[1], counts[2]


@pytest.mark.parametrize("kind", list(SheetKind))
def test_the_template_holds_the_list_and_comes_back_as_results(desk: Desk, rig: ExamRig, kind: SheetKind) -> None:
    plan = rig.plan_with(3)
    response = desk.get(f"/plans/{plan.plan_id}/results/template?format={kind}", staff_of(plan))
    table = read_back(response.content)
    person = synthetic_person(0)
    assert response.headers["content-type"] == kind.media_type
    assert table[0] == ["序号", "报名号", "姓名", "证件号码后四位", "理论知识", "操作技能", "备注"]
    assert table[1][:4] == ["1", str(rig.entry_ids(plan.plan_id)[0]), person.name, person.id_no[-4:]]
    for row in table[1:]:
        row[4:6] = ["60", "59.9"]
    content = as_xlsx(table) if kind is SheetKind.XLSX else as_csv(table)
    answer = desk.upload(plan, staff_of(plan), content, f"results.{kind}")
    assert answer.status_code == 201, answer.text
    assert answer.json() | {"submission_id": ""} == {
        "submission_id": "", "rows": 3, "passed": 0, "failed": 3, "absent": 0, "state": "AWAITING_CONFIRMATION",
    }  # fmt: skip
    assert stored(rig) == (1, 3, 1)


def test_whoever_downloads_the_template_is_recorded_as_having_read_it(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(2)
    reader = staff_of(plan)
    desk.get(f"/plans/{plan.plan_id}/results/template", reader)
    read = rig.rows("select actor, subject_id from webkit.personal_data_access order by subject_id")
    assert read == [(str(reader.subject), entry) for entry in sorted(rig.entry_ids(plan.plan_id))]


def test_a_pass_needs_sixty_in_every_subject_and_absence_is_no_zero(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(4)
    marks = {1: ("60", "60.0"), 2: ("100", "59.9"), 3: ("缺考", "90"), 4: ("0", "100")}
    answer = desk.upload(plan, staff_of(plan), as_csv(filled(desk, plan, marks))).json()
    assert (answer["passed"], answer["failed"], answer["absent"]) == (1, 3, 1)
    assert [row[0] for row in rig.rows("select passed from result order by publicity_no")] == [
        True,
        False,
        False,
        False,
    ]
    assert rig.one("select scores -> 'THEORY' from result where publicity_no = 3") == {
        "outcome": "ABSENT",
        "score_tenths": 0,
    }
    assert rig.one("select scores #>> '{SKILL,score_tenths}' from result where publicity_no = 2") == "599"


def change(row: int, column: int, value: str) -> Callable[[Table], None]:
    """Writes one cell, row 1 being the first person's."""

    def edit(table: Table) -> None:
        table[row][column] = value

    return edit


def repeat(table: Table) -> None:
    table.append(list(table[1]))


def stranger(table: Table) -> None:
    table.append(["9", str(new_id()), "钱某", "1234", "70", "70", ""])


@pytest.mark.parametrize(
    ("edit", "row", "column", "code"),
    [
        (change(2, 4, "100.5"), 3, "理论知识", "mark-range"),
        (change(2, 5, "60.55"), 3, "操作技能", "mark-format"),
        (change(1, 4, "-1"), 2, "理论知识", "mark-format"),
        (change(1, 4, ""), 2, "理论知识", "mark-missing"),
        (change(1, 5, "优秀"), 2, "操作技能", "mark-format"),
        (change(1, 4, "1e2"), 2, "理论知识", "mark-format"),
        (repeat, 4, "报名号", "person-twice"),
        (stranger, 4, "报名号", "not-on-roster"),
        (change(1, 1, "not-a-number"), 2, "报名号", "not-on-roster"),
        (change(1, 1, ""), 2, "报名号", "not-on-roster"),
        (change(1, 2, "张冠李戴"), 2, "姓名", "person-mismatch"),
        (change(1, 3, "0000"), 2, "姓名", "person-mismatch"),
        (change(1, 3, ""), 2, "姓名", "person-mismatch"),
    ],
)
def test_a_row_that_breaks_a_rule_rejects_the_file_and_says_where(
    desk: Desk, rig: ExamRig, edit: Callable[[Table], None], row: int, column: str, code: str
) -> None:
    plan = rig.plan_with(2)
    table = filled(desk, plan)
    edit(table)
    response = desk.upload(plan, staff_of(plan), as_csv(table))
    assert refusal(response) == (422, "results-rejected")
    fault = response.json()["rows"][0]
    assert (fault["row"], fault["column"], fault["code"]) == (row, column, code)
    assert stored(rig) == (0, 0, 0)


def test_somebody_of_the_list_without_a_row_is_named(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(3)
    table = filled(desk, plan)
    entry = table.pop(2)[1]
    response = desk.upload(plan, staff_of(plan), as_csv(table))
    assert response.json()["total"] == 1
    assert response.json()["rows"][0] | {"reason": ""} == {
        "row": None, "column": "报名号", "code": "row-missing", "reason": "", "entry_id": entry,
    }  # fmt: skip


def test_a_withdrawn_entry_takes_no_result_and_needs_none(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(2)
    full = filled(desk, plan)
    entry = UUID(full[2][1])
    rig.deliver(rig.event(registration.EntryWithdrawn(entry_id=str(entry)), entry))
    rig.run(lambda uow: uow.sql("update plan set entries_at_closing = 1"))
    response = desk.upload(plan, staff_of(plan), as_csv(full))
    assert response.json()["rows"][0]["code"] == "entry-withdrawn"
    assert desk.upload(plan, staff_of(plan), as_csv(full[:2])).status_code == 201


def test_reasons_are_given_in_the_callers_language(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    content = as_csv(filled(desk, plan, {1: ("100.5", "70")}))
    chinese = desk.upload(plan, staff_of(plan), content).json()["rows"][0]["reason"]
    english = desk.upload(plan, staff_of(plan), content, headers={"Accept-Language": "en"}).json()["rows"][0]["reason"]
    assert chinese == "理论知识：成绩应在0至100之间"
    assert english == "理论知识: a mark lies between 0 and 100"


@pytest.mark.parametrize("kind", list(SheetKind))
def test_a_rejected_sheet_comes_back_with_the_reason_beside_each_row(desk: Desk, rig: ExamRig, kind: SheetKind) -> None:
    plan = rig.plan_with(3)
    table = filled(desk, plan, {1: ("101", "")})
    missing = table.pop(3)
    content = as_xlsx(table) if kind is SheetKind.XLSX else as_csv(table)
    response = desk.upload(plan, staff_of(plan), content, f"r.{kind}", headers={"Accept": kind.media_type})
    assert (response.status_code, response.headers["content-type"]) == (422, kind.media_type)
    back = read_back(response.content)
    assert back[0][-1] == "原因"
    assert back[1][:6] == table[1][:6]
    assert back[1][-1] == "理论知识：成绩应在0至100之间；操作技能：没有填写成绩，缺考请填“缺考”"
    assert back[2][-1] == ""
    assert (back[3][1], back[3][-1]) == (missing[1], "名单中的该考生没有成绩行")
    assert stored(rig) == (0, 0, 0)


def test_a_dry_run_counts_and_changes_nothing(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(2)
    response = desk.upload(
        plan, staff_of(plan), as_csv(filled(desk, plan, {1: ("缺考", "70")})), params={"dry_run": "true"}
    )
    assert (response.status_code, response.json()) == (
        200,
        {"submission_id": None, "rows": 2, "passed": 1, "failed": 1, "absent": 1, "state": "DRY_RUN"},
    )
    assert stored(rig) == (0, 0, 0)


def workbook_with_a_formula(table: Table) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(as_xlsx(table))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name.endswith("sheet1.xml"):
                at = part.index(b'<c r="E2"')
                end = part.index(b"</c>", at) + len(b"</c>")
                part = part[:at] + b'<c r="E2"><f>SUM(1,2)</f><v>70</v></c>' + part[end:]
            new.writestr(name, part)
    return out.getvalue()


def test_a_formula_is_refused_with_its_cell(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    table = filled(desk, plan)
    response = desk.upload(plan, staff_of(plan), workbook_with_a_formula(table), "r.xlsx")
    assert refusal(response) == (422, "sheet-formula")
    assert response.json()["params"]["cells"] == ["E2"]
    table[1][4] = "=60+10"
    response = desk.upload(plan, staff_of(plan), as_csv(table))
    assert (refusal(response)[1], response.json()["params"]["cells"]) == ("sheet-formula", ["E2"])
    assert stored(rig) == (0, 0, 0)


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 250_000_000)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("zeros.csv", bytes(2_000_000), "sheet-format"),
        ("zeros.xlsx", bytes(2_000_000), "sheet-format"),
        ("digits.csv", b"0" * 2_000_000, "sheet-format"),
        ("empty.csv", b"", "file-empty"),
        ("picture.png", b"\x89PNG", "file-kind-unsupported"),
        ("text.xlsx", "报名号,姓名".encode(), "sheet-format"),
        ("columns.csv", "报名号,姓名\n".encode(), "sheet-columns"),
    ],
)
def test_what_is_no_sheet_of_results_is_refused(desk: Desk, rig: ExamRig, name: str, content: bytes, code: str) -> None:
    plan = rig.plan_with(1)
    response = desk.upload(plan, staff_of(plan), content, name)
    assert response.status_code == 422
    assert refusal(response)[1] in (code, "sheet-columns" if name == "digits.csv" else code)
    assert stored(rig) == (0, 0, 0)


def test_a_zip_bomb_is_refused_before_it_unfolds(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    response = desk.upload(plan, staff_of(plan), zip_bomb(), "bomb.xlsx")
    assert refusal(response) == (422, "sheet-too-large")


def test_the_file_is_kept_by_its_hash_and_sealed(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    content = as_csv(filled(desk, plan))
    desk.upload(plan, staff_of(plan), content)
    ((sha256, key_id, nonce, sealed),) = rig.rows("select sha256, key_id, nonce, sealed from result_file")
    assert synthetic_person(0).name.encode() not in bytes(sealed)
    assert rig.units.keyring.open_bytes(key_id, bytes(nonce), bytes(sealed), bytes(sha256)) == content


def test_rows_in_json_name_people_by_entry_or_by_document_number(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(2)
    first, person = synthetic_person(0), synthetic_person(1)
    scores = {"THEORY": "60.5", "SKILL": "缺考"}
    rows = [
        {"entry_id": str(rig.entry_ids(plan.plan_id)[0]), "name": first.name, "scores": scores},
        {"id_no": person.id_no.lower(), "name": person.name, "scores": {"THEORY": "60", "SKILL": "60"}},
    ]
    response = desk.post(f"/plans/{plan.plan_id}/results", staff_of(plan), json={"rows": rows})
    assert response.status_code == 201, response.text
    assert [row[0] for row in rig.rows("select passed from result order by publicity_no")] == [False, True]


@pytest.mark.parametrize(
    ("changes", "code", "column"),
    [
        ({"id_no": "370102199003079999"}, "not-on-roster", "entry_id"),
        ({"name": "张冠李戴"}, "person-mismatch", "name"),
        ({"scores": {"THEORY": "70", "SKILL": "70", "MAGIC": "70"}}, "subject-unknown", "scores"),
        ({"scores": {"THEORY": "70"}}, "mark-missing", "scores.SKILL"),
    ],
)
def test_a_wrong_row_in_json_is_named(
    desk: Desk, rig: ExamRig, changes: dict[str, object], code: str, column: str
) -> None:
    plan, person = rig.plan_with(1), synthetic_person(0)
    row = {"id_no": person.id_no, "name": person.name, "scores": {"THEORY": "70", "SKILL": "70"}} | changes
    response = desk.post(f"/plans/{plan.plan_id}/results", staff_of(plan), json={"rows": [row]})
    fault = response.json()["rows"][0]
    assert (response.status_code, fault["code"], fault["column"]) == (422, code, column)
    assert stored(rig) == (0, 0, 0)


def test_nobody_else_posts_for_a_body(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    content = as_csv(filled(desk, plan))
    stranger = Person(new_id(), Role.BODY_STAFF, new_id())
    assert refusal(desk.upload(plan, stranger, content)) == (403, "not-your-plan")
    assert refusal(desk.get(f"/plans/{plan.plan_id}/results/template", stranger)) == (403, "not-your-plan")
    assert desk.upload(plan, Person(new_id(), Role.CANDIDATE), content).status_code == 403
    assert stored(rig) == (0, 0, 0)


def test_a_second_submission_is_refused_until_the_first_is_discarded(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    content = as_csv(filled(desk, plan))
    submission_id = submitted(desk, plan)
    assert refusal(desk.upload(plan, staff_of(plan), content)) == (409, "submission-exists")
    assert desk.post(f"/submissions/{submission_id}/discard", staff_of(plan)).json()["state"] == "DISCARDED"
    assert desk.upload(plan, staff_of(plan), content).status_code == 201
    assert stored(rig) == (2, 1, 1)
    assert refusal(desk.post(f"/submissions/{submission_id}/discard", staff_of(plan))) == (409, "submission-settled")


def test_results_wait_for_the_closing_for_all_entries_and_for_the_assessment(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    content = as_csv(filled(desk, plan))
    path = f"/plans/{plan.plan_id}"
    rig.run(lambda uow: uow.sql("update plan set state = 'OPEN'"))
    assert refusal(desk.upload(plan, staff_of(plan), content)) == (409, "plan-not-closed")
    rig.run(lambda uow: uow.sql("update plan set state = 'CLOSED', entries_at_closing = 2"))
    assert refusal(desk.upload(plan, staff_of(plan), content)) == (409, "entries-on-their-way")
    rig.run(lambda uow: uow.sql("update plan set entries_at_closing = 1, exam_from = '2026-12-10'"))
    assert refusal(desk.upload(plan, staff_of(plan), content)) == (409, "assessment-not-begun")
    rig.run(lambda uow: uow.sql("update plan set track = 'SOCIAL'"))
    assert refusal(desk.upload(plan, staff_of(plan), content)) == (409, "track-otherwise")
    assert refusal(desk.get(f"{path}/results/template", staff_of(plan))) == (409, "track-otherwise")
    assert refusal(desk.upload(rig.plan_with(0), Person(new_id(), Role.BODY_STAFF), content)) == (403, "not-your-plan")


def test_results_of_a_social_plan_are_drawn_up_from_outcomes(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(2, track=TRACK_SOCIAL)
    first, second = rig.entry_ids(plan.plan_id)
    rows = [
        OutcomeRow(first, "THEORY", "SCORED", 600),
        OutcomeRow(first, "SKILL", "CARRIED_OVER", 700),
        OutcomeRow(second, "THEORY", "ABSENT", 0),
    ]
    rig.run(lambda uow: record_outcomes(uow, rows, "test"))
    path, staff = f"/plans/{plan.plan_id}/results/draw-up", staff_of(plan)
    response = desk.post(path, staff)
    assert refusal(response) == (422, "results-rejected")
    assert [(row["entry_id"], row["column"]) for row in response.json()["rows"]] == [(str(second), "SKILL")]
    last = [OutcomeRow(second, "SKILL", "VOID", 0)]
    rig.run(lambda uow: record_outcomes(uow, last, "test"))
    answer = desk.post(path, staff).json()
    assert (answer["rows"], answer["passed"], answer["failed"], answer["absent"]) == (2, 1, 1, 1)
    with pytest.raises(Conflict, match="results-already-drawn-up"):
        rig.run(lambda uow: record_outcomes(uow, last, "test"))


def test_the_same_upload_with_one_idempotency_key_is_one_submission(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    staff = staff_of(plan)
    content = as_csv(filled(desk, plan))
    first, second = (desk.upload(plan, staff, content, headers={"Idempotency-Key": "k-1"}) for _ in range(2))
    assert first.json() == second.json()
    assert stored(rig) == (1, 1, 1)
