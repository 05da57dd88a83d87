"""Signatures of answers: JWS in compact form (RFC 7515, RFC 8037)."""

from base64 import urlsafe_b64encode

import orjson

from luban.proofs import signing

TYPE = "luban-verification+jws"


class Signer:
    """Signs answers with one key."""

    def __init__(self, signer: signing.Signer) -> None:
        self._signer = signer
        self.jwk = signer.public_jwk()
        header = {"alg": signer.algorithm.value, "kid": signer.key_id, "typ": TYPE}
        self._header = _base64url(orjson.dumps(header, option=orjson.OPT_SORT_KEYS)) + b"."

    def sign(self, payload: bytes) -> bytes:
        """The compact JWS of these bytes."""
        signed = self._header + _base64url(payload)
        return signed + b"." + _base64url(self._signer.sign(signed))


def _base64url(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")
