"""A certificate as SD-JWT VC (draft-ietf-oauth-sd-jwt-vc): the holder shows the level, and nothing else, to whom asks.

Issued by whoever publishes the did:web document that `kid` leads to; bound to a key that only the holder has.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from luban.credentials.achievement import Certificate, LevelAchievement
from luban.credentials.did import ASSERTION, Resolver, find_method
from luban.credentials.jws import check_signature, check_signature_by_jwk, read_compact, sign_compact
from luban.credentials.problems import ProblemType, Refused
from luban.credentials.reading import Document
from luban.credentials.sd_jwt import SdJwt, choose, digest, disclose, hide, read_sd_jwt, reveal
from luban.credentials.token_status_list import Reference, reference_in
from luban.proofs.signing import Signer

TYPE = "dc+sd-jwt"
_FORMER_TYPE = "vc+sd-jwt"
KEY_BINDING_TYPE = "kb+jwt"
MOST_KEY_BINDING_AGE = 600
"""Seconds since a key binding was made; and as many before, for clocks that differ."""
ALWAYS_SHOWN = frozenset({"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"})
"""Claims that must not be hidden (§2.2.2.2)."""


@dataclass(frozen=True, slots=True)
class SdJwtOptions:
    """What a new SD-JWT VC says besides the certificate."""

    issuer: str
    """A did:web."""
    verification_method: str
    vct: str
    """The URL that names this type of credential."""
    issued_at: datetime
    holder_jwk: Document | None = None
    """The holder's public key; without it whoever has the text can show it."""
    status: Reference | None = None
    id_number: str | None = None
    """Hidden like the rest, and only where the holder asks for it to be in there at all."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a verifier asked of the holder."""

    audience: str
    nonce: str


@dataclass(frozen=True, slots=True)
class VerifiedSdJwt:
    """What is proven."""

    issuer: str
    vct: str
    claims: Document
    """All that was shown, reserved claims included."""
    status: Reference | None
    """Where to look whether it is withdrawn; None where the issuer has no such list."""
    bound: bool
    """Whether the holder's key signed the verifier's challenge."""


def claims_of(certificate: Certificate, id_number: str | None = None) -> Document:
    """The claims that a holder may show one by one. Of the level, both its digit and its exact printed text."""
    achievement = certificate.achievement
    claims: Document = {
        "name": certificate.holder_name,
        "certificate_no": certificate.certificate_no,
        "issued_on": certificate.issued_on.isoformat(),
        "body_name": certificate.body.name,
    }
    if isinstance(achievement, LevelAchievement):
        claims |= {
            "occupation_code": achievement.occupation_code,
            "occupation_name": achievement.occupation_name,
            "trade": achievement.trade,
            "level": achievement.level.value,
            "level_name": achievement.level.certificate_text,
        }
    else:
        claims |= {"project_code": achievement.project_code, "project_name": achievement.project_name}
    return claims | ({"id_number": id_number} if id_number else {})


def issue_sd_jwt(certificate: Certificate, options: SdJwtOptions, signer: Signer) -> SdJwt:
    """With every claim disclosed, for the holder. Raises `Refused` key-unsupported."""
    disclosures = [disclose(name, value) for name, value in claims_of(certificate, options.id_number).items()]
    issued_at = int(options.issued_at.timestamp())
    shown: Document = {"iss": options.issuer, "iat": issued_at, "nbf": issued_at, "vct": options.vct}
    if options.holder_jwk:
        shown["cnf"] = {"jwk": options.holder_jwk}
    if options.status:
        shown["status"] = options.status.claim()
    header = {"typ": TYPE, "kid": options.verification_method}
    return SdJwt(sign_compact(header, hide(shown, disclosures), signer), tuple(disclosures))


def present_sd_jwt(
    sd_jwt: SdJwt, names: Collection[str], challenge: Challenge, made_at: datetime, holder: Signer
) -> SdJwt:
    """What a holder's wallet sends: the named claims, and the challenge signed with the holder's key."""
    chosen = choose(sd_jwt, names)
    payload = {
        "iat": int(made_at.timestamp()),
        "aud": challenge.audience,
        "nonce": challenge.nonce,
        "sd_hash": digest(chosen.presented),
    }
    key_binding = sign_compact({"typ": KEY_BINDING_TYPE}, payload, holder)
    return SdJwt(chosen.jwt, chosen.disclosures, key_binding)


def verify_sd_jwt(text: object, resolver: Resolver, now: datetime, challenge: Challenge | None = None) -> VerifiedSdJwt:
    """Checks issuer, signature, period, disclosures and, where there is a challenge, the holder's key binding.

    The status is the caller's to look up. Raises `Refused` as `read_sd_jwt`, `read_compact`, `find_method`, `reveal`,
    and vct-missing, issuer-other, token-not-yet-valid, token-expired, claim-hidden, key-binding-….
    """
    sd_jwt = read_sd_jwt(text)
    jws = read_compact(sd_jwt.jwt, TYPE, _FORMER_TYPE)
    payload = jws.payload
    issuer, vct = payload.get("iss"), payload.get("vct")
    if not isinstance(vct, str):
        raise _refusal("vct-missing", "缺少凭证类型vct", "the credential's type vct is missing")
    signed_at = _instant(payload, "iat") if "iat" in payload else None
    method = find_method(jws.header.get("kid"), ASSERTION, resolver, signed_at=signed_at, now=now)
    if method.controller != issuer:
        raise _refusal("issuer-other", "签名并非由所称发证机构作出", "the signature is another's than the issuer's")
    check_signature(jws, method.key)
    _check_period(payload, now)
    hidden = {disclosure.name for disclosure in sd_jwt.disclosures} & ALWAYS_SHOWN
    if hidden:
        raise _refusal("claim-hidden", "此项不得隐藏：{name}", "must not be hidden: {name}", name=min(map(str, hidden)))
    claims = reveal(payload, sd_jwt.disclosures)
    if challenge is not None:
        _check_key_binding(sd_jwt, payload, challenge, now)
    return VerifiedSdJwt(method.controller, vct, claims, reference_in(payload), bound=challenge is not None)


def _check_key_binding(sd_jwt: SdJwt, payload: Document, challenge: Challenge, now: datetime) -> None:
    """RFC 9901 §7.3: the key is the one the issuer named, and it signed this presentation for this verifier."""
    confirmation = payload.get("cnf")
    if not isinstance(confirmation, dict) or sd_jwt.key_binding is None:
        raise _refusal("key-binding-missing", "缺少持有人签名", "the holder's key binding is missing")
    jws = read_compact(sd_jwt.key_binding, KEY_BINDING_TYPE)
    try:
        check_signature_by_jwk(jws, confirmation.get("jwk"))
    except Refused as error:
        raise _refusal(
            "key-binding-key", "持有人签名并非由凭证所绑定的密钥作出", "another key than the credential's bound it"
        ) from error
    made_at = _instant(jws.payload, "iat")
    if abs((now - made_at).total_seconds()) > MOST_KEY_BINDING_AGE:
        raise _refusal("key-binding-time", "持有人签名已过时", "the key binding is not of now")
    if jws.payload.get("aud") != challenge.audience:
        raise _refusal("key-binding-audience", "持有人签名是给他人的", "the key binding is for another audience")
    if jws.payload.get("nonce") != challenge.nonce:
        raise _refusal("key-binding-nonce", "持有人签名的随机数不符", "the key binding has another nonce")
    if jws.payload.get("sd_hash") != digest(sd_jwt.presented):
        raise _refusal(
            "key-binding-hash", "持有人签名不属于所出示的内容", "the key binding is for another presentation"
        )


def _check_period(payload: Document, now: datetime) -> None:
    if "nbf" in payload and _instant(payload, "nbf") > now:
        raise _refusal("token-not-yet-valid", "凭证尚未生效", "the credential is not valid yet")
    if "exp" in payload and _instant(payload, "exp") <= now:
        raise _refusal("token-expired", "凭证已过期", "the credential has expired")


def _instant(payload: Document, name: str) -> datetime:
    value: Any = payload.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1 << 34:
        return datetime.fromtimestamp(value, UTC)
    raise _refusal("instant-malformed", "{name}不是有效的时间", "{name} is no instant", name=name)


def _refusal(code: str, zh: str, en: str, **params: object) -> Refused:
    return Refused(ProblemType.CRYPTOGRAPHIC_SECURITY, code, zh=zh, en=en, **params)
