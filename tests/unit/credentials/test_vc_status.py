"""A certificate that its status lists name is refused, and so is a list that is not the issuer's own of that day."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from luban.credentials.did import did_key, did_key_method
from luban.credentials.problems import ProblemType
from luban.credentials.status_list import StatusPurpose, encode_list, status_list_credential
from luban.credentials.vc_api import IssueOptions, issue
from luban.proofs.local_key import LocalSigner
from tests.unit.credentials.material import (
    NOW,
    REVOCATIONS,
    SUSPENSIONS,
    changed,
    issued,
    refusal,
    signed_list,
    verify,
)


@pytest.mark.parametrize(
    ("set_indices", "purpose", "code"),
    [
        (set(), None, None),
        ({4710, 4712, 815}, StatusPurpose.REVOCATION, None),
        ({4711}, StatusPurpose.REVOCATION, "status-revoked"),
        ({815}, StatusPurpose.SUSPENSION, "status-suspended"),
    ],
)
def test_a_withdrawn_or_suspended_certificate_is_refused(
    set_indices: set[int], purpose: StatusPurpose | None, code: str | None
) -> None:
    lists = {
        REVOCATIONS: signed_list(
            REVOCATIONS, StatusPurpose.REVOCATION, set_indices if purpose is StatusPurpose.REVOCATION else set()
        ),
        SUSPENSIONS: signed_list(
            SUSPENSIONS, StatusPurpose.SUSPENSION, set_indices if purpose is StatusPurpose.SUSPENSION else set()
        ),
    }
    outcome = verify(issued(), status_lists=lists)
    if code is None:
        assert (outcome.verified, outcome.warnings) == (True, [])
    else:
        assert refusal(outcome) == (code, ProblemType.STATUS_VERIFICATION)


LISTS: dict[str, tuple[Callable[[], object], str]] = {
    "is for another purpose": (lambda: signed_list(REVOCATIONS, StatusPurpose.SUSPENSION, set()), "status-purpose"),
    "is that of another address": (
        lambda: signed_list(SUSPENSIONS, StatusPurpose.REVOCATION, set()),
        "status-list-malformed",
    ),
    "was tampered with": (
        lambda: changed(
            signed_list(REVOCATIONS, StatusPurpose.REVOCATION, {4711}),
            lambda document: document["credentialSubject"].update(
                encodedList=signed_list(REVOCATIONS, StatusPurpose.REVOCATION, set())["credentialSubject"][
                    "encodedList"
                ]
            ),
        ),
        "proof-invalid",
    ),
    "is no list": (issued, "status-list-malformed"),
    "is nothing": (lambda: None, "document-not-object"),
}


@pytest.mark.parametrize("what", LISTS)
def test_a_status_list_is_refused_that(what: str) -> None:
    make, code = LISTS[what]
    assert refusal(verify(issued(), status_lists={REVOCATIONS: make()}))[0] == code


def test_a_status_list_that_has_expired_is_refused() -> None:
    lists = {REVOCATIONS: signed_list(REVOCATIONS, StatusPurpose.REVOCATION, set())}
    assert refusal(verify(issued(), now=NOW + timedelta(days=2), status_lists=lists))[0] == "expired"


def test_a_status_list_of_another_size_is_refused() -> None:
    lists = {REVOCATIONS: signed_list(REVOCATIONS, StatusPurpose.REVOCATION, set())}
    assert verify(issued(), status_lists=lists, entries=1 << 21).verified
    outcome = verify(issued(), status_lists=lists, entries=1 << 20)
    assert refusal(outcome) == ("status-list-length", ProblemType.STATUS_LIST_LENGTH)


def test_a_status_list_of_another_issuer_is_refused() -> None:
    other = LocalSigner.generate()
    listed = status_list_credential(
        REVOCATIONS,
        did_key(other.public_key),
        StatusPurpose.REVOCATION,
        encode_list(set()),
        NOW - timedelta(1),
        NOW + timedelta(1),
    )
    signed = issue(listed, IssueOptions(did_key_method(other.public_key), NOW), other)
    assert refusal(verify(issued(), status_lists={REVOCATIONS: signed}))[0] == "status-issuer"
