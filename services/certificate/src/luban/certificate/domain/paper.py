"""What a certificate says on paper, in Chinese and, where asked, in English (style rule of 2022).

The two query addresses are the national ones that the rule names; the register's own is in the QR code. There is no
seal of a government office: the body prints and seals it.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from luban.certificate.domain.face import CertificateKind
from luban.reference.identity import IdType
from luban.reference.levels import Level

NONE = "--"
"""What an empty trade prints."""
QUERY_ADDRESSES = ("jndj.osta.org.cn", "pjjg.osta.org.cn")
"""Of certificates, of bodies (style rule of 2022)."""


class Language(StrEnum):
    """Of a paper."""

    ZH = "zh"
    BILINGUAL = "bilingual"


@dataclass(frozen=True, slots=True)
class Line:
    """A labelled value; English labels are printed on bilingual papers alone, and values are never translated."""

    zh: str
    en: str
    value: str


@dataclass(frozen=True, slots=True)
class Paper:
    """Everything on the sheet but the seal and the QR code."""

    title: tuple[str, str]
    statement: tuple[str, str]
    lines: tuple[Line, ...]
    body_name: str
    issued_on: str
    photograph: bytes | None = None
    """A JPEG; without one a box to glue it in is printed."""

    @property
    def texts(self) -> str:
        """All that is set."""
        said = [*self.title, *self.statement, self.body_name, self.issued_on]
        return "".join([*said, *(line.zh + line.en + line.value for line in self.lines)])


@dataclass(frozen=True, slots=True)
class Printed:
    """A certificate's facts, as they stand in the register."""

    kind: CertificateKind
    certificate_no: str
    name: str
    id_type: IdType
    id_no: str
    title: str
    """Name of the occupation or of the project."""
    trade: str
    level: Level | None
    body_name: str
    issued_on: date
    print_serial: str | None = None
    """Of the sheet, where it was reissued."""
    photograph: bytes | None = None
    """A JPEG, 25 by 35 mm."""


_TITLES = {
    CertificateKind.LEVEL: ("职业技能等级证书", "Certificate of Occupational Skill Level"),
    CertificateKind.SPECIAL_ABILITY: ("专项职业能力证书", "Certificate of Special Occupational Ability"),
}
_STATEMENTS = {
    CertificateKind.LEVEL: (
        "本证书由{body}颁发，表明持证人通过本机构组织的职业技能等级认定，具备该职业（工种）相应等级的技能水平。",
        "The holder has passed the skill level assessment held by the issuing body and has the skills of the level"
        " named below.",
    ),
    CertificateKind.SPECIAL_ABILITY: (
        "本证书由{body}颁发，表明持证人通过本机构组织的专项职业能力考核，具备该项职业能力。",
        "The holder has passed the test held by the issuing body and has the special ability named below.",
    ),
}
_DOCUMENTS = {
    IdType.RESIDENT_ID: "居民身份证",
    IdType.HK_MO_PERMIT: "港澳居民来往内地通行证",
    IdType.TW_PERMIT: "台湾居民来往大陆通行证",
    IdType.HK_MO_TW_RESIDENCE: "港澳台居民居住证",
    IdType.FOREIGN_PERMANENT_RESIDENCE: "外国人永久居留身份证",
    IdType.PASSPORT: "护照",
    IdType.OTHER: "其他证件",
}


def paper_of(printed: Printed) -> Paper:
    """The paper of a certificate."""
    zh, en = _STATEMENTS[printed.kind]
    return Paper(
        _TITLES[printed.kind],
        (zh.format(body=printed.body_name), en),
        (*_holder(printed), *_ability(printed), *_numbers(printed)),
        printed.body_name,
        f"{printed.issued_on.year}年{printed.issued_on.month}月{printed.issued_on.day}日",
        printed.photograph,
    )


def _holder(printed: Printed) -> tuple[Line, ...]:
    return (
        Line("姓名", "Name", printed.name),
        Line("证件类型", "Document", _DOCUMENTS[printed.id_type]),
        Line("证件号码", "Document No.", printed.id_no),
    )


def _ability(printed: Printed) -> tuple[Line, ...]:
    if printed.level is None:
        return (Line("专项职业能力", "Special ability", printed.title),)
    return (
        Line("职业名称", "Occupation", printed.title),
        Line("工种/职业方向", "Trade", printed.trade or NONE),
        Line("职业技能等级", "Skill level", printed.level.certificate_text),
    )


def _numbers(printed: Printed) -> tuple[Line, ...]:
    number = Line("证书编号", "Certificate No.", printed.certificate_no)
    if printed.print_serial is None:
        return (number,)
    return (number, Line("印刷流水码", "Print serial", printed.print_serial))
