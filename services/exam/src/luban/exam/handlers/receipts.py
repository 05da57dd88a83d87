"""Receipts for saved responses: what a candidate holds, and the service can recognise years later.

The signature is the service's keyed hash (HMAC-SHA256 under the look-up keys of its ring, the key's version before it)
over `luban-receipt-1`, U+001F and the receipt as canonical JSON: keys sorted, no spaces, UTF-8. In base64url.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from luban.eventkit.sealing import KeyRing

_PURPOSE = "luban-receipt-1"

Receipt = Mapping[str, str | int]


def response_sha256(response: object) -> str:
    """SHA-256 of a response's canonical JSON, in hex."""
    return hashlib.sha256(_canonical(response).encode()).hexdigest()


def make_receipt(paper_id: UUID, position: int, sha256: str, saved_at: str, serial: int) -> Receipt:
    """What was saved, when, and as which saving of the paper."""
    return {
        "paper_id": str(paper_id),
        "position": position,
        "response_sha256": sha256,
        "saved_at": saved_at,
        "serial": serial,
    }


def sign(ring: KeyRing, receipt: Receipt) -> str:
    """The signature that goes with a receipt."""
    return urlsafe_b64encode(ring.lookup_hash(_PURPOSE, _canonical(receipt))).decode()


def is_genuine(ring: KeyRing, receipt: Receipt, signature: str) -> bool:
    """Whether this service once signed this receipt; holds while the key of its day is in the ring."""
    try:
        shown = urlsafe_b64decode(signature)
    except (Base64Error, ValueError):
        return False
    return any(hmac.compare_digest(shown, known) for known in ring.lookup_hashes(_PURPOSE, _canonical(receipt)))


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
