"""PyPI sd-jwt, the reference implementation, verifies what we issue and present, and we what it issues and presents."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from luban.credentials.problems import Refused
from luban.credentials.sd_jwt_vc import TYPE, Challenge, VerifiedSdJwt, issue_sd_jwt, present_sd_jwt, verify_sd_jwt
from luban.proofs.local_key import LocalSigner
from tests.unit.credentials.material import HOLDER, ISSUER, LEVEL, METHOD, NOW, SIGNER, SPECIAL_ABILITY, resolver
from tests.unit.credentials.test_sd_jwt import CHALLENGE, ID_NUMBER, OPTIONS, VCT

PASSPHRASE = b"a passphrase of the tests"


def private_jwk(signer: LocalSigner) -> JWK:
    return JWK.from_pem(signer.to_pem(PASSPHRASE), password=PASSPHRASE)


def public_jwk(signer: LocalSigner) -> JWK:
    return JWK.from_json(json.dumps(signer.public_jwk()))


def verify_by_others(text: str, challenge: Challenge | None = CHALLENGE) -> dict[str, Any]:
    verifier = SDJWTVerifier.__new__(SDJWTVerifier)
    # its constructor knows no algorithm but ES256 for the holder, so its steps are taken one by one
    super(SDJWTVerifier, verifier).__init__(serialization_format="compact")
    verifier._parse_sd_jwt(text)
    verifier._create_hash_mappings(verifier._input_disclosures)
    verifier._verify_sd_jwt(lambda *_: public_jwk(SIGNER))
    if challenge:
        verifier._verify_key_binding_jwt(challenge.audience, challenge.nonce, sign_alg="EdDSA")
    claims: dict[str, Any] = verifier.get_verified_payload()
    return claims


@pytest.mark.parametrize(
    ("certificate", "names"),
    [
        (LEVEL, ("level", "level_name")),
        (LEVEL, ("id_number", "name")),
        (SPECIAL_ABILITY, ("project_name",)),
        (LEVEL, ()),
    ],
)
def test_it_verifies_what_we_issue_and_present(certificate: Any, names: tuple[str, ...]) -> None:
    issued = issue_sd_jwt(certificate, OPTIONS, SIGNER)
    claims = verify_by_others(str(present_sd_jwt(issued, names, CHALLENGE, NOW, HOLDER)))
    assert set(claims) - {"iss", "iat", "nbf", "vct", "cnf", "status"} == set(names)
    assert claims["vct"] == VCT


def test_it_refuses_ours_with_another_key_nonce_or_disclosures() -> None:
    issued = issue_sd_jwt(LEVEL, OPTIONS, SIGNER)
    shown = present_sd_jwt(issued, ["level"], CHALLENGE, NOW, HOLDER)
    more = replace(shown, disclosures=present_sd_jwt(issued, ["name"], CHALLENGE, NOW, HOLDER).disclosures)
    foreign = present_sd_jwt(issued, ["level"], CHALLENGE, NOW, LocalSigner.generate())
    for text, challenge in (
        (str(more), CHALLENGE),
        (str(foreign), CHALLENGE),
        (str(shown), replace(CHALLENGE, nonce="another")),
        (str(shown), replace(CHALLENGE, audience="https://another.example")),
    ):
        with pytest.raises(Exception, match=r"."):
            verify_by_others(text, challenge)


def issued_by_others(issuer: LocalSigner = SIGNER) -> str:
    claims = {
        "iss": ISSUER,
        "vct": VCT,
        "iat": int(NOW.timestamp()),
        SDObj("level"): 3,
        SDObj("id_number"): ID_NUMBER,
        "bodies": [SDObj("甲"), "乙"],
        "address": {SDObj("city"): "济南"},
    }
    made = SDJWTIssuer(
        claims,
        private_jwk(issuer),
        holder_key=public_jwk(HOLDER),
        sign_alg="EdDSA",
        add_decoy_claims=True,
        extra_header_parameters={"typ": TYPE, "kid": METHOD},
    )
    return str(made.sd_jwt_issuance)


def presented_by_others(issuance: str, show: dict[str, Any], holder: LocalSigner = HOLDER) -> str:
    made = SDJWTHolder(issuance)
    made.create_presentation(show, CHALLENGE.nonce, CHALLENGE.audience, private_jwk(holder), sign_alg="EdDSA")
    return str(made.sd_jwt_presentation)


def verify(text: str) -> VerifiedSdJwt:
    return verify_sd_jwt(text, resolver(), datetime.now(UTC), CHALLENGE)


def test_we_verify_what_it_issues_and_presents() -> None:
    text = presented_by_others(issued_by_others(), {"level": True, "address": {"city": True}})
    claims = verify(text).claims
    assert claims["level"] == 3
    assert claims["address"] == {"city": "济南"}
    assert claims["bodies"] == ["乙"]
    assert "id_number" not in claims


def test_we_refuse_its_presentations_with_a_foreign_key_or_issuer() -> None:
    foreign = LocalSigner.generate()
    for text, code in (
        (presented_by_others(issued_by_others(), {"level": True}, holder=foreign), "key-binding-key"),
        (presented_by_others(issued_by_others(foreign), {"level": True}), "jws-signature"),
    ):
        with pytest.raises(Refused, match=code):
            verify(text)
