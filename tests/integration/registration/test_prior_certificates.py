"""What the certificate service says is kept, and stops to count when it says so."""

from datetime import date

from tests.integration.registration.conftest import Service
from tests.integration.registration.people import uuid

KEPT = "select candidate_id, level, issued_on, withdrawn_on from prior_certificate"


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
