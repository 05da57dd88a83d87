"""What the certificate service says is kept, and stops to count when it says so."""

from datetime import date

from tests.integration.registration.conftest import Service
from tests.integration.registration.people import uuid

KEPT = "select candidate_id, level, issued_on, withdrawn_on from prior_certificate"
ENDED = "select withdrawn_on, suspended_on from prior_certificate"


def test_an_issued_certificate_is_kept_once_and_a_withdrawn_one_marked(service: Service) -> None:
    certificate_id = service.issue_certificate(1, level=4, issued_on=date(2022, 11, 1))
    assert service.rows(KEPT) == [(uuid(1), 4, date(2022, 11, 1), None)]
    service.withdraw_certificate(certificate_id, date(2026, 11, 1))
    assert service.rows(KEPT) == [(uuid(1), 4, date(2022, 11, 1), date(2026, 11, 1))]


def test_a_withdrawn_certificate_no_longer_counts(service: Service) -> None:
    headers = service.candidate(1, years=4)
    certificate_id = service.issue_certificate(1, level=4, issued_on=date(2022, 11, 1))
    service.withdraw_certificate(certificate_id, date(2026, 11, 1))
    entry = service.enter(headers, service.published()["plan_id"]).json()
    assert entry["state"] == "REJECTED"


def test_a_special_ability_certificate_counts_for_no_level(service: Service) -> None:
    service.issue_certificate(1, level=None, issued_on=date(2022, 11, 1))
    assert service.rows(KEPT) == []


def test_a_reinstated_certificate_counts_again(service: Service) -> None:
    headers = service.candidate(1, years=4)
    certificate_id = service.issue_certificate(1, level=4, issued_on=date(2022, 11, 1))
    service.withdraw_certificate(certificate_id, date(2026, 11, 1))
    service.reinstate_certificate(certificate_id)
    assert service.rows(KEPT) == [(uuid(1), 4, date(2022, 11, 1), None)]
    assert service.enter(headers, service.published()["plan_id"]).json()["state"] == "ACCEPTED"


def test_a_suspended_certificate_does_not_count_until_it_is_resumed(service: Service) -> None:
    certificate_id = service.issue_certificate(1, level=4, issued_on=date(2022, 11, 1))
    service.suspend_certificate(certificate_id, date(2026, 11, 1))
    assert service.rows(ENDED) == [(None, date(2026, 11, 1))]
    plan_id = service.published()["plan_id"]
    assert service.enter(service.candidate(1, years=4), plan_id).json()["state"] == "REJECTED"
    service.resume_certificate(certificate_id)
    assert service.rows(ENDED) == [(None, None)]
    other_plan = service.published()["plan_id"]
    assert service.enter(service.candidate(1, years=4), other_plan).json()["state"] == "ACCEPTED"


def test_a_withdrawal_ends_a_suspension_so_that_an_appeal_makes_it_count(service: Service) -> None:
    headers = service.candidate(1, years=4)
    certificate_id = service.issue_certificate(1, level=4, issued_on=date(2022, 11, 1))
    service.suspend_certificate(certificate_id, date(2026, 11, 1))
    service.withdraw_certificate(certificate_id, date(2026, 11, 9))
    assert service.rows(ENDED) == [(date(2026, 11, 9), None)]
    service.reinstate_certificate(certificate_id)
    assert service.enter(headers, service.published()["plan_id"]).json()["state"] == "ACCEPTED"
