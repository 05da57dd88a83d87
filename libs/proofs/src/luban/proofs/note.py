"""Signed notes (C2SP signed-note): a text and lines of signatures under it, with Ed25519 keys that have names.

Two kinds of signature are known: the plain one of the note's author, and a witness's dated one (C2SP tlog-cosignature,
`cosignature/v1`). Lines of other keys are ignored, as the format asks.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from hashlib import sha256

from luban.proofs.signing import Algorithm, PublicKey, Signer
from luban.reference.refusal import Invalid

LARGEST_NOTE = 64 * 1024
"""Bytes."""
MOST_SIGNATURES = 64
LONGEST_NAME = 255
"""Characters in the name of a key."""
LATEST_SECOND = 2**33
"""In the year 2242; a cosignature may not be dated later."""

_NAME = re.compile(r"[^\s+\x00-\x1f\x7f-\x9f]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_DASH = "\u2014 "


class SignatureType(IntEnum):
    """What a signature line is; the value is the identifier byte of C2SP signed-note."""

    ED25519 = 0x01
    COSIGNATURE_V1 = 0x04


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A key with a name, for one type of signature. Raises `Invalid` note-key for another algorithm or a bad name."""

    name: str
    public_key: PublicKey
    type: SignatureType = SignatureType.ED25519

    def __post_init__(self) -> None:
        if self.public_key.algorithm is not Algorithm.ED25519 or not is_key_name(self.name):
            raise _bad_key()

    @property
    def key_id(self) -> bytes:
        """Four bytes that stand before a signature."""
        return sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.public_key.raw).digest()[:4]

    @property
    def vkey(self) -> str:
        """The key as one word, to be published and configured: name+key id+key."""
        encoded = b64encode(bytes([self.type]) + self.public_key.raw).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    @classmethod
    def from_vkey(cls, vkey: str) -> "NoteKey":
        """Raises `Invalid` note-key."""
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            raw = decode_base64(encoded)
            key = cls(name, PublicKey(Algorithm.ED25519, raw[1:]), SignatureType(raw[0]))
        except (Invalid, ValueError, IndexError) as error:
            raise _bad_key() from error
        if key.key_id.hex() != key_id:
            raise _bad_key()
        return key


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line; `content` is what follows the key id."""

    name: str
    key_id: bytes
    content: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.content).decode()}\n"

    def is_of(self, key: NoteKey) -> bool:
        """Whether this line claims to be that key's."""
        return (self.name, self.key_id) == (key.name, key.key_id)


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and the signature lines below it. Nothing is checked by being here."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    def is_signed_by(self, key: NoteKey) -> bool:
        """Whether the key signed. Raises `Invalid` note-signature for a line that claims to be the key's and is not."""
        return self._line_of(key) is not None

    def cosigned_at(self, witness: NoteKey) -> datetime | None:
        """When a witness signed; None where it did not. Raises as is_signed_by."""
        line = self._line_of(witness)
        return None if line is None else datetime.fromtimestamp(_seconds(line.content), UTC)

    def _line_of(self, key: NoteKey) -> NoteSignature | None:
        lines = [line for line in self.signatures if line.is_of(key)]
        if not lines:
            return None
        signed = _signed(self.text, key.type, lines[0].content)
        if signed is None or len(lines) > 1 or not key.public_key.verify(signed, lines[0].content[-64:]):
            raise Invalid(
                "note-signature",
                zh="“{name}”的签名不成立",
                en="the signature of {name} does not hold",
                name=key.name,
            )
        return lines[0]

    def with_signatures(self, *added: NoteSignature) -> "Note":
        """The note with more lines; a line it has already is not added again."""
        return Note(self.text, (*self.signatures, *(line for line in added if line not in self.signatures)))


def parse_note(content: bytes) -> Note:
    """Reads a note. Raises `Invalid` note-too-large (before looking at it) and note-malformed."""
    if len(content) > LARGEST_NOTE:
        raise Invalid(
            "note-too-large",
            zh="签名文本超过{largest}字节",
            en="a signed note of more than {largest} bytes",
            largest=LARGEST_NOTE,
        )
    try:
        whole = content.decode()
    except UnicodeDecodeError as error:
        raise _malformed() from error
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not text or not lines.endswith("\n") or _CONTROL.search(whole):
        raise _malformed()
    signatures = lines[:-1].split("\n")
    if len(signatures) > MOST_SIGNATURES:
        raise _malformed()
    return Note(f"{text}\n", tuple(map(_parse_signature, signatures)))


def sign_note(text: str, name: str, signer: Signer) -> NoteSignature:
    """The author's signature line. Raises `Invalid` note-key."""
    key = NoteKey(name, signer.public_key)
    return NoteSignature(name, key.key_id, signer.sign(text.encode()))


def cosign_note(text: str, name: str, signer: Signer, at: datetime) -> NoteSignature:
    """A witness's signature line, dated in whole seconds. Raises `Invalid` note-key."""
    key = NoteKey(name, signer.public_key, SignatureType.COSIGNATURE_V1)
    seconds = int(at.timestamp())
    return NoteSignature(name, key.key_id, seconds.to_bytes(8) + signer.sign(_dated(text, seconds)))


def is_key_name(name: str) -> bool:
    """Whether a key may have this name: no spaces, no plus, no control characters, not too long."""
    return len(name) <= LONGEST_NAME and _NAME.fullmatch(name) is not None


def decode_base64(text: str) -> bytes:
    """Standard base64 with padding, in its one spelling. Raises ValueError for any other."""
    try:
        raw = b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        raise ValueError("no base64") from error
    if b64encode(raw).decode() != text:
        raise ValueError("another spelling of base64")
    return raw


def joined(text: str, signatures: Sequence[NoteSignature]) -> bytes:
    """The bytes of a note."""
    return str(Note(text, tuple(signatures))).encode()


def _signed(text: str, kind: SignatureType, content: bytes) -> bytes | None:
    """The bytes that a signature covers; None where it has another length than its type, or no possible time."""
    if kind is SignatureType.ED25519:
        return text.encode() if len(content) == 64 else None
    possible = len(content) == 72 and _seconds(content) < LATEST_SECOND
    return _dated(text, _seconds(content)) if possible else None


def _seconds(content: bytes) -> int:
    return int.from_bytes(content[:8])


def _dated(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _parse_signature(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        raw = decode_base64(encoded)
    except ValueError as error:
        raise _malformed() from error
    if not line.startswith(_DASH) or not is_key_name(name) or len(raw) < 5:
        raise _malformed()
    return NoteSignature(name, raw[:4], raw[4:])


def _malformed() -> Invalid:
    return Invalid("note-malformed", zh="不是有效的签名文本", en="this is no signed note")


def _bad_key() -> Invalid:
    return Invalid("note-key", zh="不是有效的日志公钥", en="this is no named Ed25519 key of a note")
