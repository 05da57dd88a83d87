"""Compact JWS (RFC 7515) with EdDSA or, for the keys that holders' phones keep, ES256: what the JWT kinds build on."""

import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from luban.credentials.problems import ProblemType, Refused
from luban.credentials.reading import Document, read_document
from luban.proofs import base64url
from luban.proofs.signing import Algorithm, PublicKey, Signer
from luban.reference.refusal import Invalid

EDDSA = ("EdDSA", "Ed25519")
"""RFC 8037, and the fully specified name of RFC 9864."""
ES256 = "ES256"


@dataclass(frozen=True, slots=True)
class Jws:
    """A JWS that was read and not yet checked."""

    header: Document
    payload: Document
    signing_input: bytes
    signature: bytes


def sign_compact(header: Document, payload: Document, signer: Signer) -> str:
    """`header` without `alg`. Raises `Refused` key-unsupported for a key that is not Ed25519."""
    if signer.algorithm is not Algorithm.ED25519:
        raise _refusal("key-unsupported", "仅支持Ed25519密钥", "only Ed25519 keys sign these")
    parts = [base64url.encode(_json(part)) for part in ({"alg": EDDSA[0], **header}, payload)]
    signing_input = ".".join(parts)
    return f"{signing_input}.{base64url.encode(signer.sign(signing_input.encode()))}"


def read_compact(text: object, *types: str) -> Jws:
    """Reads a JWS of one of the types (`typ`, upper or lower case, with or without application/).

    Raises `Refused` jws-malformed, jws-type, jws-critical, and as `read_document`.
    """
    if not isinstance(text, str) or text.count(".") != 2 or not text.isascii():
        raise _malformed()
    try:
        header, payload, signature = (base64url.decode(part) for part in text.split("."))
    except Invalid as error:
        raise _malformed() from error
    jws = Jws(read_document(header), read_document(payload), text.rpartition(".")[0].encode(), signature)
    if "crit" in jws.header:
        raise _refusal("jws-critical", "不支持签名头中的crit扩展", "no critical extension of a JWS is known here")
    kind = jws.header.get("typ")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in types:
        raise _refusal("jws-type", "类型应为{types}", "the typ must be {types}", types="/".join(types))
    return jws


def check_signature(jws: Jws, key: PublicKey) -> None:
    """Raises `Refused` jws-algorithm or jws-signature."""
    if jws.header.get("alg") not in EDDSA or key.algorithm is not Algorithm.ED25519:
        raise _wrong_algorithm()
    if not key.verify(jws.signing_input, jws.signature):
        raise _wrong_signature()


def check_signature_by_jwk(jws: Jws, jwk: object) -> None:
    """Of an Ed25519 or P-256 key. Raises `Refused` jws-algorithm, jws-signature or key-malformed."""
    if not isinstance(jwk, dict) or "d" in jwk:
        raise _bad_key()
    public = {name: jwk[name] for name in ("kty", "crv", "x", "y") if name in jwk}
    try:
        if (public.get("kty"), public.get("crv")) != ("EC", "P-256"):
            check_signature(jws, PublicKey.from_jwk(public))
            return
        key = _p256(public)
    except Refused:
        raise
    except (Invalid, ValueError) as error:
        raise _bad_key() from error
    if jws.header.get("alg") != ES256:
        raise _wrong_algorithm()
    _check_p256(key, jws)


def _p256(jwk: dict[str, Any]) -> ec.EllipticCurvePublicKey:
    x, y = (base64url.decode(str(jwk.get(name, ""))) for name in ("x", "y"))
    if len(x) != 32 or len(y) != 32:
        raise ValueError("a coordinate of P-256 has 32 bytes")
    return ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), ec.SECP256R1()).public_key()


def _check_p256(key: ec.EllipticCurvePublicKey, jws: Jws) -> None:
    if len(jws.signature) != 64:
        raise _wrong_signature()
    r, s = int.from_bytes(jws.signature[:32]), int.from_bytes(jws.signature[32:])
    try:
        key.verify(encode_dss_signature(r, s), jws.signing_input, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise _wrong_signature() from error


def _json(value: Document) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _malformed() -> Refused:
    return Refused(ProblemType.PARSING, "jws-malformed", zh="不是有效的JWS", en="this is no compact JWS")


def _bad_key() -> Refused:
    return _refusal("key-malformed", "密钥格式不正确", "this is no public key of a known kind")


def _wrong_algorithm() -> Refused:
    return _refusal("jws-algorithm", "签名算法与密钥不符", "the algorithm is not the key's")


def _wrong_signature() -> Refused:
    return _refusal(
        "jws-signature",
        "签名不符：内容被改动，或并非由所称密钥签署",
        "the signature does not match: something was changed, or another key signed",
    )


def _refusal(code: str, zh: str, en: str, **params: object) -> Refused:
    return Refused(ProblemType.CRYPTOGRAPHIC_SECURITY, code, zh=zh, en=en, **params)
