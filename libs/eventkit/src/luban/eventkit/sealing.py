"""Personal data, sealed: AES-256-GCM under a ring of keys, and keyed hashes to find a person without showing one.

A sealing key belongs to a retention class and a year, so that destroying one key ends what it sealed (domain.md §12).
"""

import base64
import hmac
import json
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError

from luban.eventkit.starting import CannotStartError
from luban.events.v1.common_pb2 import PersonalData, SealedPersonalData

NONCE_BYTES = 12
KEY_ID = re.compile(r"[a-z]{1,20}-[0-9]{4}(\.[0-9]{1,4})?")
RESTORE = (
    "LUBAN_KEYRING names the file; put the one back that this database was sealed with, from its backup. "
    "Never make a new one for a database that is not empty: nobody could read its names again."
)
ADD = "Add the year's keys with `luban keys add`, and start every process anew: the ring is read at the start."


class UnsealError(Exception):
    """A sealed message that cannot be opened: its key is gone, or it was changed or moved."""

    def __init__(self, what: str, key_id: str) -> None:
        self.code = f"{what}, key {key_id if KEY_ID.fullmatch(key_id) else '(none that could be)'}"
        """Why, naming the key and nothing else of the message: fit for logs and dead letters."""
        super().__init__(self.code)


class KeyRingError(CannotStartError):
    """The key ring cannot be read, or lacks a key to seal under: nothing is sealed under a wrong key."""


@dataclass(frozen=True)
class KeyRing:
    """Sealing keys by id `<class>-<year>`, later ones of a year `<class>-<year>.2` …, and versioned keys of the look-up
    hash."""

    sealing: dict[str, AESGCM]
    lookup: dict[str, bytes]
    current_lookup: str

    @classmethod
    def load(cls, path: Path) -> "KeyRing":
        """Reads the ring file. Raises KeyRingError when it is missing or malformed."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            sealing = {key_id: AESGCM(base64.b64decode(entry["key"])) for key_id, entry in raw["keys"].items()}
            lookup = {version: base64.b64decode(key) for version, key in raw["lookup"].items()}
            current = raw["current_lookup"]
        except OSError as error:
            raise KeyRingError(f"the key ring {path} cannot be read ({error.strerror}). {RESTORE}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise KeyRingError(f"the key ring {path} is damaged ({type(error).__name__}). {RESTORE}") from error
        if current not in lookup:
            raise KeyRingError(f"the key ring {path} lacks its current look-up key. {RESTORE}")
        return cls(sealing, lookup, current)

    def key_id(self, retention_class: str, year: int) -> str:
        """The newest key for a class in a year. Raises KeyRingError when the ring has none."""
        name = f"{retention_class}-{year}"
        if name not in self._newest:
            raise KeyRingError(f"the key ring has no key {name}. {ADD}")
        return self._newest[name]

    @cached_property
    def _newest(self) -> dict[str, str]:
        return {key_id.partition(".")[0]: key_id for key_id in sorted(self.sealing, key=revision)}

    def missing(self, year: int) -> list[str]:
        """Keys that a year lacks, of the classes that have a key in any year."""
        classes = {key_id.rpartition("-")[0] for key_id in self.sealing}
        return sorted({f"{each}-{year}" for each in classes} - self.sealing.keys())

    def require(self, year: int) -> None:
        """Raises KeyRingError when something that happens in that year could not be sealed."""
        if missing := self.missing(year):
            raise KeyRingError(f"the key ring has no key {', '.join(missing)}. {ADD}")

    def seal_bytes(self, plain: bytes, key_id: str, associated: bytes) -> tuple[bytes, bytes]:
        """(nonce, ciphertext with tag)."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce, self.sealing[key_id].encrypt(nonce, plain, associated)

    def open_bytes(self, key_id: str, nonce: bytes, ciphertext: bytes, associated: bytes) -> bytes:
        """The plain text. Raises UnsealError."""
        key = self.sealing.get(key_id)
        if key is None:
            raise UnsealError("sealing-key-missing", key_id)
        try:
            return key.decrypt(nonce, ciphertext, associated)
        except (InvalidTag, ValueError) as error:
            raise UnsealError("sealed-message-changed", key_id) from error

    def seal_column(self, person: PersonalData, retention_class: str, year: int, owner: UUID) -> bytes:
        """One opaque value for a database column, bound to the row's owner."""
        return self.seal_content(person.SerializeToString(), retention_class, year, owner.bytes)

    def open_column(self, sealed: bytes, owner: UUID) -> PersonalData:
        """Reverses `seal_column`. Raises UnsealError."""
        plain, key_id = self._open(sealed, owner.bytes)
        return _person(plain, key_id)

    def seal_content(self, content: bytes, retention_class: str, year: int, associated: bytes) -> bytes:
        """One opaque value out of anything that may name a person, bound to what `associated` says."""
        key_id = self.key_id(retention_class, year)
        nonce, ciphertext = self.seal_bytes(content, key_id, associated)
        return SealedPersonalData(key_id=key_id, nonce=nonce, ciphertext=ciphertext).SerializeToString()

    def open_content(self, sealed: bytes, associated: bytes) -> bytes:
        """Reverses `seal_content`. Raises UnsealError."""
        return self._open(sealed, associated)[0]

    def _open(self, sealed: bytes, associated: bytes) -> tuple[bytes, str]:
        try:
            message = SealedPersonalData.FromString(sealed)
        except DecodeError as error:
            raise UnsealError("sealed-message-changed", "") from error
        return self.open_bytes(message.key_id, message.nonce, message.ciphertext, associated), message.key_id

    def lookup_hash(self, *parts: str) -> bytes:
        """Keyed hash of normalised text under the current look-up key, 33 bytes: key version and SHA-256 HMAC."""
        return _keyed(*self._lookup_keys[0], "\x1f".join(parts).encode())

    def lookup_hashes(self, *parts: str) -> list[bytes]:
        """The hash under every look-up key of the ring, the current one first: search with all, store the first."""
        message = "\x1f".join(parts).encode()
        return [_keyed(tag, keyed, message) for tag, keyed in self._lookup_keys]

    @cached_property
    def _lookup_keys(self) -> list[tuple[bytes, hmac.HMAC]]:
        """Version byte and keyed HMAC, the current one first."""
        versions = sorted(self.lookup, key=lambda version: version != self.current_lookup)
        return [
            (bytes([int(version.removeprefix("v"))]), hmac.new(self.lookup[version], digestmod="sha256"))
            for version in versions
        ]


def revision(key_id: str) -> int:
    """1 for the first key of a class and year, 2 for the one that was made after it …"""
    return int(key_id.partition(".")[2] or 1)


def _keyed(tag: bytes, keyed: hmac.HMAC, message: bytes) -> bytes:
    fresh = keyed.copy()
    fresh.update(message)
    return tag + fresh.digest()


def associated_data(event_id: UUID, event_type: str, aggregate_id: UUID) -> bytes:
    """What binds a sealed message to its event."""
    return event_id.bytes + aggregate_id.bytes + event_type.encode()


def seal_for_event(ring: KeyRing, person: PersonalData, key_id: str, associated: bytes) -> SealedPersonalData:
    """The message that travels in an event."""
    nonce, ciphertext = ring.seal_bytes(person.SerializeToString(), key_id, associated)
    return SealedPersonalData(key_id=key_id, nonce=nonce, ciphertext=ciphertext)


def open_from_event(ring: KeyRing, sealed: SealedPersonalData, associated: bytes) -> PersonalData:
    """Reverses `seal_for_event`. Raises UnsealError."""
    return _person(ring.open_bytes(sealed.key_id, sealed.nonce, sealed.ciphertext, associated), sealed.key_id)


def _person(plain: bytes, key_id: str) -> PersonalData:
    try:
        return PersonalData.FromString(plain)
    except DecodeError as error:
        raise UnsealError("sealed-message-unreadable", key_id) from error
