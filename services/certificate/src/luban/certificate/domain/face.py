"""The face of a certificate: what it prints of its body and of what was assessed (style rule of 2022)."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from luban.reference.body_code import BodyClass, BodyCode, parse_body_code
from luban.reference.levels import Level
from luban.reference.refusal import Invalid
from luban.reference.track import Track


class CertificateKind(StrEnum):
    """职业技能等级证书 and 专项职业能力证书."""

    LEVEL = "LEVEL"
    SPECIAL_ABILITY = "SPECIAL_ABILITY"


@dataclass(frozen=True, slots=True)
class IssuingBody:
    """The body, as it was named on the day of the result."""

    body_id: UUID
    name: str
    code: BodyCode
    """As printed: the serial of the site of the assessment, not of the head office (domain rule 1.5)."""
    division: str
    """Division of the site, 6 digits; empty where it was not said."""


@dataclass(frozen=True, slots=True)
class LevelFace:
    """A level of an occupation."""

    occupation_code: str
    occupation_name: str
    trade: str
    """Empty where the occupation has none."""
    level: Level
    standard_edition: str


@dataclass(frozen=True, slots=True)
class SpecialAbilityFace:
    """A special ability; it has no levels."""

    project_code: str
    project_name: str
    specification_version: int


@dataclass(frozen=True, slots=True)
class Face:
    """Everything a plan's certificates have in common."""

    plan_id: UUID
    track: Track
    body: IssuingBody
    scheme: LevelFace | SpecialAbilityFace

    def __post_init__(self) -> None:
        if (self.track is Track.SPECIAL_ABILITY) != isinstance(self.scheme, SpecialAbilityFace):
            raise Invalid(
                "certificate-scheme-mismatch",
                zh="认定对象与认定类别不符",
                en="what was assessed does not belong to this kind of assessment",
            )

    @property
    def kind(self) -> CertificateKind:
        return CertificateKind.LEVEL if isinstance(self.scheme, LevelFace) else CertificateKind.SPECIAL_ABILITY


def printed_code(body_code: str, site_code: str) -> BodyCode:
    """The 13 characters that stand in a number: the body's, with the site's serial where a site was named.

    Raises `Invalid` body-code-format.
    """
    code = parse_body_code(body_code)
    return BodyCode(code.body_class, code.ministry_code, code.province, site_code) if site_code else code


KIND_OF_BODY = {BodyClass.Y: 4, BodyClass.S: 2}
"""Position 7 of the older 16-digit number: 4 within an enterprise, 2 a local centre (domain rule 1.3)."""
