"""Signatures of answers: JWS in compact form, Ed25519 (RFC 7515, RFC 8037)."""

import hashlib
from base64 import urlsafe_b64encode
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

TYPE = "luban-verification+jws"


class Signer:
    """Signs with one key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        members = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(raw).decode()}
        thumbprint = hashlib.sha256(orjson.dumps(members, option=orjson.OPT_SORT_KEYS)).digest()  # RFC 7638
        self.jwk = {**members, "use": "sig", "alg": "EdDSA", "kid": _base64url(thumbprint).decode()}
        header = {"alg": "EdDSA", "kid": self.jwk["kid"], "typ": TYPE}
        self._header = _base64url(orjson.dumps(header, option=orjson.OPT_SORT_KEYS)) + b"."

    @classmethod
    def load(cls, path: Path) -> "Signer":
        """Raises OSError or ValueError when the file is missing or holds no Ed25519 key."""
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{path} holds no Ed25519 key")  # noqa: TRY004  # the file's content is wrong, not a type
        return cls(key)

    def sign(self, payload: bytes) -> bytes:
        """The compact JWS of these bytes."""
        signed = self._header + _base64url(payload)
        return signed + b"." + _base64url(self._key.sign(signed))


def _base64url(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")
