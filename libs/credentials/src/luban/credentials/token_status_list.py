"""Token Status List (IETF draft-ietf-oauth-status-list): what `status_list` is, for SD-JWT VCs, as a signed JWT."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from luban.credentials import bits
from luban.credentials.bits import Order
from luban.credentials.jws import Jws, read_compact, sign_compact
from luban.credentials.problems import ProblemType, Refused
from luban.credentials.reading import Document
from luban.proofs import base64url
from luban.proofs.signing import Signer
from luban.reference.refusal import Invalid

TYPE = "statuslist+jwt"
_ZLIB = 15


class TokenStatus(IntEnum):
    """What an entry says (§7.1)."""

    VALID = 0
    INVALID = 1
    """Withdrawn, for ever."""
    SUSPENDED = 2
    """For a time; needs entries of two bits or more."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The `status_list` of a token's `status` claim (§6.2)."""

    uri: str
    index: int

    def claim(self) -> Document:
        return {"status_list": {"idx": self.index, "uri": self.uri}}


def encode_list(values: Mapping[int, int], entries: int, size: int = 2) -> Document:
    """The `status_list` claim (§4.2). `values` by index; `size` in bits. Raises ValueError as `bits.pack`."""
    if size == 1 and set(values.values()) <= {0, 1}:
        chosen = [index for index, value in values.items() if value]
        packed = bits.pack_bits(entries, chosen, Order.LEAST_SIGNIFICANT_FIRST)
    else:
        packed = bits.pack(entries, size, values, Order.LEAST_SIGNIFICANT_FIRST)
    return {"bits": size, "lst": base64url.encode(zlib.compress(packed, 9))}


def value_in(status_list: object, index: int) -> int:
    """The number at an index of a `status_list` claim. Raises `Refused` status-list-… or status-index."""
    size, text = (status_list.get("bits"), status_list.get("lst")) if isinstance(status_list, dict) else (None, None)
    if size not in (1, 2, 4, 8) or isinstance(size, bool | float) or not isinstance(text, str):
        raise bits.malformed()
    try:
        compressed = base64url.decode(text)
    except Invalid as error:
        raise bits.malformed() from error
    packed = bits.decompressed(compressed, _ZLIB)
    return bits.value_at(packed, int(size), index, Order.LEAST_SIGNIFICANT_FIRST)


def sign_list(uri: str, status_list: Document, signer: Signer, issued_at: datetime, expires_at: datetime) -> str:
    """The Status List Token to publish at the URI (§5.1)."""
    payload = {
        "sub": uri,
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
        "status_list": status_list,
    }
    return sign_compact({"typ": TYPE, "kid": signer.key_id}, payload, signer)


def read_list(token: object, reference: Reference, now: datetime) -> tuple[Jws, int]:
    """A Status List Token that is in force, not yet its signature, and what it says at the reference (§8.3).

    Raises `Refused` as `read_compact` and `value_in`, status-list-other for a list of another URI, status-list-expired.
    """
    jws = read_compact(token, TYPE)
    if jws.payload.get("sub") != reference.uri:
        raise _refusal("status-list-other", "状态列表的地址不符", "the status list is that of another address")
    issued, expires = jws.payload.get("iat"), jws.payload.get("exp")
    if not isinstance(issued, int) or not isinstance(expires, int | None):
        raise bits.malformed()
    if expires is not None and expires <= now.timestamp():
        raise _refusal("status-list-expired", "状态列表已过期", "the status list has expired")
    return jws, value_in(jws.payload.get("status_list"), reference.index)


def reference_in(payload: Document) -> Reference | None:
    """The reference in a token's claims, or None where it has none. Raises `Refused` status-entry-malformed."""
    if "status" not in payload:
        return None
    status = payload["status"]
    listed = status.get("status_list") if isinstance(status, dict) else None
    uri, index = (listed.get("uri"), listed.get("idx")) if isinstance(listed, dict) else (None, None)
    if not isinstance(uri, str) or not isinstance(index, int) or isinstance(index, bool) or index < 0:
        raise _refusal("status-entry-malformed", "status声明不正确", "the status claim is malformed")
    return Reference(uri, index)


def _refusal(code: str, zh: str, en: str) -> Refused:
    return Refused(ProblemType.STATUS_VERIFICATION, code, zh=zh, en=en)
