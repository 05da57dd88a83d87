"""A holder shows the level and nothing else, to whom asked, and nobody can show it in their place."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from luban.credentials.jws import sign_compact
from luban.credentials.problems import Refused
from luban.credentials.sd_jwt import Disclosure, SdJwt, choose, digest, disclose, hide, read_sd_jwt, reveal
from luban.credentials.sd_jwt_vc import (
    KEY_BINDING_TYPE,
    TYPE,
    Challenge,
    SdJwtOptions,
    VerifiedSdJwt,
    issue_sd_jwt,
    present_sd_jwt,
    verify_sd_jwt,
)
from luban.credentials.token_status_list import Reference
from luban.proofs import base64url
from luban.proofs.local_key import LocalSigner
from tests.unit.credentials.material import (
    HOLDER,
    HOLDER_METHOD,
    ISSUER,
    LEVEL,
    METHOD,
    NOW,
    SIGNER,
    SPECIAL_ABILITY,
    resolver,
)

VCT = "https://certificates.example/credentials/skill-level"
ID_NUMBER = "370102199003079010"
CHALLENGE = Challenge("https://employer.example", "n-0S6_WzA2Mj")
OPTIONS = SdJwtOptions(
    issuer=ISSUER,
    verification_method=METHOD,
    vct=VCT,
    issued_at=NOW - timedelta(days=1),
    holder_jwk=HOLDER.public_jwk(),
    status=Reference("https://certificates.example/status/tokens/1", 4711),
    id_number=ID_NUMBER,
)
ISSUED = issue_sd_jwt(LEVEL, OPTIONS, SIGNER)
SHOWN = ("level", "level_name", "occupation_name")


def presented(names: tuple[str, ...] = SHOWN, **changes: Any) -> SdJwt:
    settings: dict[str, Any] = {"challenge": CHALLENGE, "made_at": NOW, "holder": HOLDER, "sd_jwt": ISSUED} | changes
    return present_sd_jwt(settings["sd_jwt"], names, settings["challenge"], settings["made_at"], settings["holder"])


def verify(text: object, challenge: Challenge | None = CHALLENGE, **settings: Any) -> VerifiedSdJwt:
    return verify_sd_jwt(text, settings.get("resolver", resolver()), settings.get("now", NOW), challenge)


def code_of(text: object, challenge: Challenge | None = CHALLENGE, **settings: Any) -> str:
    with pytest.raises(Refused) as refused:
        verify(text, challenge, **settings)
    return refused.value.code


def test_the_level_is_shown_and_nothing_else_is_there_to_be_found() -> None:
    text = str(presented())
    verified = verify(text)
    assert {name: verified.claims[name] for name in SHOWN} == {
        "level": 3,
        "level_name": "三级/高级工",
        "occupation_name": "电工",
    }
    assert set(verified.claims) == {*SHOWN, "iss", "iat", "nbf", "vct", "cnf", "status"}
    assert (verified.issuer, verified.vct, verified.bound) == (ISSUER, VCT, True)
    assert verified.status == OPTIONS.status
    decoded = "".join(base64url.decode(part).decode() for part in text.replace("~", ".").split(".")[:2])
    for secret in (ID_NUMBER, LEVEL.holder_name, LEVEL.certificate_no):
        assert secret not in decoded
        assert not any(secret in str(disclosure.value) for disclosure in presented().disclosures)


def test_the_id_number_is_there_only_where_the_holder_asked_for_it() -> None:
    assert verify(str(presented(("id_number",)))).claims["id_number"] == ID_NUMBER
    plain = issue_sd_jwt(LEVEL, replace(OPTIONS, id_number=None), SIGNER)
    with pytest.raises(Refused, match="claim-missing"):
        choose(plain, ["id_number"])


def test_the_holder_of_a_special_ability_shows_the_project() -> None:
    shown = presented(("project_name",), sd_jwt=issue_sd_jwt(SPECIAL_ABILITY, OPTIONS, SIGNER))
    assert verify(str(shown)).claims["project_name"] == "胶东花饽饽制作"


def test_what_is_hidden_cannot_be_guessed_or_told_apart() -> None:
    again = issue_sd_jwt(LEVEL, OPTIONS, SIGNER)
    assert not {item.digest for item in again.disclosures} & {item.digest for item in ISSUED.disclosures}
    payload = json.loads(base64url.decode(ISSUED.jwt.split(".")[1]))
    assert payload["_sd"] == sorted(payload["_sd"])


def forged_binding(**changes: Any) -> SdJwt:
    """Bound by the right key over other claims."""
    chosen = choose(ISSUED, SHOWN)
    payload = {
        "iat": int(NOW.timestamp()),
        "aud": CHALLENGE.audience,
        "nonce": CHALLENGE.nonce,
        "sd_hash": digest(chosen.presented),
    } | changes
    kind = payload.pop("typ", KEY_BINDING_TYPE)
    return replace(chosen, key_binding=sign_compact({"typ": kind}, payload, HOLDER))


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "bound by a foreign key": (lambda: presented(holder=LocalSigner.generate()), "key-binding-key"),
    "bound by the issuer's key": (lambda: presented(holder=SIGNER), "key-binding-key"),
    "not bound": (lambda: choose(ISSUED, SHOWN), "key-binding-missing"),
    "without a key to be bound to": (
        lambda: presented(sd_jwt=issue_sd_jwt(LEVEL, replace(OPTIONS, holder_jwk=None), SIGNER)),
        "key-binding-missing",
    ),
    "bound to no key": (
        lambda: presented(sd_jwt=issue_sd_jwt(LEVEL, replace(OPTIONS, holder_jwk={"kty": "oct"}), SIGNER)),
        "key-binding-key",
    ),
    "for another audience": (
        lambda: presented(challenge=replace(CHALLENGE, audience="https://other.example")),
        "key-binding-audience",
    ),
    "for another nonce": (lambda: presented(challenge=replace(CHALLENGE, nonce="replayed")), "key-binding-nonce"),
    "of an hour ago": (lambda: presented(made_at=NOW - timedelta(hours=1)), "key-binding-time"),
    "of an hour ahead": (lambda: presented(made_at=NOW + timedelta(hours=1)), "key-binding-time"),
    "over another hash": (lambda: forged_binding(sd_hash=digest("other")), "key-binding-hash"),
    "without a time": (lambda: forged_binding(iat="now"), "instant-malformed"),
    "bound by a token of another type": (lambda: forged_binding(typ="jwt"), "jws-type"),
    "with a claim shown after it was bound": (
        lambda: replace(presented(), disclosures=presented(("name",)).disclosures),
        "key-binding-hash",
    ),
    "with a claim taken away after it was bound": (
        lambda: replace(presented(), disclosures=presented().disclosures[:1]),
        "key-binding-hash",
    ),
    "with a changed claim": (
        lambda: replace(choose(ISSUED, SHOWN), disclosures=(disclose("level", 1),)),
        "disclosure-unused",
    ),
    "with a claim shown twice": (
        lambda: replace(choose(ISSUED, SHOWN), disclosures=choose(ISSUED, ["level"]).disclosures * 2),
        "digest-twice",
    ),
    "signed by another": (lambda: issue_sd_jwt(LEVEL, OPTIONS, LocalSigner.generate()), "jws-signature"),
    "signed by the holder": (
        lambda: issue_sd_jwt(LEVEL, replace(OPTIONS, verification_method=HOLDER_METHOD), HOLDER),
        "issuer-other",
    ),
    "of an unknown key": (
        lambda: issue_sd_jwt(LEVEL, replace(OPTIONS, verification_method=ISSUER + "#x"), SIGNER),
        "method-missing",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_presentation_is_refused(what: str) -> None:
    make, code = REFUSED[what]
    assert code_of(str(make())) == code


def signed(header: dict[str, Any] | None = None, **claims: Any) -> str:
    payload = {"iss": ISSUER, "iat": int(NOW.timestamp()), "vct": VCT} | claims
    shown = {name: value for name, value in payload.items() if value is not ...}
    return sign_compact({"typ": TYPE, "kid": METHOD, **(header or {})}, shown, SIGNER) + "~"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (signed(vct=...), "vct-missing"),
        (signed(iss="did:web:other.example"), "issuer-other"),
        (signed(iss=...), "issuer-other"),
        (signed(nbf=int(NOW.timestamp()) + 1), "token-not-yet-valid"),
        (signed(exp=int(NOW.timestamp())), "token-expired"),
        (signed(exp="tomorrow"), "instant-malformed"),
        (signed(nbf=1e300), "json-number"),
        (signed(nbf=-1), "instant-malformed"),
        (signed(iat=True), "instant-malformed"),
        (signed(status={"status_list": {}}), "status-entry-malformed"),
        (signed(_sd_alg="md5"), "sd-algorithm"),
        (signed(_sd="x"), "digest-malformed"),
        (signed(_sd=[7]), "digest-malformed"),
        (signed(_sd=["a", "a"]), "digest-twice"),
        (signed(None, **{"...": 1}), "claim-reserved"),
        (signed({"typ": "JWT"}), "jws-type"),
        (signed({"crit": ["b64"]}), "jws-critical"),
        (signed({"alg": "none"}), "jws-algorithm"),
        (signed({"alg": "HS256"}), "jws-algorithm"),
        (signed({"kid": None}), "method-malformed"),
        (signed()[:-1], "sd-jwt-malformed"),
        (signed() + "!~", "disclosure-malformed"),
        (signed() + base64url.encode(b"[1]") + "~", "disclosure-malformed"),
        (signed() + base64url.encode(b"{") + "~", "json-malformed"),
        (signed() + "~".join(["W10"] * 300), "document-too-large"),
        ("a.b~", "jws-malformed"),
        ("é.b.c~", "sd-jwt-malformed"),
        (None, "sd-jwt-malformed"),
        (7, "sd-jwt-malformed"),
    ],
)
def test_a_malformed_sd_jwt_is_refused(text: object, code: str) -> None:
    assert code_of(text, None) == code


def test_claims_that_must_be_seen_cannot_be_hidden() -> None:
    for name in ("exp", "status", "cnf"):
        hidden = disclose(name, {})
        text = signed(_sd=[hidden.digest]) + hidden.text + "~"
        assert code_of(text, None) == "claim-hidden"


def test_hidden_members_and_elements_at_any_depth_are_revealed_or_leave_no_trace() -> None:
    street, first, second = disclose("street", "一号"), element("甲"), element("乙")
    address = disclose("address", {"city": "济南", "_sd": [street.digest]})
    payload = hide({"names": [{"...": first.digest}, {"...": second.digest}, "丙"]}, [address])
    assert reveal(payload, [address, street, first]) == {
        "names": ["甲", "丙"],
        "address": {"city": "济南", "street": "一号"},
    }
    assert reveal(payload, [address]) == {"names": ["丙"], "address": {"city": "济南"}}
    assert reveal(payload, []) == {"names": ["丙"]}
    with pytest.raises(Refused, match="disclosure-unused"):
        reveal(payload, [street])
    for misplaced in (hide({"x": [{"...": address.digest}]}, []), hide({}, [first])):
        with pytest.raises(Refused, match="disclosure-malformed"):
            reveal(misplaced, [address if "x" in misplaced else first])


def element(value: object) -> Disclosure:
    return Disclosure(base64url.encode(json.dumps(["salt" + str(value), value]).encode()), None, value)


@pytest.mark.parametrize("name", ["_sd", "..."])
def test_a_reserved_name_or_one_that_is_there_already_is_not_disclosed(name: str) -> None:
    reserved, twice = disclose(name, 1), disclose("level", 1)
    with pytest.raises(Refused, match="claim-reserved"):
        reveal(hide({}, [reserved]), [reserved])
    with pytest.raises(Refused, match="claim-twice"):
        reveal(hide({"level": 3}, [twice]), [twice])


def test_an_sd_jwt_is_read_as_it_is_written() -> None:
    for sd_jwt in (ISSUED, presented()):
        assert read_sd_jwt(str(sd_jwt)) == sd_jwt


def test_a_phone_may_bind_with_a_key_of_p256() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    numbers = private.public_key().public_numbers()
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": base64url.encode(numbers.x.to_bytes(32)),
        "y": base64url.encode(numbers.y.to_bytes(32)),
    }
    chosen = choose(issue_sd_jwt(LEVEL, replace(OPTIONS, holder_jwk=jwk), SIGNER), SHOWN)
    payload = {
        "iat": int(NOW.timestamp()),
        "aud": CHALLENGE.audience,
        "nonce": CHALLENGE.nonce,
        "sd_hash": digest(chosen.presented),
    }
    parts = [{"alg": "ES256", "typ": KEY_BINDING_TYPE}, payload]
    signing_input = ".".join(base64url.encode(json.dumps(part).encode()) for part in parts)
    r, s = decode_dss_signature(private.sign(signing_input.encode(), ec.ECDSA(hashes.SHA256())))
    signature = base64url.encode(r.to_bytes(32) + s.to_bytes(32))
    assert verify(str(replace(chosen, key_binding=f"{signing_input}.{signature}"))).bound
    changed = base64url.encode(s.to_bytes(32) + r.to_bytes(32))
    assert code_of(str(replace(chosen, key_binding=f"{signing_input}.{changed}"))) == "key-binding-key"
    off_curve = issue_sd_jwt(LEVEL, replace(OPTIONS, holder_jwk=jwk | {"x": jwk["y"]}), SIGNER)
    bound = replace(choose(off_curve, SHOWN), key_binding=f"{signing_input}.{signature}")
    assert code_of(str(bound)) == "key-binding-key"
