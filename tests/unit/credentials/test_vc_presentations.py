"""A presentation: by its holder, to whom it was made for, once, and every credential in it sound."""

from typing import Any

import pytest

from luban.credentials.cryptosuites import Cryptosuite
from luban.credentials.vc_api import Outcome, verify_presentation
from luban.credentials.vc_jwt import sign_vc_jwt
from tests.unit.credentials.material import (
    HOLDER_DID,
    ISSUER,
    METHOD,
    NOW,
    SIGNER,
    SPECIAL_ABILITY,
    changed,
    issued,
    presentation,
    refusal,
    resolver,
    unsigned,
)


def verify_presented(document: object) -> Outcome:
    return verify_presentation(document, resolver(), "n-0S6_WzA2Mj", "employer.example", NOW)


def test_a_presentation_proves_its_holder_and_every_credential_in_it() -> None:
    enveloped = {
        "@context": "https://www.w3.org/ns/credentials/v2",
        "id": "data:application/vc+jwt," + sign_vc_jwt(unsigned(), METHOD, NOW, SIGNER),
        "type": "EnvelopedVerifiableCredential",
    }
    outcome = verify_presented(presentation(issued(SPECIAL_ABILITY), enveloped))
    assert (outcome.verified, outcome.errors, outcome.issuer) == (True, [], HOLDER_DID)
    assert [inner.issuer for inner in outcome.credentials] == [ISSUER, ISSUER]


def test_a_presentation_with_one_bad_credential_is_refused() -> None:
    bad = changed(issued(), lambda document: document.update(name="职业资格证书"))
    outcome = verify_presented(presentation(issued(SPECIAL_ABILITY), bad))
    assert not outcome.verified
    assert [inner.verified for inner in outcome.credentials] == [True, False]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"challenge": "replayed"}, "proof-challenge"),
        ({"challenge": None}, "proof-challenge"),
        ({"domain": "elsewhere.example"}, "proof-domain"),
        ({"domain": None}, "proof-domain"),
        ({"purpose": "assertionMethod"}, "proof-purpose"),
        ({"signer": SIGNER}, "proof-invalid"),
        ({"holder": "did:web:elsewhere.example"}, "holder-other"),
    ],
)
def test_a_presentation_for_another_by_another_or_again_is_refused(options: dict[str, Any], code: str) -> None:
    assert refusal(verify_presented(presentation(issued(SPECIAL_ABILITY), **options)))[0] == code


def test_a_presentation_of_too_many_credentials_is_refused() -> None:
    assert (
        refusal(verify_presented(presentation(*[{"id": "urn:x"}] * 33, suite=Cryptosuite.JCS)))[0] == "member-malformed"
    )
