"""Bitstring Status List 1.0: which credentials of an issuer are withdrawn or suspended, as one signed list of bits."""

import gzip
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from luban.credentials import bits
from luban.credentials.bits import Order
from luban.credentials.contexts import CREDENTIALS_V2
from luban.credentials.data_model import as_list, controller_of, types_of
from luban.credentials.instants import print_instant
from luban.credentials.multikey import from_multibase64, to_multibase64
from luban.credentials.problems import ProblemType, Refused
from luban.credentials.reading import Document

LEAST_ENTRIES = 131_072
"""16 KiB uncompressed: fewer would tell too much about who was looked up (§2.3, §5.1)."""
OUR_ENTRIES = 1 << 21
"""Of every list that we publish: all of one size, so that a list of another is no list of ours."""

_GZIP = 31
_ENTRY, _LIST, _CREDENTIAL = "BitstringStatusListEntry", "BitstringStatusList", "BitstringStatusListCredential"


class StatusPurpose(StrEnum):
    """What a set bit means (§2.2)."""

    REVOCATION = "revocation"
    """For ever: a withdrawn certificate."""
    SUSPENSION = "suspension"
    """For a time."""
    REFRESH = "refresh"
    """Nothing is wrong; a newer credential is to be had."""
    MESSAGE = "message"
    """What the entry's own messages say."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a credential's status stands (§2.1)."""

    purpose: str
    list_url: str
    index: int
    size: int
    """Bits."""
    messages: tuple[tuple[int, str], ...]

    def message(self, value: int) -> str:
        return dict(self.messages).get(value, hex(value))


def status_entry(list_url: str, purpose: StatusPurpose, index: int) -> Document:
    """A member of `credentialStatus`."""
    return {
        "id": f"{list_url}#{index}",
        "type": _ENTRY,
        "statusPurpose": purpose.value,
        "statusListIndex": str(index),
        "statusListCredential": list_url,
    }


def encode_list(set_indices: Collection[int], entries: int = OUR_ENTRIES) -> str:
    """`encodedList`: the same text for the same bits.

    Raises ValueError for an index that does not fit, and for too few entries.
    """
    if entries < LEAST_ENTRIES:
        raise ValueError(f"a status list has at least {LEAST_ENTRIES} entries")
    packed = bits.pack_bits(entries, set_indices, Order.MOST_SIGNIFICANT_FIRST)
    return to_multibase64(gzip.compress(packed, mtime=0))


def decode_list(encoded: object) -> bytes:
    """The list's bytes. Raises `Refused` multibase-malformed, status-list-malformed or status-list-length."""
    packed = bits.decompressed(from_multibase64(encoded), _GZIP)
    if len(packed) * 8 < LEAST_ENTRIES:
        raise bits.wrong_length()
    return packed


def status_list_credential(
    url: str, issuer: str, purpose: StatusPurpose, encoded_list: str, valid_from: datetime, valid_until: datetime
) -> Document:
    """The unsigned credential to publish at the URL (§2.2)."""
    return {
        "@context": [CREDENTIALS_V2],
        "id": url,
        "type": ["VerifiableCredential", _CREDENTIAL],
        "issuer": issuer,
        "validFrom": print_instant(valid_from),
        "validUntil": print_instant(valid_until),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": _LIST,
            "statusPurpose": purpose.value,
            "encodedList": encoded_list,
        },
    }


def entries_of(credential: Document) -> list[Entry]:
    """The bitstring entries of a credential. Raises `Refused` status-entry-malformed."""
    return [_entry(status) for status in as_list(credential.get("credentialStatus")) if _ENTRY in types_of(status)]


def value_in(entry: Entry, status_list: Document, entries: int | None = None) -> int:
    """What the list says of an entry (§3.2); the list's own proof and validity are checked by the caller.

    `entries` is the size the list must have, where that is known. Raises `Refused` status-list-malformed,
    status-purpose, status-list-length, status-index and multibase-malformed.
    """
    subject = status_list.get("credentialSubject")
    if _CREDENTIAL not in types_of(status_list) or not isinstance(subject, dict) or _LIST not in types_of(subject):
        raise bits.malformed()
    if status_list.get("id", entry.list_url) != entry.list_url:
        raise bits.malformed()
    if entry.purpose not in as_list(subject.get("statusPurpose")):
        raise Refused(
            ProblemType.STATUS_VERIFICATION,
            "status-purpose",
            zh="状态列表不用于{purpose}",
            en="the status list is not for {purpose}",
            purpose=entry.purpose,
        )
    packed = decode_list(subject.get("encodedList"))
    length = len(packed) * 8 // entry.size
    if length < LEAST_ENTRIES or (entries is not None and length != entries):
        raise bits.wrong_length()
    return bits.value_at(packed, entry.size, entry.index, Order.MOST_SIGNIFICANT_FIRST)


def issuer_of(status_list: Document) -> object:
    """Who signs the list."""
    return controller_of(status_list.get("issuer"))


def _entry(status: Document) -> Entry:
    index, size = status.get("statusListIndex"), status.get("statusSize", 1)
    purpose, url = status.get("statusPurpose"), status.get("statusListCredential")
    if not (isinstance(index, str) and index.isascii() and index.isdecimal() and len(index) <= 9):
        raise _malformed_entry("statusListIndex")
    if size not in (1, 2, 4, 8) or isinstance(size, bool | float):
        raise _malformed_entry("statusSize")
    if not isinstance(purpose, str) or not isinstance(url, str):
        raise _malformed_entry("statusPurpose")
    return Entry(purpose, url, int(index), size, _messages(status, size, purpose))


def _messages(status: Document, size: int, purpose: str) -> tuple[tuple[int, str], ...]:
    """One for every value an entry can have, where it has messages at all; several bits must have them."""
    listed = status.get("statusMessages")
    if listed is None and size == 1 and purpose != StatusPurpose.MESSAGE:
        return ()
    if not isinstance(listed, list) or len(listed) != 1 << size:
        raise _malformed_entry("statusMessages")
    messages = []
    for item in listed:
        value, text = (item.get("status"), item.get("message")) if isinstance(item, dict) else (None, None)
        if not (isinstance(value, str) and value.startswith("0x") and isinstance(text, str)):
            raise _malformed_entry("statusMessages")
        messages.append((_hexadecimal(value), text))
    return tuple(messages)


def _hexadecimal(value: str) -> int:
    try:
        return int(value, 16)
    except ValueError:
        raise _malformed_entry("statusMessages") from None


def _malformed_entry(member: str) -> Refused:
    return Refused(
        ProblemType.MALFORMED_VALUE,
        "status-entry-malformed",
        zh="credentialStatus的{member}不正确",
        en="malformed in credentialStatus: {member}",
        member=member,
    )
