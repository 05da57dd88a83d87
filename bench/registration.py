"""Entries accepted through the API by 50 concurrent clients.

    .venv/bin/python -m bench registration 5000

Every entry is one candidate's: profile first (not counted), then the entry with an Idempotency-Key: eligibility
decided, a place taken, the event recorded, all in one transaction. Appends a line to bench/registration.csv.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import uvloop

from bench.figures import append_row, machine
from bench.fresh import fresh_stack
from bench.http_load import Load, drive, request
from bench.people import person
from luban.cli.demo.gateway import Gateway
from luban.cli.demo.offices import Offices
from luban.cli.demo.timetable import BEGINS_ON, Timetable
from luban.cli.stack import Stack
from luban.cli.tokens import issue_token
from luban.reference.credit_code import credit_code_check_character

CLIENTS = 50
OCCUPATION = "4-07-03-02"
RESULTS = Path(__file__).parent / "registration.csv"


def publish_plan(gateway: Gateway, places: int) -> str:
    """A social organisation's plan with so many places; its id."""
    offices, days = Offices(gateway, Random(1)), Timetable.of(BEGINS_ON)
    code = "52370000MJE12345"
    filing = {
        "name": "齐鲁试验评价中心",
        "body_class": "SOCIAL",
        "code": "S000037000072",
        "credit_code": f"{code}1" + credit_code_check_character(f"{code}1"),
        "division": "370100",
        "scope": [{"occupation_code": OCCUPATION, "trade": "", "levels": [3]}],
        "valid_from": "2026-01-01",
        "valid_to": "2028-12-31",
    }
    body = offices.hire("province_staff").at("registration").post("/v1/bodies", filing).json()
    plan = {
        "track": "SOCIAL",
        "level": {"occupation_code": OCCUPATION, "trade": "", "level": 3},
        "site_code": "000072",
        "site_name": "一号考点",
        "division": "370100",
        "capacity": places,
        "registration_from": str(days.filed),
        "registration_to": str(days.registration_closes),
        "exam_from": str(days.exam_begins),
        "exam_to": str(days.exam_ends),
    }
    staff = offices.hire("body_staff", body_id=UUID(body["body_id"]))
    return str(staff.at("registration").post("/v1/plans", plan).json()["plan_id"])


def profile(number: int) -> bytes:
    """A candidate with twelve years of work, which level 3 asks ten of."""
    name, id_no = person(number)
    facts = {"years_in_occupation": [{"occupation_code": OCCUPATION, "years": 12}], "employed": True}
    given = {"name": name, "id_type": "RESIDENT_ID", "id_no": id_no, "phone": f"138{number:08d}", "facts": facts}
    return json.dumps(given).encode()


def headers(stack: Stack, candidates: int) -> list[dict[str, str]]:
    """One token per candidate."""
    tokens = (issue_token(stack, subject=uuid4(), roles=("candidate",)) for _ in range(candidates))
    return [{"Authorization": f"Bearer {token}", "Content-Type": "application/json"} for token in tokens]


def profiles(url: str, callers: list[dict[str, str]]) -> Iterator[bytes]:
    """Everybody's profile."""
    for number, caller in enumerate(callers):
        yield request("PUT", f"{url}/v1/candidates/me", caller, profile(number))


def entries(url: str, callers: list[dict[str, str]], plan_id: str) -> Iterator[bytes]:
    """Everybody's entry."""
    body = json.dumps({"plan_id": plan_id}).encode()
    for caller in callers:
        yield request("POST", f"{url}/v1/entries", {**caller, "Idempotency-Key": str(uuid4())}, body)


def measure(candidates: int) -> dict[str, Any]:
    """One run on a fresh stack."""
    with fresh_stack() as fresh:
        return _drive(fresh.stack, candidates, publish_plan(fresh.gateway, candidates))


def _drive(stack: Stack, candidates: int, plan_id: str) -> dict[str, Any]:
    url, callers = stack.urls["registration"], headers(stack, candidates)
    registered: Load = uvloop.run(drive(url, profiles(url, callers), CLIENTS))
    accepted = 0

    def count(_: int, body: bytes) -> None:
        nonlocal accepted
        accepted += b'"state":"ACCEPTED"' in body

    entered: Load = uvloop.run(drive(url, entries(url, callers, plan_id), CLIENTS, count))
    assert accepted == candidates, f"{accepted} of {candidates} accepted: {entered.statuses}"
    return {
        "entries": candidates,
        "clients": CLIENTS,
        "accepted_per_second": round(entered.per_second),
        "p50_ms": round(entered.percentile(0.5) * 1000, 1),
        "p99_ms": round(entered.percentile(0.99) * 1000, 1),
        "profiles_per_second": round(registered.per_second),
    }


if __name__ == "__main__":
    row = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5000) | machine()
    print(json.dumps(row, ensure_ascii=False))
    append_row(RESULTS, row)
