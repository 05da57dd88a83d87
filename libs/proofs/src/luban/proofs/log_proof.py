"""A proof that an entry is in the log, checked without a network: C2SP tlog-proof, version 1."""

import re
from base64 import b64encode
from dataclasses import dataclass, field

from luban.proofs.checkpoint import Policy, SignedCheckpoint, open_checkpoint
from luban.proofs.merkle import HASH_BYTES, LONGEST_PROOF, check_inclusion, leaf_hash
from luban.proofs.note import LARGEST_NOTE, decode_base64
from luban.reference.refusal import Invalid

LARGEST_PROOF = LARGEST_NOTE + 64 * 1024
"""Bytes."""
LONGEST_EXTRA = 32 * 1024
"""Bytes of extra data."""

_HEAD = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class LogProof:
    """The place of an entry, the hashes from it to the root, and the note of a checkpoint that has this root."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes = field(repr=False)
    extra: bytes = b""
    """Anything; nobody signed it."""

    def __bytes__(self) -> bytes:
        extra = [f"extra {b64encode(self.extra).decode()}"] if self.extra else []
        lines = [_HEAD, *extra, f"index {self.index}", *(b64encode(given).decode() for given in self.hashes)]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.checkpoint

    def check(self, entry: bytes, policy: Policy) -> SignedCheckpoint:
        """That this entry stands in the log, by a checkpoint the policy believes.

        Raises `Invalid` inclusion-proof, and as open_checkpoint.
        """
        signed = open_checkpoint(self.checkpoint, policy)
        check_inclusion(self.index, signed.checkpoint.size, leaf_hash(entry), self.hashes, signed.checkpoint.root)
        return signed


def parse_log_proof(content: bytes) -> LogProof:
    """Reads a proof. Raises `Invalid` log-proof-malformed; whether it holds is for `check` to say."""
    head, blank, checkpoint = content[: LARGEST_PROOF + 1].partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
        extra = decode_base64(lines.pop(1)[6:]) if lines[1:] and lines[1].startswith("extra ") else b""
        place = _INDEX.fullmatch(lines[1]) if len(lines) > 1 else None
        hashes = tuple(decode_base64(line) for line in lines[2:])
    except ValueError as error:
        raise _malformed() from error
    sizes = len(content) <= LARGEST_PROOF and len(hashes) <= LONGEST_PROOF and len(extra) <= LONGEST_EXTRA
    if place is None or not blank or not sizes or any(len(given) != HASH_BYTES for given in hashes):
        raise _malformed()
    read = LogProof(int(place[1]), hashes, checkpoint, extra)
    if bytes(read) != content:
        raise _malformed()
    return read


def _malformed() -> Invalid:
    return Invalid("log-proof-malformed", zh="不是有效的日志证明", en="this is no proof of a log entry")
