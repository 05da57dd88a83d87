"""Certificates come with confirmed passes; corrections afterwards take some away."""

from typing import Any

from luban.cli.demo.cycle import Cycle
from luban.cli.demo.gateway import wait_for
from luban.cli.demo.kinds import Kind
from luban.cli.demo.people import Person


def wait_for_certificates(cycle: Cycle) -> None:
    """Until there are as many as people who are to pass."""
    due = sum(person.fate.passed for person in cycle.people)
    wait_for(f"{due} certificates of {cycle.plan_no}", lambda: len(cycle.certificates()) >= due or None)


def correct_results(cycle: Cycle) -> None:
    """The province corrects what was certified already, and the register follows."""
    results = {row["entry_id"]: row["result_id"] for row in cycle.results()}
    wrong = cycle.of_kind(Kind.CORRECTED)
    for person in wrong:
        cycle.province.at("exam").post(
            f"/v1/results/{results[cycle.entry_ids[person]]}/correction", _correction(person)
        )
    wait_for(
        f"the withdrawal of {len(wrong)} certificates of {cycle.plan_no}",
        lambda: sum(row["state"] == "WITHDRAWN" for row in cycle.certificates()) >= len(wrong) or None,
    )


def _correction(person: Person) -> dict[str, Any]:
    return {
        "scores": dict(person.later or {}),
        "reason_code": "transcription-error",
        "reason": "成绩录入有误，经核对评分记录更正",
    }
