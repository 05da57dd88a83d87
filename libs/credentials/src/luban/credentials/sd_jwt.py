"""SD-JWT (RFC 9901): claims that their holder may show one by one. Signatures and what the claims mean are not here.

Everything hidden here is a member of the top level; of others' SD-JWTs, hidden members and elements at any depth are
read.
"""

import hashlib
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from luban.credentials.problems import ProblemType, Refused
from luban.credentials.reading import MOST_BYTES, Document, read_document, too_large
from luban.proofs import base64url
from luban.reference.refusal import Invalid

MOST_DISCLOSURES = 200
DIGESTS, ELEMENT, ALGORITHM = "_sd", "...", "_sd_alg"
_SHA256 = "sha-256"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One hidden claim: `name` is None for an array's element."""

    text: str
    """As it travels: base64url of a JSON array."""
    name: str | None
    value: Any

    @property
    def digest(self) -> str:
        return digest(self.text)


@dataclass(frozen=True, slots=True)
class SdJwt:
    """The parts of an SD-JWT, or of a presentation of one when it ends in a key binding."""

    jwt: str
    disclosures: tuple[Disclosure, ...]
    key_binding: str | None = None

    def __str__(self) -> str:
        return self.presented + (self.key_binding or "")

    @property
    def presented(self) -> str:
        """What a key binding covers: everything up to and with the last tilde (§4.3.1)."""
        return "~".join([self.jwt, *(disclosure.text for disclosure in self.disclosures), ""])


def disclose(name: str, value: object, salt: str = "") -> Disclosure:
    """A new disclosure of a member. `salt` is random where it is not given: 128 bits (§9.3)."""
    parts = [salt or secrets.token_urlsafe(16), name, value]
    return Disclosure(base64url.encode(json.dumps(parts, ensure_ascii=False).encode()), name, value)


def hide(shown: Document, disclosures: Collection[Disclosure]) -> Document:
    """The claims with the digests of what is hidden, in an order that tells nothing (§4.2.4.1)."""
    hidden = sorted(disclosure.digest for disclosure in disclosures)
    return {**shown, DIGESTS: hidden, ALGORITHM: _SHA256}


def digest(text: str) -> str:
    """SHA-256 in base64url: of a disclosure (§4.2.3), and of what a key binding covers (§4.3.1)."""
    return base64url.encode(hashlib.sha256(text.encode("ascii")).digest())


def read_sd_jwt(text: object) -> SdJwt:
    """Raises `Refused` sd-jwt-malformed, document-too-large, disclosure-malformed and as `read_document`."""
    if not isinstance(text, str) or not text.isascii() or "~" not in text:
        raise _refusal("sd-jwt-malformed", "不是有效的SD-JWT", "this is no SD-JWT")
    if len(text) > MOST_BYTES or text.count("~") > MOST_DISCLOSURES + 1:
        raise too_large()
    jwt, *disclosures, key_binding = text.split("~")
    return SdJwt(jwt, tuple(map(_read_disclosure, disclosures)), key_binding or None)


def choose(sd_jwt: SdJwt, names: Collection[str]) -> SdJwt:
    """What a holder shows: only the named members. Raises `Refused` claim-missing where one is not hidden there."""
    chosen = tuple(disclosure for disclosure in sd_jwt.disclosures if disclosure.name in names)
    missing = set(names) - {disclosure.name for disclosure in chosen}
    if missing:
        raise _refusal(
            "claim-missing", "凭证没有此项：{name}", "not among the hidden claims: {name}", name=min(missing)
        )
    return SdJwt(sd_jwt.jwt, chosen)


def reveal(payload: Document, disclosures: Collection[Disclosure]) -> Document:
    """The claims, with what is disclosed in its place and every trace of what is not removed (§7.1).

    Raises `Refused` sd-algorithm, digest-malformed, digest-twice, disclosure-unused, claim-twice and claim-reserved.
    """
    if payload.get(ALGORITHM, _SHA256) != _SHA256:
        raise _refusal("sd-algorithm", "仅支持sha-256", "only sha-256 is known here")
    by_digest = {disclosure.digest: disclosure for disclosure in disclosures}
    if len(by_digest) != len(disclosures):
        raise _refusal("digest-twice", "披露项重复", "a disclosure stands twice")
    revealing = _Revealing(by_digest)
    claims = revealing.members({name: value for name, value in payload.items() if name != ALGORITHM})
    if revealing.used != set(by_digest):
        raise _refusal("disclosure-unused", "披露项不属于此凭证", "a disclosure is none of this credential's")
    return claims


class _Revealing:
    """One walk through the claims; it remembers every digest it meets, since none may stand twice."""

    def __init__(self, by_digest: Mapping[str, Disclosure]) -> None:
        self._by_digest = by_digest
        self._met: set[str] = set()
        self.used: set[str] = set()

    def members(self, value: Document) -> Document:
        claims = {name: self._value(member) for name, member in value.items() if name != DIGESTS}
        if ELEMENT in claims:
            raise _refusal("claim-reserved", "保留名称：{name}", "a reserved name: {name}", name=ELEMENT)
        digests = value.get(DIGESTS, [])
        if not isinstance(digests, list):
            raise _malformed_digest()
        for each in digests:
            disclosure = self._disclosed(each)
            if disclosure is not None:
                self._add(claims, disclosure)
        return claims

    def _add(self, claims: Document, disclosure: Disclosure) -> None:
        if disclosure.name is None:
            raise _refusal("disclosure-malformed", "披露项格式不正确", "an element's disclosure for a member")
        if disclosure.name in (DIGESTS, ELEMENT):
            raise _refusal("claim-reserved", "保留名称：{name}", "a reserved name: {name}", name=disclosure.name)
        if disclosure.name in claims:
            raise _refusal("claim-twice", "声明重复：{name}", "a claim stands twice: {name}", name=disclosure.name)
        claims[disclosure.name] = self._value(disclosure.value)

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self.members(value)
        if isinstance(value, list):
            return [shown for element in value for shown in self._element(element)]
        return value

    def _element(self, element: Any) -> list[Any]:
        if not (isinstance(element, dict) and set(element) == {ELEMENT}):
            return [self._value(element)]
        disclosure = self._disclosed(element[ELEMENT])
        if disclosure is None:
            return []
        if disclosure.name is not None:
            raise _refusal("disclosure-malformed", "披露项格式不正确", "a member's disclosure for an element")
        return [self._value(disclosure.value)]

    def _disclosed(self, each: object) -> Disclosure | None:
        if not isinstance(each, str):
            raise _malformed_digest()
        if each in self._met:
            raise _refusal("digest-twice", "摘要重复", "a digest stands twice")
        self._met.add(each)
        if each in self._by_digest:
            self.used.add(each)
        return self._by_digest.get(each)


def _read_disclosure(text: str) -> Disclosure:
    try:
        parts = read_document(b'{"d":' + base64url.decode(text) + b"}")["d"]
    except Refused:
        raise
    except Invalid as error:
        raise _refusal("disclosure-malformed", "披露项格式不正确", "a disclosure is malformed") from error
    texts = parts[:-1] if isinstance(parts, list) else [None]
    if len(texts) not in (1, 2) or not all(isinstance(part, str) for part in texts):
        raise _refusal("disclosure-malformed", "披露项格式不正确", "a disclosure is malformed")
    return Disclosure(text, texts[1] if len(texts) == 2 else None, parts[-1])


def _malformed_digest() -> Refused:
    return _refusal("digest-malformed", "摘要格式不正确", "a digest is malformed")


def _refusal(code: str, zh: str, en: str, **params: object) -> Refused:
    return Refused(ProblemType.MALFORMED_VALUE, code, zh=zh, en=en, **params)
