"""A certificate as a credential: VC Data Model 2.0 with an Open Badges 3.0 achievement (docs/adr/0021).

It holds what the face of the certificate prints, the photo and the document number aside. Nothing of an ID number.
"""

from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from luban.credentials.contexts import CREDENTIALS_V2, OPEN_BADGES
from luban.credentials.instants import print_instant
from luban.credentials.reading import Document
from luban.reference.levels import Level
from luban.reference.shanghai import SHANGHAI, start_of_day

LANGUAGE = "zh-CN"


@dataclass(frozen=True, slots=True)
class LevelAchievement:
    """What a level certificate (职业技能等级证书) certifies."""

    occupation_code: str
    occupation_name: str
    trade: str
    """Empty where the occupation has none."""
    level: Level
    standard_edition: str


@dataclass(frozen=True, slots=True)
class SpecialAbilityAchievement:
    """What a special-ability certificate (专项职业能力证书) certifies; it has no levels."""

    project_code: str
    project_name: str
    specification_version: int


@dataclass(frozen=True, slots=True)
class Party:
    """Who issues or assesses: a DID or another URL, and the name as filed."""

    id: str
    name: str
    code: str = ""
    """The body code, 13 characters; empty for who has none."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate, as it is registered."""

    credential_id: str
    """A URL; it must not lead to the holder without the register's consent."""
    certificate_no: str
    holder_name: str
    achievement: LevelAchievement | SpecialAbilityAchievement
    body: Party
    issued_on: date
    holder_did: str | None = None
    """Where the holder has bound a key of their own."""


def achievement_credential(
    certificate: Certificate, issuer: Party, achievements: str, statuses: tuple[Document, ...] = ()
) -> Document:
    """The unsigned credential. `achievements` is the URL under which achievements are named, without a final slash;
    `statuses` are entries of status lists."""
    credential: Document = {
        "@context": [CREDENTIALS_V2, OPEN_BADGES],
        "id": certificate.credential_id,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": _title(certificate.achievement),
        "issuer": _profile(issuer),
        "validFrom": print_instant(start_of_day(certificate.issued_on).astimezone(SHANGHAI)),
        "credentialSubject": _subject(certificate, achievements),
    }
    return credential | ({"credentialStatus": list(statuses)} if statuses else {})


def _subject(certificate: Certificate, achievements: str) -> Document:
    described = _achievement(certificate.achievement, achievements)
    subject: Document = {
        "type": ["AchievementSubject"],
        "identifier": [
            {
                "type": "IdentityObject",
                "hashed": False,
                "identityHash": certificate.holder_name,
                "identityType": "name",
            }
        ],
        "licenseNumber": certificate.certificate_no,
        "source": _profile(certificate.body),
        "achievement": described,
    }
    if isinstance(certificate.achievement, LevelAchievement):
        subject["result"] = [_result(described)]
    return ({"id": certificate.holder_did} if certificate.holder_did else {}) | subject


def _profile(party: Party) -> Document:
    profile: Document = {"id": party.id, "type": ["Profile"], "name": party.name}
    if party.code:
        entry = {"type": "IdentifierEntry", "identifier": party.code, "identifierType": "ext:bodyCode"}
        profile["otherIdentifier"] = [entry]
    return profile


def _title(achievement: LevelAchievement | SpecialAbilityAchievement) -> str:
    return "职业技能等级证书" if isinstance(achievement, LevelAchievement) else "专项职业能力证书"


def _achievement(achievement: LevelAchievement | SpecialAbilityAchievement, base: str) -> Document:
    if isinstance(achievement, SpecialAbilityAchievement):
        return _special_ability(achievement, base)
    return _level(achievement, base)


def _level(achievement: LevelAchievement, base: str) -> Document:
    """The level is an achieved rubric level, which is how Open Badges says one; its name is the printed text."""
    level = achievement.level
    parts = [achievement.occupation_code, *([achievement.trade] if achievement.trade else []), level.code]
    url = f"{base}/level/{'/'.join(quote(part, safe='') for part in parts)}"
    described: Document = {
        "id": url,
        "type": ["Achievement"],
        "achievementType": "Certification",
        "inLanguage": LANGUAGE,
        "name": f"{achievement.occupation_name} {level.certificate_text}",
        "description": f"职业技能等级证书：{achievement.occupation_name}（{achievement.occupation_code}），"
        f"工种：{achievement.trade or '--'}，{level.certificate_text}",
        "criteria": {"narrative": f"按国家职业标准（{achievement.standard_edition}）评价合格"},
        "humanCode": achievement.occupation_code,
        "fieldOfStudy": achievement.occupation_name,
        "resultDescription": [_level_description(url, level)],
    }
    return described | ({"specialization": achievement.trade} if achievement.trade else {})


def _level_description(url: str, level: Level) -> Document:
    rubric = {
        "id": f"{url}#level-{level.code}",
        "type": ["RubricCriterionLevel"],
        "name": level.certificate_text,
        "level": level.code,
    }
    return {
        "id": f"{url}#level",
        "type": ["ResultDescription"],
        "name": "职业技能等级",
        "resultType": "RubricCriterionLevel",
        "rubricCriterionLevel": [rubric],
    }


def _result(described: Document) -> Document:
    description = described["resultDescription"][0]
    return {
        "type": ["Result"],
        "resultDescription": description["id"],
        "achievedLevel": description["rubricCriterionLevel"][0]["id"],
    }


def _special_ability(achievement: SpecialAbilityAchievement, base: str) -> Document:
    version = str(achievement.specification_version)
    return {
        "id": f"{base}/special-ability/{quote(achievement.project_code, safe='')}/{version}",
        "type": ["Achievement"],
        "achievementType": "Certification",
        "inLanguage": LANGUAGE,
        "name": achievement.project_name,
        "description": f"专项职业能力证书：{achievement.project_name}（{achievement.project_code}）",
        "criteria": {"narrative": f"按专项职业能力考核规范（版本{version}）考核合格"},
        "humanCode": achievement.project_code,
        "version": version,
    }
