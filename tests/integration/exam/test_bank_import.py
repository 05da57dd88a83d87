"""Items come into the bank by a file and another person's review."""

import json
from pathlib import Path
from typing import Any

import pytest

from luban.webkit.authentication import Role
from tests.integration.exam.assessment_rig import (
    AUTHOR,
    REVIEWER,
    Assessment,
    assessment,
    code,
    items,
)

__all__ = ["assessment"]

BANKS = Path(__file__).parents[3] / "data" / "item-banks"


def file_of(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"items": rows}).encode()


def approve(assessment: Assessment, import_id: str, role: Role = Role.ITEM_REVIEWER, subject: Any = REVIEWER) -> Any:
    return assessment.call("POST", f"/imports/{import_id}/approve", role, subject)


def in_force(assessment: Assessment, bank: str = "theory") -> int:
    return int(assessment.rig.one("select count(*) from current_item where bank = %s", bank))


def test_the_examination_items_come_into_the_bank_by_file(assessment: Assessment) -> None:
    totals = []
    for path in sorted((BANKS / "gaokao").glob("*.json")):
        answer = assessment.upload(path.read_bytes(), "general", "gaokao").json()
        totals.append(answer["items"])
        assert all(row["reason"] for row in answer["rejected"])
        approve(assessment, answer["import_id"])
    assert totals == [148, 284, 314]
    assert in_force(assessment, "general") == 746
    assert assessment.rig.one("select version from item_bank where bank = 'general'") == 3


def test_items_are_pending_until_another_person_approves(assessment: Assessment) -> None:
    answer = assessment.upload(file_of(*items()))
    assert answer.status_code == 201
    import_id = answer.json()["import_id"]
    assert (answer.json()["items"], answer.json()["bank_version"], in_force(assessment)) == (20, None, 0)
    approved = approve(assessment, import_id)
    assert (approved.status_code, approved.json()["bank_version"], in_force(assessment)) == (200, 1, 20)
    assert code(approve(assessment, import_id)) == (409, "import-approved")


def test_nobody_approves_items_of_their_own(assessment: Assessment) -> None:
    import_id = assessment.upload(file_of(*items())).json()["import_id"]
    assert code(approve(assessment, import_id, subject=AUTHOR)) == (403, "import-own")
    assert code(approve(assessment, import_id, Role.ITEM_AUTHOR, REVIEWER))[0] == 403
    assert in_force(assessment) == 0


def test_a_stem_that_stands_in_the_bank_is_rejected_with_its_row(assessment: Assessment) -> None:
    assessment.bank(items(2, 0, 0))
    answer = assessment.upload(file_of(*items(3, 0, 0))).json()
    assert answer["items"] == 1
    assert [(row["row"], row["code"]) for row in answer["rejected"]] == [(1, "item-duplicate"), (2, "item-duplicate")]


def test_two_pending_imports_of_one_stem_cannot_both_be_approved(assessment: Assessment) -> None:
    first, second = (assessment.upload(file_of(*items(1, 0, 0))).json()["import_id"] for _ in range(2))
    assert approve(assessment, first).status_code == 200
    assert code(approve(assessment, second)) == (409, "import-stale")
    assert in_force(assessment) == 1


def test_a_changed_item_is_a_new_version_and_the_old_one_stays_as_it_was(assessment: Assessment) -> None:
    assessment.bank(items(1, 0, 0))
    item_id = str(assessment.rig.one("select item_id from item"))
    changed = items(1, 0, 0)[0] | {"item_id": item_id, "key": ["C"]}
    assert assessment.bank([changed]) == 2
    versions = assessment.rig.rows("select version, key, from_version, until_version from item order by version")
    assert versions == [(1, "B", 1, 2), (2, "C", 2, None)]


def test_an_item_to_change_must_be_in_the_bank(assessment: Assessment) -> None:
    stranger = items(1, 0, 0)[0] | {"item_id": "0193d3f0-0000-7000-8000-000000000000"}
    answer = assessment.upload(file_of(stranger))
    assert code(answer) == (422, "item-file-unusable")
    assert answer.json()["params"]["rejected"][0]["code"] == "item-to-change"


def test_the_database_itself_keeps_items_from_changing(assessment: Assessment) -> None:
    assessment.bank(items(1, 0, 0))
    with pytest.raises(Exception, match="only grows"):
        assessment.rig.rows("update item set key = 'A' returning key")


BAD_FILES = (
    (b'{"items": [', (422, "item-file-json")),
    (b" " * (8 * 1024 * 1024 + 1), (413, "file-too-large")),
    (b"", (422, "file-empty")),
    (file_of(items(1, 0, 0)[0] | {"key": ["E"]}), (422, "item-file-unusable")),
)


def test_a_bad_file_changes_nothing(assessment: Assessment) -> None:
    for content, refusal in BAD_FILES:
        assert code(assessment.upload(content)) == refusal
    assert assessment.rig.one("select count(*) from item_import") == 0
    assert assessment.rig.one("select count(*) from item_bank") == 0


def test_a_key_that_names_a_missing_option_is_rejected_with_its_row(assessment: Assessment) -> None:
    good, bad = items(2, 0, 0)
    answer = assessment.upload(file_of(good, bad | {"key": ["E"]})).json()
    assert (answer["items"], answer["rejected"][0]["row"], answer["rejected"][0]["code"]) == (
        1,
        2,
        "item-key-missing-option",
    )


def test_what_a_reviewer_reads_has_no_keys(assessment: Assessment) -> None:
    import_id = assessment.upload(file_of(*items(3, 2, 2))).json()["import_id"]
    shown = assessment.call("GET", f"/imports/{import_id}/items?limit=3", Role.ITEM_REVIEWER, REVIEWER).json()
    assert len(shown["items"]) == 3
    rest = assessment.call(
        "GET", f"/imports/{import_id}/items?cursor={shown['next']}", Role.ITEM_REVIEWER, REVIEWER
    ).json()
    assert (len(rest["items"]), rest["next"]) == (4, None)
    assert all("key" not in item for item in shown["items"])


def test_an_author_sees_no_other_authors_import(assessment: Assessment) -> None:
    import_id = assessment.upload(file_of(*items(1, 0, 0))).json()["import_id"]
    assert assessment.call("GET", f"/imports/{import_id}", Role.ITEM_AUTHOR, AUTHOR).status_code == 200
    assert code(assessment.call("GET", f"/imports/{import_id}", Role.ITEM_AUTHOR, REVIEWER)) == (403, "import-foreign")


def test_banks_have_plain_names(assessment: Assessment) -> None:
    for bank in ("Theory", "-", "a" * 41, "题库"):
        assert assessment.upload(file_of(*items(1, 0, 0)), bank).status_code == 422
