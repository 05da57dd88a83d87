"""What a check asks: a number and one second factor, for a purpose and on a lawful ground."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from luban.certificate.domain.holder import Factor, asked_id_factors, name_factor
from luban.reference.refusal import Invalid
from luban.reference.spelling import plain

FIELDS = frozenset({"certificate_no", "name", "id_no", "purpose", "lawful_ground", "consent"})
LONGEST = {"certificate_no": 64, "name": 100, "id_no": 40, "purpose": 100, "lawful_ground": 40, "consent": 100}
"""In characters; more than any number or name has, so that spaces and foreign spellings fit."""

_COULD_BE_A_NUMBER = re.compile(r"[A-Z0-9]{1,32}")
SHANGHAI_DIGITS = 13
NO_NUMBER = "-"
"""Looked up for what cannot be a number, so that it costs the same."""


class FactorKind(StrEnum):
    """The full name or the full number of the document: one of them, whole (design.md §7)."""

    NAME = "name"
    ID_NO = "id_no"


class LawfulGround(StrEnum):
    """Why the asker may process what is answered (个人信息保护法, article 13)."""

    CONSENT = "CONSENT"
    """13(1), the holder's consent."""
    CONTRACT = "CONTRACT"
    """13(2), a contract with the holder, or personnel management under lawful rules."""
    STATUTORY_DUTY = "STATUTORY_DUTY"
    """13(3), a duty or power by law."""
    DISCLOSED = "DISCLOSED"
    """13(6), what the holder has disclosed, within reason."""


@dataclass(frozen=True, slots=True)
class Question:
    """One check, normalised."""

    certificate_no: str
    """ASCII, capitals, without spaces; of any format, or of none."""
    factor: FactorKind
    spellings: tuple[Factor, ...] = field(repr=False)
    """What a holder may be recognised by; any one suffices."""
    purpose: str
    lawful_ground: LawfulGround | None = None
    """As the asker says it; None where nothing was said."""
    consent: str | None = field(default=None, repr=False)
    """Hexadecimal hash of the consent token that the check bears."""

    @property
    def looked_up(self) -> str:
        """The number to look up; only letters and digits, or NO_NUMBER."""
        number = self.certificate_no
        if len(number) == SHANGHAI_DIGITS and number.isdigit():
            number = f"000{number}"  # as they are in the register (domain rule 1.3)
        return number if _COULD_BE_A_NUMBER.fullmatch(number) else NO_NUMBER


def parse_question(raw: object) -> Question:
    """Reads the JSON object of a check. A number of a wrong format is asked all the same, and found nowhere.

    Raises `Invalid` verification-malformed, verification-factor, verification-purpose or verification-ground.
    """
    if not isinstance(raw, dict) or not raw.keys() <= FIELDS:
        raise _malformed()
    number, name, id_no = _text(raw, "certificate_no"), _text(raw, "name"), _text(raw, "id_no")
    purpose = _text(raw, "purpose")
    if number is None:
        raise _malformed()
    if (name is None) == (id_no is None):
        raise Invalid(
            "verification-factor",
            zh="请提供姓名或证件号码，二者之一",
            en="give the full name or the full ID number, one of them",
        )
    if purpose is None or not purpose.replace("\u3000", " ").isprintable():
        raise Invalid(
            "verification-purpose",
            zh="请说明核验用途，不超过100字",
            en="say what the check is for, in at most 100 characters",
        )
    asked, ground, consent = plain(number), _ground(raw), _text(raw, "consent")
    token = consent and token_hash(consent)
    if name is not None:
        return Question(asked, FactorKind.NAME, (name_factor(name),), purpose, ground, token)
    return Question(asked, FactorKind.ID_NO, asked_id_factors(id_no or ""), purpose, ground, token)


def token_hash(token: str) -> str:
    """How secrets that we give out are stored: they are 256 random bits, so a plain SHA-256 cannot be guessed."""
    return sha256(token.encode()).hexdigest()


def _ground(raw: dict[str, object]) -> LawfulGround | None:
    said = _text(raw, "lawful_ground")
    if said is None:
        return None
    try:
        return LawfulGround(said)
    except ValueError as error:
        raise Invalid(
            "verification-ground",
            zh="合法性依据应为：{allowed}",
            en="the lawful ground must be one of: {allowed}",
            allowed=", ".join(LawfulGround),
        ) from error


def _text(raw: dict[str, object], field_name: str) -> str | None:
    """A field's text without outer spaces; None where it is missing, null or blank."""
    value = raw.get(field_name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > LONGEST[field_name]:
        raise _malformed()
    return value.strip() or None


def _malformed() -> Invalid:
    return Invalid(
        "verification-malformed",
        zh="请求应含 certificate_no、purpose 及 name 或 id_no，均为文本且不过长",
        en="send certificate_no, purpose and name or id_no, all of them text and none too long",
    )
