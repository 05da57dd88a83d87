"""Checkpoints of a log (C2SP tlog-checkpoint): origin, size and root in a signed note, and whom to believe."""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime

from luban.proofs.merkle import EMPTY_ROOT, HASH_BYTES
from luban.proofs.note import Note, NoteKey, NoteSignature, SignatureType, decode_base64, joined, parse_note, sign_note
from luban.proofs.signing import Signer
from luban.proofs.tiles import LARGEST_SIZE
from luban.reference.refusal import Invalid

PATH = "checkpoint"
"""Below the log's address."""
MOST_EXTENSIONS = 16
MOST_WITNESSES = 32

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log: how many entries, and the root over them. Extension lines are not ours and are not read."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What is signed."""
        lines = (self.origin, str(self.size), b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def from_text(cls, text: str) -> "Checkpoint":
        """Raises `Invalid` checkpoint-malformed."""
        lines = text.removesuffix("\n").split("\n")
        if not 3 <= len(lines) <= 3 + MOST_EXTENSIONS or not all(lines) or not _SIZE.fullmatch(lines[1]):
            raise _malformed()
        try:
            read = cls(lines[0], int(lines[1]), decode_base64(lines[2]), tuple(lines[3:]))
        except ValueError as error:
            raise _malformed() from error
        empty_as_it_should_be = read.size > 0 or read.root == EMPTY_ROOT
        if len(read.root) != HASH_BYTES or read.size > LARGEST_SIZE or not empty_as_it_should_be or read.text != text:
            raise _malformed()
        return read


@dataclass(frozen=True, slots=True)
class Policy:
    """Whom to believe about a log: its origin and keys (a rotated log has several), and N of M witnesses.

    Raises `Invalid` witness-policy where it asks for more witnesses than it names, names one twice, or names none of
    the log's keys.
    """

    origin: str
    log_keys: tuple[NoteKey, ...]
    witnesses: tuple[NoteKey, ...] = ()
    witnesses_needed: int = 0

    def __post_init__(self) -> None:
        distinct = {witness.public_key for witness in self.witnesses}
        kinds = [key.type is SignatureType.ED25519 for key in self.log_keys]
        kinds += [key.type is SignatureType.COSIGNATURE_V1 for key in self.witnesses]
        few_enough = 0 <= self.witnesses_needed <= len(distinct) == len(self.witnesses) <= MOST_WITNESSES
        if not self.log_keys or not all(kinds) or not few_enough:
            raise Invalid("witness-policy", zh="见证策略不成立", en="this is no sound policy of keys and witnesses")


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint that the policy believes; `content` is its note, byte for byte."""

    checkpoint: Checkpoint
    content: bytes = field(repr=False)
    witnessed: dict[str, datetime] = field(default_factory=dict)
    """By a witness's name, when it signed."""


def open_checkpoint(content: bytes, policy: Policy) -> SignedCheckpoint:
    """Reads and checks a checkpoint.

    Raises `Invalid` note-too-large, note-malformed, checkpoint-malformed, checkpoint-origin (another log's),
    checkpoint-unsigned (by no key of the log), checkpoint-witnesses (too few), and note-signature where a known key's
    signature does not hold.
    """
    note = parse_note(content)
    checkpoint = Checkpoint.from_text(note.text)
    if checkpoint.origin != policy.origin:
        raise Invalid(
            "checkpoint-origin",
            zh="检查点属于另一日志：{origin}",
            en="this checkpoint is another log's: {origin}",
            origin=checkpoint.origin[:100],
        )
    signed = [note.is_signed_by(key) for key in policy.log_keys]  # every line of a known key must hold
    if not any(signed):
        raise Invalid("checkpoint-unsigned", zh="检查点没有日志的签名", en="no key of the log signed this checkpoint")
    return SignedCheckpoint(checkpoint, content, _witnessed(note, policy))


def sign_checkpoint(checkpoint: Checkpoint, name: str, signer: Signer, *cosignatures: NoteSignature) -> bytes:
    """The signed note; `name` is the log's key name, which should be its origin."""
    return joined(checkpoint.text, [sign_note(checkpoint.text, name, signer), *cosignatures])


def _witnessed(note: Note, policy: Policy) -> dict[str, datetime]:
    times = {witness.name: note.cosigned_at(witness) for witness in policy.witnesses}
    witnessed = {name: time for name, time in times.items() if time is not None}
    if len(witnessed) < policy.witnesses_needed:
        raise Invalid(
            "checkpoint-witnesses",
            zh="检查点应有{needed}个见证签名，实有{given}个",
            en="this checkpoint needs {needed} witnesses and has {given}",
            needed=policy.witnesses_needed,
            given=len(witnessed),
        )
    return witnessed


def _malformed() -> Invalid:
    return Invalid("checkpoint-malformed", zh="不是有效的检查点", en="this is no checkpoint of a log")
