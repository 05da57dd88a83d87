"""DIDs: did:key by computation, every other by a resolver that the caller gives; and the keys in their documents.

Source: DID Core 1.0, Controlled Identifiers 1.0, did:key 0.9. What a did:web document holds is the caller's to fetch.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from luban.credentials.instants import parse_instant
from luban.credentials.multikey import from_multikey, to_multikey, unsupported_key
from luban.credentials.problems import ProblemType, Refused
from luban.credentials.reading import Document, check_bounds
from luban.proofs.signing import PublicKey
from luban.reference.refusal import Invalid

Resolver = Callable[[str], Mapping[str, Any] | None]
"""From a DID (or another controller's URL) to its document, or None where the caller has none."""

ASSERTION = "assertionMethod"
AUTHENTICATION = "authentication"
RELATIONSHIPS = (ASSERTION, AUTHENTICATION, "keyAgreement", "capabilityInvocation", "capabilityDelegation")

_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+")
_MULTIKEY_TYPES = ("Multikey", "Ed25519VerificationKey2020")
_JWK_TYPES = ("JsonWebKey", "JsonWebKey2020")


@dataclass(frozen=True, slots=True)
class Method:
    """A verification method that may be relied on for one proof."""

    id: str
    controller: str
    key: PublicKey


def did_key(key: PublicKey) -> str:
    """The did:key of an Ed25519 key."""
    return f"did:key:{to_multikey(key)}"


def did_key_method(key: PublicKey) -> str:
    """The id of a did:key's only verification method."""
    return f"{did_key(key)}#{to_multikey(key)}"


def resolve(did: str, resolver: Resolver) -> Document:
    """The document of a DID.

    Raises `Refused` did-malformed, did-unresolved, did-document-malformed or key-unsupported.
    """
    if did.startswith("did:") and not _DID.fullmatch(did):
        raise _refusal(
            ProblemType.INVALID_METHOD_URL, "did-malformed", "不是有效的DID：{did}", "this is no DID: {did}", did
        )
    if did.startswith("did:key:"):
        return _did_key_document(did)
    found = resolver(did)
    if found is None:
        raise _refusal(
            ProblemType.INVALID_METHOD, "did-unresolved", "无法取得该标识的文档：{did}", "no document for {did}", did
        )
    document = check_bounds(found)
    if document.get("id") != did:
        raise _refusal(
            ProblemType.INVALID_IDENTIFIER_DOCUMENT,
            "did-document-malformed",
            "该标识的文档不属于它：{did}",
            "the document found for {did} is another's",
            did,
        )
    return document


def find_method(
    url: object, relationship: str, resolver: Resolver, *, signed_at: datetime | None, now: datetime
) -> Method:
    """The verification method at the URL, when its controller allows it so and it held at `signed_at`.

    `signed_at` is what the proof says of itself. Raises `Refused` as `resolve`, and method-malformed, method-missing,
    method-relationship, method-out-of-time or method-revoked.
    """
    if not isinstance(url, str) or url.count("#") != 1:
        raise _refusal(
            ProblemType.INVALID_METHOD_URL,
            "method-malformed",
            "验证方法地址不正确",
            "no verification method's URL",
            url,
        )
    controller = url.partition("#")[0]
    document = resolve(controller, resolver)
    entry = _entry(document, url)
    _check_relationship(document, url, relationship)
    if entry.get("controller") != controller:
        raise _refusal(
            ProblemType.INVALID_METHOD,
            "method-controller",
            "验证方法不由该标识控制：{did}",
            "the method is not controlled by whose document it stands in: {did}",
            url,
        )
    _check_time(entry, url, signed_at, now)
    return Method(url, controller, _key(entry))


def _did_key_document(did: str) -> Document:
    name = did.removeprefix("did:key:")
    from_multikey(name)
    method = f"{did}#{name}"
    entry = {"id": method, "type": "Multikey", "controller": did, "publicKeyMultibase": name}
    return {"id": did, "verificationMethod": [entry], ASSERTION: [method], AUTHENTICATION: [method]}


def _entry(document: Document, url: str) -> Document:
    listed = [document.get("verificationMethod"), *(document.get(name) for name in RELATIONSHIPS)]
    entries = [entry for value in listed if isinstance(value, list) for entry in value if isinstance(entry, dict)]
    found = [entry for entry in entries if entry.get("id") in (url, "#" + url.partition("#")[2])]
    if len(found) != 1:
        raise _refusal(
            ProblemType.INVALID_METHOD,
            "method-missing",
            "该标识的文档中没有此验证方法：{did}",
            "the controller's document has no such method: {did}",
            url,
        )
    return found[0]


def _check_relationship(document: Document, url: str, relationship: str) -> None:
    allowed = document.get(relationship) if relationship in RELATIONSHIPS else None
    listed = allowed if isinstance(allowed, list) else []
    names = [entry.get("id") if isinstance(entry, dict) else entry for entry in listed]
    if url not in names and "#" + url.partition("#")[2] not in names:
        raise _refusal(
            ProblemType.INVALID_RELATIONSHIP,
            "method-relationship",
            "该密钥不得用于此用途：{did}",
            "the controller does not allow this method for this purpose: {did}",
            url,
        )


def _check_time(entry: Document, url: str, signed_at: datetime | None, now: datetime) -> None:
    """`revoked` and `expires` end all use (Controlled Identifiers 1.0 §2.2); `validFrom` and `validUntil`, which our
    own documents carry, bound when a proof may say that it was made."""
    for name in ("revoked", "expires"):
        if name in entry and parse_instant(entry[name], name) <= now:
            raise _refusal(
                ProblemType.INVALID_METHOD,
                "method-revoked",
                "该密钥已废止：{did}",
                "this key is out of use: {did}",
                url,
            )
    begins = parse_instant(entry["validFrom"], "validFrom") if "validFrom" in entry else None
    ends = parse_instant(entry["validUntil"], "validUntil") if "validUntil" in entry else None
    if (begins or ends) and signed_at is None:
        raise _out_of_time(url)
    if signed_at and ((begins and signed_at < begins) or (ends and signed_at >= ends)):
        raise _out_of_time(url)


def _out_of_time(url: str) -> Refused:
    return _refusal(
        ProblemType.INVALID_METHOD,
        "method-out-of-time",
        "签名时间不在该密钥的使用期内：{did}",
        "the proof's time is not within the key's period of use: {did}",
        url,
    )


def _key(entry: Document) -> PublicKey:
    if entry.get("type") in _MULTIKEY_TYPES:
        return from_multikey(entry.get("publicKeyMultibase"))
    jwk = entry.get("publicKeyJwk")
    if entry.get("type") not in _JWK_TYPES or not isinstance(jwk, dict):
        raise unsupported_key()
    try:
        return PublicKey.from_jwk({name: jwk.get(name) for name in ("kty", "crv", "x", "y") if name in jwk})
    except Invalid as error:
        raise unsupported_key() from error


def _refusal(kind: ProblemType, code: str, zh: str, en: str, did: object) -> Refused:
    return Refused(kind, code, zh=zh, en=en, did=str(did)[:300])
