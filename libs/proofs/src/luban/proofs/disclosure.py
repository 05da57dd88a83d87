"""What opens an entry of the log to whoever may know: the facts, the salt they were committed with, the tag's proof.

A commitment is HMAC-SHA-256 with a random salt of 32 bytes as its key, over a label and the canonical JSON of what is
committed. It binds the register, and shows nothing without the salt.
"""

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from luban.proofs import base64url, canonical
from luban.proofs.log_entry import Entry, parse_entry
from luban.proofs.number_tag import PROOF_BYTES, TagKey, holds
from luban.reference.refusal import Invalid

SALT_BYTES = 32
LARGEST_FACTS = 8 * 1024
"""Bytes of canonical JSON."""
NUMBER = "certificate_no"
"""The member of the facts that the tag is of."""

_FACTS = b"luban/register-facts/v1\n"
_HOLDER = b"luban/holder/v1\n"

Facts = Mapping[str, canonical.JSON]


def new_salt() -> bytes:
    """32 random bytes; never used twice."""
    return os.urandom(SALT_BYTES)


def salts_of(secret: bytes) -> tuple[bytes, bytes]:
    """The salts of an entry's facts and of its holder, out of the one secret that is kept: who is shown the first
    cannot find the second."""
    return hmac.digest(secret, b"luban/facts-salt/v1", "sha256"), hmac.digest(secret, b"luban/holder-salt/v1", "sha256")


def commit_facts(facts: Facts, salt: bytes) -> bytes:
    """The commitment of an entry, 32 bytes.

    The facts name the number in `certificate_no`, and the holder only by `commit_holder`, so that they can be shown to
    somebody who may know the certificate and not its holder. Raises `Invalid` disclosure-malformed, and as
    canonical.encode.
    """
    encoded = canonical.encode(dict(facts))
    if not isinstance(facts.get(NUMBER), str) or len(encoded) > LARGEST_FACTS or len(salt) != SALT_BYTES:
        raise _malformed()
    return hmac.digest(salt, _FACTS + encoded, "sha256")


def commit_holder(name: str, id_type: str, id_no: str, salt: bytes) -> str:
    """What stands for the holder among the facts: a commitment of its own, in base64url.

    Raises `Invalid` disclosure-malformed for a salt of another length.
    """
    if len(salt) != SALT_BYTES:
        raise _malformed()
    holder = canonical.encode({"name": name, "id_type": id_type, "id_no": id_no})
    return base64url.encode(hmac.digest(salt, _HOLDER + holder, "sha256"))


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Opens one entry."""

    facts: dict[str, canonical.JSON] = field(repr=False)
    salt: bytes = field(repr=False)
    tag_proof: bytes = field(repr=False)

    @classmethod
    def of(cls, facts: Facts, salt: bytes, key: TagKey) -> "Disclosure":
        """Made by the register, on demand."""
        return cls(dict(facts), salt, key.prove(str(facts[NUMBER])))

    def check(self, content: bytes, tag_public: bytes) -> Entry:
        """The entry with these bytes, if it is this certificate's and says these facts.

        Raises `Invalid` log-entry, disclosure-commitment (other facts), disclosure-tag (another number).
        """
        entry = parse_entry(content)
        if not hmac.compare_digest(commit_facts(self.facts, self.salt), entry.commitment):
            raise Invalid("disclosure-commitment", zh="公示内容与日志不符", en="the log says other facts than these")
        if not holds(tag_public, str(self.facts[NUMBER]), entry.tag, self.tag_proof):
            raise Invalid("disclosure-tag", zh="日志条目属于另一证书编号", en="the log has this under another number")
        return entry

    def to_json(self) -> dict[str, Any]:
        """For an answer or a file."""
        return {
            "facts": self.facts,
            "salt": base64url.encode(self.salt),
            "tag_proof": base64url.encode(self.tag_proof),
        }

    @classmethod
    def from_json(cls, raw: object) -> "Disclosure":
        """Raises `Invalid` disclosure-malformed, base64url."""
        if not isinstance(raw, dict) or raw.keys() != {"facts", "salt", "tag_proof"}:
            raise _malformed()
        facts, salt, proof = raw["facts"], raw["salt"], raw["tag_proof"]
        if not (isinstance(facts, dict) and isinstance(salt, str) and isinstance(proof, str)):
            raise _malformed()
        read = cls(facts, base64url.decode(salt), base64url.decode(proof))
        if (len(read.salt), len(read.tag_proof)) != (SALT_BYTES, PROOF_BYTES):
            raise _malformed()
        return read


def _malformed() -> Invalid:
    return Invalid("disclosure-malformed", zh="不是有效的日志公开内容", en="this opens no entry of the log")
