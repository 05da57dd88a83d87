"""Certificates and their numbers: the comparison tells when the register differs from results and ledger."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from luban.cli.load.compare import numbers, register
from luban.cli.load.compare.tally import Tally
from tests.unit.cli.load.agreeing import (
    FAILED,
    NAMES,
    Both,
    agreeing,
    answer,
    correct,
    revoke,
    sign,
    swap,
    withdraw,
)


@pytest.fixture
def both() -> Both:
    return agreeing()


def test_a_correction_that_shows(both: Both) -> None:
    correct(both, 1, 650)
    both.result(1)["scores"]["SKILL"]["score_tenths"] = 650
    assert register.HOLDERS in both.broken(), "the certificate prints the old score"
    both.certificate(1)["scores"][1]["score_tenths"] = 650
    assert both.broken() == set()


def test_a_lowering_correction_takes_the_certificate_away(both: Both) -> None:
    correct(both, 1, 100)
    both.result(1)["scores"]["SKILL"]["score_tenths"] = 100
    both.result(1)["passed"] = False
    assert register.WITHDRAWN in both.broken()
    withdraw(both, 1)
    assert both.broken() == set()
    both.seen.certificates = [row for row in both.seen.certificates if row["name"] != NAMES[1]]
    assert register.ISSUED in both.broken(), "a certificate that was withdrawn is still in the register"


def test_a_pass_without_a_certificate(both: Both) -> None:
    both.seen.certificates.pop()
    assert both.broken() == {register.ISSUED}


def test_a_pass_with_two_certificates(both: Both) -> None:
    both.seen.certificates.append({**both.certificate(1), "certificate_no": "S000037900010263000003"})
    assert register.ISSUED in both.broken()


def test_a_certificate_without_a_pass(both: Both) -> None:
    row = {**both.certificate(1), "certificate_no": "S000037900010263000003", "result_id": f"res{FAILED}"}
    both.seen.certificates.append(row)
    assert register.UNFOUNDED in both.broken()


def test_a_certificate_before_publicity_is_over(both: Both) -> None:
    both.result(1).update(state="PUBLICISED", history=[])
    assert register.UNFOUNDED in both.broken()


def test_two_people_whose_certificates_are_swapped(both: Both) -> None:
    swap(both.certificate(1), both.certificate(2), "result_id")
    assert register.HOLDERS in both.broken()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id_no", "**************9999"),
        ("candidate_id", "c9"),
        ("body_id", "b9"),
        ("level", 4),
        ("issued_on", "2026-04-11"),
        ("scores", []),
    ],
)
def test_a_certificate_that_prints_something_else(both: Both, field: str, value: object) -> None:
    both.certificate(1)[field] = value
    assert register.HOLDERS in both.broken()


def test_a_certificate_withdrawn_by_nobody(both: Both) -> None:
    withdraw(both, 1)
    assert both.broken() == {register.WITHDRAWN}


def test_a_withdrawal_of_a_certificate_that_did_not_last(both: Both) -> None:
    revoke(both, 1)
    assert both.broken() == {register.WITHDRAWN}
    withdraw(both, 1)
    assert both.broken() == set()


@pytest.mark.parametrize("change", ["unsigned", "another key", "another fact", "another's", "a miss"])
def test_a_certificate_that_does_not_verify(both: Both, change: str) -> None:
    row = both.certificate(1)
    told = answer(row, "对账", factor="id_no")
    jws: dict[str, str | None] = {
        "unsigned": None,
        "another key": sign(told, Ed25519PrivateKey.generate()),
        "another fact": sign({**told, "level": 1}),
        "another's": sign(answer(both.certificate(2), "对账")),
        "a miss": sign(answer(row, "对账", found="NO_MATCH")),
    }
    both.seen.checks[row["certificate_no"]] = jws[change]
    assert both.broken() == {register.VERIFIES}


def test_a_hole_in_the_numbers(both: Both) -> None:
    both.certificate(2)["certificate_no"] = "S000037900010263000003"
    assert numbers.DENSE in both.broken()
    assert numbers.UNIQUE not in both.broken()


def test_a_number_given_twice(both: Both) -> None:
    both.certificate(2)["certificate_no"] = both.certificate(1)["certificate_no"]
    assert numbers.UNIQUE in both.broken()


def test_numbers_count_under_each_body_year_and_level_by_themselves() -> None:
    tally, found = Tally(), numbers.Numbers()
    for number in ("S000037900010263000001", "S000037900010264000001", "S000037900010264000002", "2637012001900001"):
        found.add(number)
    found.compare(tally)
    assert all(check.ok and check.count == 4 for check in tally.checks())


def test_what_is_no_number(both: Both) -> None:
    both.certificate(2)["certificate_no"] = "S00003790001026300000X"
    assert numbers.UNIQUE in both.broken()
