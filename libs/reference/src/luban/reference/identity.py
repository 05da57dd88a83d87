"""Identity documents: which kinds there are, how their numbers are written, and what the numbers say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from luban.reference.refusal import Invalid
from luban.reference.spelling import plain


class IdType(StrEnum):
    """Kinds of identity document."""

    RESIDENT_ID = "RESIDENT_ID"
    """居民身份证, GB 11643-1999."""
    HK_MO_PERMIT = "HK_MO_PERMIT"
    """港澳居民来往内地通行证."""
    TW_PERMIT = "TW_PERMIT"
    """台湾居民来往大陆通行证."""
    HK_MO_TW_RESIDENCE = "HK_MO_TW_RESIDENCE"
    """港澳台居民居住证."""
    FOREIGN_PERMANENT_RESIDENCE = "FOREIGN_PERMANENT_RESIDENCE"
    """外国人永久居留身份证, editions of 2017 and 2023."""
    PASSPORT = "PASSPORT"
    OTHER = "OTHER"
    """军官证 and the like."""

    @property
    def national_code(self) -> str | None:
        """The code in the national register's upload sheet (seen in one national body's template; others unknown)."""
        return "201" if self is IdType.RESIDENT_ID else None


ID_TYPE_NAMES: Mapping[str, IdType] = {
    "": IdType.RESIDENT_ID,
    "居民身份证": IdType.RESIDENT_ID,
    "身份证": IdType.RESIDENT_ID,
    "201": IdType.RESIDENT_ID,
    "港澳居民来往内地通行证": IdType.HK_MO_PERMIT,
    "台湾居民来往大陆通行证": IdType.TW_PERMIT,
    "港澳台居民居住证": IdType.HK_MO_TW_RESIDENCE,
    "外国人永久居留身份证": IdType.FOREIGN_PERMANENT_RESIDENCE,
    "护照": IdType.PASSPORT,
    "其他": IdType.OTHER,
}
"""What sheets write in the column 证件类型; a column left out or empty is the resident ID."""


class Gender(StrEnum):
    MALE = "MALE"
    FEMALE = "FEMALE"


@dataclass(frozen=True, slots=True)
class Identity:
    """One document of one person. Made by `parse_identity`; its number never shows in a repr or a log."""

    id_type: IdType
    id_no: str = field(repr=False)
    """Normalised: ASCII, capitals, no spaces."""
    birth_date: date | None = field(default=None, repr=False)
    """As the number carries it; None where it does not."""
    gender: Gender | None = None
    """As the number carries it; None where it does not."""

    @property
    def matching_no(self) -> str:
        """The part of the number that stays with the person: an old 港澳 permit drops its re-issue count."""
        return self.id_no[:9] if self.id_type is IdType.HK_MO_PERMIT else self.id_no


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_RESIDENCE_PREFIXES = ("810000", "820000", "830000")


def resident_check_character(first17: str) -> str:
    """Return the 18th character to 17 digits: ISO 7064 MOD 11-2 with the weights of GB 11643-1999."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first17, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def parse_identity(id_type: IdType, raw: str, today: date) -> Identity:
    """Read what a person typed as the number of a document of `id_type`; `today` is the Shanghai day.

    Divisions are never checked: numbers outlive the district that issued them (domain rule 3.1).
    Raises `Invalid` with code identity-length, identity-format, identity-type-mismatch, identity-check-digit,
    identity-birth-date-impossible or identity-birth-date-future.
    """
    number = plain(raw.strip())
    match id_type:
        case IdType.RESIDENT_ID:
            return _resident_id(number, today)
        case IdType.HK_MO_TW_RESIDENCE:
            return _hk_mo_tw_residence(number, today)
        case IdType.FOREIGN_PERMANENT_RESIDENCE:
            return _foreign_permanent_residence(number, today)
        case _:
            return _by_pattern(id_type, number)


def age_on(birth: date, day: date) -> int:
    """Completed years of life on `day`; somebody born on 29 February turns a year older on 1 March."""
    if day < birth:
        raise ValueError("a person has no age before birth")
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _resident_id(number: str, today: date) -> Identity:
    _require_18(number)
    if number.startswith(("9", *_RESIDENCE_PREFIXES)):
        raise Invalid(
            "identity-type-mismatch",
            zh="该号码不是居民身份证号码，请核对证件类型",
            en="this is not the number of a resident identity card; check the type of document",
        )
    return _numbered_person(IdType.RESIDENT_ID, number, today, with_gender=True)


def _hk_mo_tw_residence(number: str, today: date) -> Identity:
    _require_18(number)
    if not number.startswith(_RESIDENCE_PREFIXES):
        raise _bad_format(IdType.HK_MO_TW_RESIDENCE)
    return _numbered_person(IdType.HK_MO_TW_RESIDENCE, number, today, with_gender=True)


def _foreign_permanent_residence(number: str, today: date) -> Identity:
    """2023: 18 digits from 9, checked as resident IDs (gender not documented); 2017: 3 letters, 12 digits."""
    if re.fullmatch(r"[A-Z]{3}[0-9]{12}", number):
        return Identity(IdType.FOREIGN_PERMANENT_RESIDENCE, number)
    _require_18(number)
    if not number.startswith("9"):
        raise _bad_format(IdType.FOREIGN_PERMANENT_RESIDENCE)
    return _numbered_person(IdType.FOREIGN_PERMANENT_RESIDENCE, number, today, with_gender=False)


_PATTERNS = {
    IdType.HK_MO_PERMIT: r"[HM][0-9]{8}([0-9]{2})?",
    IdType.TW_PERMIT: r"[0-9]{8}([0-9]{2})?",
    IdType.PASSPORT: r"[A-Z0-9]{5,20}",
    IdType.OTHER: r"(?=.*[A-Z0-9])[A-Z0-9\u3400-\u9fff()（）/-]{1,20}",
}


def _by_pattern(id_type: IdType, number: str) -> Identity:
    if not re.fullmatch(_PATTERNS[id_type], number):
        raise _bad_format(id_type)
    return Identity(id_type, number)


def _require_18(number: str) -> None:
    if len(number) != 18:
        raise Invalid(
            "identity-length",
            zh="证件号码应为18位，实为{length}位",
            en="the number must have 18 characters, this one has {length}",
            length=len(number),
        )
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        raise Invalid(
            "identity-format",
            zh="证件号码应为17位数字加1位数字或X",
            en="the number must be 17 digits and a digit or X",
        )


def _numbered_person(id_type: IdType, number: str, today: date, *, with_gender: bool) -> Identity:
    """18 characters: 6 of place, 8 of birth date, 3 of order (odd male, even female), 1 of check."""
    if number[17] != resident_check_character(number[:17]):
        raise Invalid("identity-check-digit", zh="证件号码校验位不符，请核对", en="the number's check digit is wrong")
    birth = _birth_date(number[6:14], today)
    male = int(number[16]) % 2 == 1
    gender = (Gender.MALE if male else Gender.FEMALE) if with_gender else None
    return Identity(id_type, number, birth, gender)


def _birth_date(digits: str, today: date) -> date:
    try:
        birth = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError as error:
        raise Invalid(
            "identity-birth-date-impossible",
            zh="证件号码中的出生日期不存在",
            en="the birth date in the number does not exist",
        ) from error
    if birth > today:
        raise Invalid(
            "identity-birth-date-future",
            zh="证件号码中的出生日期晚于今天",
            en="the birth date in the number lies in the future",
        )
    return birth


def _bad_format(id_type: IdType) -> Invalid:
    return Invalid(
        "identity-format",
        zh="证件号码格式与证件类型不符",
        en="the number does not have the format of this type of document",
        id_type=id_type.value,
    )
