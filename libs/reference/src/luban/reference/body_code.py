"""The 13-character code of a body or its site (机构编码): first part of every number it issues."""

import re
from dataclasses import dataclass
from enum import StrEnum

from luban.reference.divisions import SHANDONG, is_province
from luban.reference.refusal import Invalid
from luban.reference.spelling import plain
from luban.reference.track import Track


class BodyClass(StrEnum):
    """评价机构类别代码."""

    Y = "Y"
    """用人单位: an employer."""
    S = "S"
    """社会培训评价组织: a social organisation."""

    @property
    def track(self) -> Track:
        """The level track a body of this class assesses on."""
        return Track.ENTERPRISE if self is BodyClass.Y else Track.SOCIAL


FILED_WITH_PROVINCE = "0000"
"""The ministry's four digits of a body that was first filed with a province."""


@dataclass(frozen=True, slots=True, order=True)
class BodyCode:
    """Class letter, ministry code (0000 when filed with a province), province, serial (national numbering rule)."""

    body_class: BodyClass
    ministry_code: str
    province: str
    serial: str

    def __post_init__(self) -> None:
        digits = re.fullmatch(r"[0-9]{12}", self.ministry_code + self.province + self.serial)
        widths = (len(self.ministry_code), len(self.province), len(self.serial))
        if not digits or widths != (4, 2, 6) or not is_province(self.province):
            raise _bad_body_code()

    def __str__(self) -> str:
        return f"{self.body_class}{self.ministry_code}{self.province}{self.serial}"

    @classmethod
    def filed_with_province(cls, body_class: BodyClass, serial: int, province: str = SHANDONG) -> "BodyCode":
        """The code of a body that the province files under `serial` (1 to 999999)."""
        if not 1 <= serial <= 999_999:
            raise _bad_body_code()
        return cls(body_class, FILED_WITH_PROVINCE, province, f"{serial:06d}")


def parse_body_code(raw: str) -> BodyCode:
    """Read 13 characters such as S000037000072. Raises `Invalid` body-code-format."""
    code = plain(raw.strip())
    if not re.fullmatch(r"[YS][0-9]{12}", code):
        raise _bad_body_code()
    return BodyCode(BodyClass(code[0]), code[1:5], code[5:7], code[7:])


def _bad_body_code() -> Invalid:
    return Invalid(
        "body-code-format",
        zh="机构编码应为字母Y或S加12位数字，第6至7位为省级代码",
        en="a body code is Y or S and 12 digits, of which the 5th and 6th are a province",
    )
