"""Personal data, sealed: AES-256-GCM under a ring of keys, and keyed hashes to find a person without showing one.

A sealing key belongs to a retention class and a year, so that destroying one key ends what it sealed (domain.md §12).
"""

import base64
import hmac
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from luban.events.v1.common_pb2 import PersonalData, SealedPersonalData

NONCE_BYTES = 12


class UnsealError(Exception):
    """A sealed message that cannot be opened: its key is gone, or it was changed or moved."""


@dataclass(frozen=True)
class KeyRing:
    """Sealing keys by id `<class>-<year>`, and versioned keys of the look-up hash."""

    sealing: dict[str, AESGCM]
    lookup: dict[str, bytes]
    current_lookup: str

    @classmethod
    def load(cls, path: Path) -> "KeyRing":
        """Reads the ring file. Raises OSError or ValueError when it is missing or malformed."""
        raw = json.loads(path.read_text(encoding="utf-8"))
        sealing = {key_id: AESGCM(base64.b64decode(entry["key"])) for key_id, entry in raw["keys"].items()}
        lookup = {version: base64.b64decode(key) for version, key in raw["lookup"].items()}
        if raw["current_lookup"] not in lookup:
            raise ValueError("the ring's current look-up key is not in it")
        return cls(sealing, lookup, raw["current_lookup"])

    def key_id(self, retention_class: str, year: int) -> str:
        """The key for a class in a year. Raises UnsealError when the ring has none: seal nothing under a wrong key."""
        key_id = f"{retention_class}-{year}"
        if key_id not in self.sealing:
            raise UnsealError(f"the key ring has no key {key_id}")
        return key_id

    def seal_bytes(self, plain: bytes, key_id: str, associated: bytes) -> tuple[bytes, bytes]:
        """(nonce, ciphertext with tag)."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce, self.sealing[key_id].encrypt(nonce, plain, associated)

    def open_bytes(self, key_id: str, nonce: bytes, ciphertext: bytes, associated: bytes) -> bytes:
        """The plain text. Raises UnsealError."""
        key = self.sealing.get(key_id)
        if key is None:
            raise UnsealError(f"the key ring has no key {key_id}")
        try:
            return key.decrypt(nonce, ciphertext, associated)
        except (InvalidTag, ValueError) as error:
            raise UnsealError("a sealed message was changed or moved") from error

    def seal_column(self, person: PersonalData, retention_class: str, year: int, owner: UUID) -> bytes:
        """One opaque value for a database column, bound to the row's owner."""
        key_id = self.key_id(retention_class, year)
        nonce, ciphertext = self.seal_bytes(person.SerializeToString(), key_id, owner.bytes)
        return SealedPersonalData(key_id=key_id, nonce=nonce, ciphertext=ciphertext).SerializeToString()

    def open_column(self, sealed: bytes, owner: UUID) -> PersonalData:
        """Reverses `seal_column`. Raises UnsealError."""
        message = SealedPersonalData.FromString(sealed)
        plain = self.open_bytes(message.key_id, message.nonce, message.ciphertext, owner.bytes)
        return PersonalData.FromString(plain)

    def lookup_hash(self, *parts: str) -> bytes:
        """Keyed hash of normalised text under the current look-up key, 33 bytes: key version and SHA-256 HMAC."""
        tag, key = self._lookup_keys[0]
        return tag + hmac.digest(key, "\x1f".join(parts).encode(), "sha256")

    def lookup_hashes(self, *parts: str) -> list[bytes]:
        """The hash under every look-up key of the ring, the current one first: search with all, store the first."""
        message = "\x1f".join(parts).encode()
        return [tag + hmac.digest(key, message, "sha256") for tag, key in self._lookup_keys]

    @cached_property
    def _lookup_keys(self) -> list[tuple[bytes, bytes]]:
        """Version byte and key, the current one first."""
        versions = sorted(self.lookup, key=lambda version: version != self.current_lookup)
        return [(bytes([int(version.removeprefix("v"))]), self.lookup[version]) for version in versions]


def associated_data(event_id: UUID, event_type: str, aggregate_id: UUID) -> bytes:
    """What binds a sealed message to its event."""
    return event_id.bytes + aggregate_id.bytes + event_type.encode()


def seal_for_event(ring: KeyRing, person: PersonalData, key_id: str, associated: bytes) -> SealedPersonalData:
    """The message that travels in an event."""
    nonce, ciphertext = ring.seal_bytes(person.SerializeToString(), key_id, associated)
    return SealedPersonalData(key_id=key_id, nonce=nonce, ciphertext=ciphertext)


def open_from_event(ring: KeyRing, sealed: SealedPersonalData, associated: bytes) -> PersonalData:
    """Reverses `seal_for_event`. Raises UnsealError."""
    plain = ring.open_bytes(sealed.key_id, sealed.nonce, sealed.ciphertext, associated)
    return PersonalData.FromString(plain)
