"""Signatures through one small interface, whatever holds the private key and whichever algorithm is set.

Ed25519 (RFC 8032) is the default. SM2 with SM3 (GB/T 32918.2, GB/T 32905) stands beside it where the rules ask for it;
it needs the extra `luban-proofs[sm2]`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from luban.proofs import base64url, canonical
from luban.reference.refusal import Invalid

SIGNATURE_BYTES = 64
"""Of both algorithms; SM2's is r and s, 32 bytes each, most significant byte first."""


class Algorithm(StrEnum):
    """How a key signs; the value is the JWK member `alg`."""

    ED25519 = "EdDSA"
    """RFC 8037."""
    SM2 = "SM2"
    """With SM3 and the default signer id 1234567812345678 (GM/T 0009). JOSE has registered no name for it."""


_KINDS = {Algorithm.ED25519: ("OKP", "Ed25519"), Algorithm.SM2: ("EC", "SM2")}
"""JWK members kty and crv."""
_RAW_BYTES = {Algorithm.ED25519: 32, Algorithm.SM2: 65}


class Signer(Protocol):
    """Holds one private key, or knows the device that does. Safe to use from several threads."""

    @property
    def key_id(self) -> str: ...

    @property
    def algorithm(self) -> Algorithm: ...

    @property
    def public_key(self) -> "PublicKey": ...

    def public_jwk(self) -> dict[str, str]:
        """As `PublicKey.jwk`."""
        ...

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        ...


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that checks. `raw` is 32 bytes for Ed25519, 04 with two coordinates of 32 bytes for SM2.

    Raises `Invalid` public-key-malformed for another length or mark; a point off the curve fails in `verify`.
    """

    algorithm: Algorithm
    raw: bytes

    def __post_init__(self) -> None:
        marked = self.algorithm is not Algorithm.SM2 or self.raw[:1] == b"\x04"
        if len(self.raw) != _RAW_BYTES[self.algorithm] or not marked:
            raise _malformed_key()

    @property
    def key_id(self) -> str:
        """The JWK thumbprint (RFC 7638) with SHA-256, in base64url: 43 characters."""
        return _thumbprint(self)

    def jwk(self) -> dict[str, str]:
        """The JSON Web Key: RFC 8037 for Ed25519; kty EC with crv SM2 for SM2."""
        return {**_members(self), "use": "sig", "alg": self.algorithm.value, "kid": self.key_id}

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any]) -> "PublicKey":
        """Reads kty, crv, x and y, and that `kid` and `alg` agree where they are given.

        Raises `Invalid` public-key-malformed, also for a private key, and base64url.
        """
        algorithm = next((a for a, kind in _KINDS.items() if kind == (jwk.get("kty"), jwk.get("crv"))), None)
        if algorithm is None or "d" in jwk or jwk.get("alg", algorithm) != algorithm:
            raise _malformed_key()
        coordinates = [jwk.get(name) for name in ("x", "y") if name == "x" or algorithm is Algorithm.SM2]
        if not all(isinstance(coordinate, str) for coordinate in coordinates):
            raise _malformed_key()
        raw = b"".join(base64url.decode(str(coordinate)) for coordinate in coordinates)
        key = cls(algorithm, raw if algorithm is Algorithm.ED25519 else b"\x04" + raw)
        if jwk.get("kid", key.key_id) != key.key_id:
            raise _malformed_key()
        return key

    def verify(self, message: bytes, signature: bytes) -> bool:
        """As the function `verify`."""
        return verify(self.raw, self.algorithm, message, signature)


def verify(public: bytes, algorithm: Algorithm, message: bytes, signature: bytes) -> bool:
    """Whether the signature is this key's over the message. A malformed key or signature is none.

    Raises `Invalid` algorithm-unavailable where SM2's library is not installed.
    """
    if len(signature) != SIGNATURE_BYTES or len(public) != _RAW_BYTES[algorithm]:
        return False
    if algorithm is Algorithm.SM2:
        from luban.proofs import sm2  # noqa: PLC0415  # an extra

        return sm2.verify(public, message, signature)
    try:
        _ed25519(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=64)
def _ed25519(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)


def _members(key: PublicKey) -> dict[str, str]:
    """What a thumbprint covers (RFC 7638 §3.2, RFC 8037 §2)."""
    kty, crv = _KINDS[key.algorithm]
    if key.algorithm is Algorithm.ED25519:
        return {"crv": crv, "kty": kty, "x": base64url.encode(key.raw)}
    return {"crv": crv, "kty": kty, "x": base64url.encode(key.raw[1:33]), "y": base64url.encode(key.raw[33:])}


@lru_cache(maxsize=64)
def _thumbprint(key: PublicKey) -> str:
    return base64url.encode(hashlib.sha256(canonical.encode({**_members(key)})).digest())


def _malformed_key() -> Invalid:
    return Invalid("public-key-malformed", zh="公钥格式不正确", en="this is no public key of a known kind")
