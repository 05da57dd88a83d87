"""Checks by employers, and their keys: the comparison tells when an answer was not true or a log differs."""

from typing import Any

import pytest

from luban.cli.load.compare import checks, keys
from luban.cli.load.compare.tally import Tally
from luban.cli.load.reading import Operation, Record
from tests.unit.cli.load.agreeing import (
    Both,
    agreeing,
    answer,
    sign,
)


@pytest.fixture
def both() -> Both:
    return agreeing()


@pytest.mark.parametrize("change", ["unsigned", "another question", "a miss", "withdrawn"])
def test_an_answer_that_was_not_true(both: Both, change: str) -> None:
    check = next(each for each in both.record.of("verifications") if each.sent["due"] == "MATCH")
    row = both.certificate(check.sent["who"])
    told: dict[str, str | None] = {
        "unsigned": None,
        "another question": sign(answer(row, "另一用途")),
        "a miss": sign(answer(row, check.sent["purpose"], found="NO_MATCH")),
        "withdrawn": sign(answer({**row, "state": "WITHDRAWN"}, check.sent["purpose"])),
    }
    check.got = {"jws": told[change]}
    assert both.broken() == {checks.TRUE}


def test_a_wrong_factor_that_was_told_a_match(both: Both) -> None:
    check = next(each for each in both.record.of("verifications") if each.sent["due"] == "NO_MATCH")
    check.got = {"jws": sign(answer(both.certificate(check.sent["who"]), check.sent["purpose"]))}
    assert both.broken() == {checks.TRUE}


@pytest.mark.parametrize("change", ["lost", "doubled", "another's", "nobody's"])
def test_a_holders_log_that_differs(both: Both, change: str) -> None:
    log = both.seen.logs[both.certificate(1)["certificate_no"]]
    match change:
        case "lost":
            log.clear()
        case "doubled":
            log.append(log[0])
        case "another's":
            log[:] = both.seen.logs[both.certificate(2)["certificate_no"]]
        case _:
            log.append({"purpose": "无人所问"})
    assert both.broken() == {checks.LOGGED}


def test_a_check_in_doubt_may_be_in_the_log_once_or_not_at_all(both: Both) -> None:
    check = both.ask(1, "MATCH", status=None)
    assert both.broken() == set()
    both.log(1, check)
    assert both.broken() == set()
    both.log(1, check)
    assert both.broken() == {checks.LOGGED}


def test_a_check_that_was_turned_away_must_not_be_in_the_log(both: Both) -> None:
    check = both.ask(1, "MATCH", status=401)
    both.log(1, check)
    assert both.broken() == {checks.LOGGED}


def test_a_revoked_key_that_was_answered() -> None:
    asked = [Operation("op-1", "verifications", {"due": "KEY_REVOKED"}, status) for status in (401, None)]
    tally = Tally()
    checks.compare_revoked(tally, asked)
    assert [check.ok for check in tally.checks()] == [True]
    asked.append(Operation("op-2", "verifications", {"due": "KEY_REVOKED"}, 200))
    checks.compare_revoked(tally, asked)
    assert [check.violations for check in tally.checks()] == [1]


class Keys:
    """A run's own book with two keys, one of them revoked, and the province's list."""

    def __init__(self) -> None:
        self.record, self.rows = Record(), []
        for number in (1, 2):
            values = {"credit_code": f"9137{number}", "employer_name": f"单位{number}", "daily_quota": 10}
            self.write("api_keys", values, 201, key_id=f"k{number}")
            self.rows.append({**values, "key_id": f"k{number}", "revoked_at": None})
        self.write("key_revocations", {"key_id": "k1"}, 200)
        self.rows[0]["revoked_at"] = "2026-04-20T00:00:00Z"

    def write(self, what: str, sent: dict[str, Any], status: int | None, **got: Any) -> None:
        op = f"op-{len(self.record.operations)}"
        self.record.operations[op] = Operation(op, what, sent, status, got)

    def broken(self) -> set[str]:
        tally = Tally()
        keys.compare_keys(tally, self.record, self.rows)
        return {check.name for check in tally.checks() if not check.ok}


def test_keys_that_agree() -> None:
    assert Keys().broken() == set()


@pytest.mark.parametrize("change", ["lost", "changed", "doubled"])
def test_a_key_that_is_not_as_it_was_given(change: str) -> None:
    found = Keys()
    match change:
        case "lost":
            found.rows.pop()
        case "changed":
            found.rows[1]["daily_quota"] = 11
        case _:
            found.rows.append({**found.rows[1], "key_id": "k9"})
    assert found.broken() == {keys.KEYS}


def test_a_key_in_doubt_may_stand_once() -> None:
    found = Keys()
    values = {"credit_code": "91373", "employer_name": "单位3", "daily_quota": 10}
    found.write("api_keys", values, None)
    assert found.broken() == set()
    found.rows.append({**values, "key_id": "k3", "revoked_at": None})
    assert found.broken() == set()
    found.rows.append({**values, "key_id": "k4", "revoked_at": None})
    assert found.broken() == {keys.KEYS}


@pytest.mark.parametrize("place", [0, 1])
def test_a_revocation_that_is_not_as_it_was_answered(place: int) -> None:
    found = Keys()
    found.rows[place]["revoked_at"] = None if found.rows[place]["revoked_at"] else "2026-04-20T00:00:00Z"
    assert found.broken() == {keys.REVOCATIONS}
