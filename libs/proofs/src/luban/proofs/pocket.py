"""The proof in a certificate's QR code: what the paper says, signed, small enough for a code that any phone reads.

The code is a web address: `HTTPS://host/path#digits`. A phone that knows nothing of us opens the register's own page;
what stands behind # never leaves the phone, and a program that knows the published keys checks it without a network.
The digits are one decimal number, since a QR code packs digits into 3.33 bits each: a byte costs 8.03 bits, in base45
8.25, and base45 cannot stand in an address. The number's bytes, all integers most significant byte first:

    1   format, 1
    8   the first bytes of the signing key's JWK thumbprint
    4   when it was signed, seconds since 1970 UTC
    4   the day of issue, in days since 1970-01-01
    1   level, 5 to 1; 0 where there is none
    8   index of the certificate's newest entry in the public log, all ones for none yet
    32  that entry's leaf hash, zeros for none
    …   six texts, each two bytes of length and UTF-8: see `Pocket`
    64  signature over "luban/pocket/v1\\n" and all bytes before it

Nothing of an ID number is in here: whoever photographs a paper at arm's length can read the code, not the small print.
"""

import re
import struct
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from luban.proofs import base64url
from luban.proofs.key_history import KeyHistory, Standing
from luban.proofs.signing import SIGNATURE_BYTES, PublicKey, Signer
from luban.reference.refusal import Invalid

LONGEST_TEXT = 400
"""Bytes of UTF-8 in one text."""
LONGEST_CODE = 4000
"""Characters of a QR code that is looked at."""

_FORMAT = 1
_HEAD = struct.Struct(">B8sIIBQ32s")
_NO_ENTRY = 2**64 - 1
_FIRST_DAY = date(1970, 1, 1)
_DOMAIN = b"luban/pocket/v1\n"
_CODE = re.compile(r"https?://[^\s#]{1,300}#([1-9][0-9]{0,3000})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry of the public log: its place and its leaf hash, which whoever has a copy of the log can compare."""

    index: int
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Pocket:
    """What a QR code says. Raises `Invalid` pocket-malformed for what cannot be said."""

    certificate_no: str
    name: str
    code: str
    """Of the occupation (level certificate) or project (special ability)."""
    title: str
    """Its name."""
    trade: str
    """Empty where there is none."""
    body_name: str
    level: int | None
    issued_on: date
    signed_at: datetime
    """UTC, in whole seconds."""
    logged: Logged | None = None

    def __post_init__(self) -> None:
        fits = all(len(text.encode()) <= LONGEST_TEXT for text in self._texts)
        fits = fits and bool(self.certificate_no) and self.level in (None, 1, 2, 3, 4, 5)
        fits = fits and self.issued_on >= _FIRST_DAY and 0 <= self.signed_at.timestamp() < 2**32
        if not fits or (self.logged and (len(self.logged.leaf) != 32 or not 0 <= self.logged.index < _NO_ENTRY)):
            raise _malformed()

    @property
    def _texts(self) -> tuple[str, ...]:
        return (self.certificate_no, self.name, self.code, self.title, self.trade, self.body_name)

    def sign(self, signer: Signer, address: str) -> str:
        """The text of the QR code; `address` is the register's page, in capitals where it is to be packed tightly."""
        logged = self.logged or Logged(_NO_ENTRY, bytes(32))
        head = _HEAD.pack(
            _FORMAT,
            _key_mark(signer.public_key),
            int(self.signed_at.timestamp()),
            (self.issued_on - _FIRST_DAY).days,
            self.level or 0,
            logged.index,
            logged.leaf,
        )
        encoded = [text.encode() for text in self._texts]
        signed = head + b"".join(struct.pack(">H", len(text)) + text for text in encoded)
        code = f"{address}#{int.from_bytes(signed + signer.sign(_DOMAIN + signed))}"
        if not _CODE.fullmatch(code):
            raise _malformed()
        return code


@dataclass(frozen=True, slots=True)
class SignedPocket:
    """What a code says, and whose mark its signature bears; nothing is proven before `check`."""

    pocket: Pocket
    key_mark: bytes
    signed: bytes
    signature: bytes

    def check(self, keys: KeyHistory, logged_at: datetime | None = None) -> Standing:
        """What the signature is worth by the published keys (`KeyHistory.judge`).

        Raises `Invalid` pocket-signature where a known key's signature does not hold.
        """
        record = next((each for each in keys.records if _key_mark(each.public_key) == self.key_mark), None)
        if record is None:
            return Standing.UNKNOWN_KEY
        if not record.public_key.verify(_DOMAIN + self.signed, self.signature):
            raise Invalid("pocket-signature", zh="二维码的签名不成立", en="the signature of the QR code does not hold")
        return record.judge(self.pocket.signed_at, logged_at)


def looks_like_pocket(text: str) -> bool:
    """Whether a text has the form of such a code."""
    return len(text) <= LONGEST_CODE and _CODE.fullmatch(text) is not None


def read_pocket(text: str) -> SignedPocket:
    """Reads the text of a QR code. Raises `Invalid` pocket-malformed."""
    found = _CODE.fullmatch(text) if len(text) <= LONGEST_CODE else None
    if found is None:
        raise _malformed()
    packed = int(found[1])
    content = packed.to_bytes((packed.bit_length() + 7) // 8)
    signed, signature = content[:-SIGNATURE_BYTES], content[-SIGNATURE_BYTES:]
    try:
        form, mark, seconds, day, level, index, leaf = _HEAD.unpack(signed[: _HEAD.size])
        texts = _texts(signed[_HEAD.size :])
        logged = None if index == _NO_ENTRY else Logged(index, leaf)
        issued_on, signed_at = _FIRST_DAY + timedelta(days=day), datetime.fromtimestamp(seconds, UTC)
        number, name, code, title, trade, body = texts
        pocket = Pocket(number, name, code, title, trade, body, level or None, issued_on, signed_at, logged)
    except (struct.error, ValueError, TypeError, OverflowError) as error:
        raise _malformed() from error
    if form != _FORMAT:
        raise _malformed()
    return SignedPocket(pocket, mark, signed, signature)


def _texts(content: bytes) -> list[str]:
    """Six of them and nothing after them; raises ValueError or struct.error."""
    texts, at = [], 0
    for _ in range(6):
        (length,) = struct.unpack_from(">H", content, at)
        texts.append(content[at + 2 : at + 2 + length].decode())
        at += 2 + length
    if at != len(content):
        raise ValueError("length")
    return texts


def _key_mark(key: PublicKey) -> bytes:
    return base64url.decode(key.key_id)[:8]


def _malformed() -> Invalid:
    return Invalid("pocket-malformed", zh="不是有效的证书二维码", en="this is no QR code of a certificate")
