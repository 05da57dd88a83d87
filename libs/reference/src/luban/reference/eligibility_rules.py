"""The conditions of application as tables: which editions there are, and which is in force."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, TypeVar

from luban.reference.eligibility_facts import SchoolKind, TitleGrade
from luban.reference.levels import Level
from luban.reference.packaged import packaged_text
from luban.reference.refusal import Invalid

_T = TypeVar("_T")

KNOWN_KEYS = frozenset(
    {
        "id",
        "text",
        "min_age",
        "employed",
        "years_total",
        "prior_level",
        "years_after_prior",
        "years_since_prior_issue",
        "title",
        "years_after_title",
        "education",
        "major_related",
        "final_year_ok",
        "requires_programme_whitelist",
        "apprenticeship_complete",
    }
)


@dataclass(frozen=True, slots=True)
class SchoolingRule:
    """Which schooling a condition asks for. `evaluated` kinds count only for a programme that passed evaluation."""

    kinds: frozenset[SchoolKind]
    evaluated: frozenset[SchoolKind] = frozenset()
    in_study: bool = False
    """A student, not a graduate."""


_K = SchoolKind
_TECHNICIAN = frozenset({_K.TECHNICIAN_COLLEGE, _K.TECHNICIAN_CLASS})
_SENIOR_TECHNICAL = _TECHNICIAN | {_K.SENIOR_TECHNICAL_SCHOOL}
_SENIOR_CLASS_UP = _SENIOR_TECHNICAL | {_K.SENIOR_CLASS}
_COLLEGE_UP = frozenset({_K.JUNIOR_COLLEGE, _K.UNIVERSITY})
_HIGHER_UP = _COLLEGE_UP | {_K.HIGHER_VOCATIONAL}

SCHOOLING_RULES: Mapping[str, SchoolingRule] = {
    "技工院校/中职及以上/普通专科及以上": SchoolingRule(
        _SENIOR_CLASS_UP | _HIGHER_UP | {_K.TECHNICAL_SCHOOL, _K.SECONDARY_VOCATIONAL}
    ),
    "技工院校高级工班及以上": SchoolingRule(_SENIOR_CLASS_UP),
    "高职/普通专科及以上": SchoolingRule(_HIGHER_UP),
    "高职/普通专科及以上(经评估论证)": SchoolingRule(_HIGHER_UP),
    "高级技工学校/技师学院毕业": SchoolingRule(_SENIOR_TECHNICAL),
    "技师学院预备技师班/技师班在读": SchoolingRule(frozenset({_K.TECHNICIAN_CLASS}), in_study=True),
    "技工学校/中职": SchoolingRule(
        _SENIOR_CLASS_UP | {_K.TECHNICAL_SCHOOL}, evaluated=_HIGHER_UP | {_K.SECONDARY_VOCATIONAL}
    ),
    "高级技工学校/技师学院/高职": SchoolingRule(_SENIOR_TECHNICAL, evaluated=frozenset({_K.HIGHER_VOCATIONAL})),
    "大专及以上": SchoolingRule(_HIGHER_UP),
    "取得预备技师证书的技师学院毕业": SchoolingRule(frozenset({_K.TECHNICIAN_CLASS})),
}
"""The tables' words for schooling. A word that is not here stops the table from loading."""

TITLES: Mapping[str, TitleGrade] = {
    "初级职称": TitleGrade.JUNIOR,
    "中级职称": TitleGrade.MIDDLE,
    "高级职称": TitleGrade.SENIOR,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One of a level's alternatives: all that it asks must hold. Years are full years."""

    id: str
    text: str
    min_age: int | None = None
    employed: bool = False
    years_total: int | None = None
    prior_level: Level | None = None
    years_after_prior: int | None = None
    """Worked since the prior certificate was issued."""
    years_since_prior_issue: int | None = None
    """Passed since then, worked or not."""
    title: TitleGrade | None = None
    years_after_title: int | None = None
    schooling: SchoolingRule | None = None
    major_related: bool = False
    final_year_ok: bool = False
    requires_programme_whitelist: bool = False
    apprenticeship_complete: bool = False


@dataclass(frozen=True, slots=True)
class RuleTable:
    """The conditions of one edition, national or a standard's own."""

    edition: str
    title: str
    effective_from: date
    version: str
    """Edition and a digest of the content; a decision stores it."""
    levels: Mapping[Level, tuple[Condition, ...]]

    def conditions(self, level: Level) -> tuple[Condition, ...]:
        """Raises `Invalid` eligibility-level-missing."""
        found = self.levels.get(level)
        if not found:
            raise Invalid(
                "eligibility-level-missing",
                zh="{edition}版申报条件没有{level}级",
                en="edition {edition} has no conditions for level {level}",
                edition=self.edition,
                level=level.code,
            )
        return found


@dataclass(frozen=True, slots=True)
class Standard:
    """What eligibility needs of an occupation's standard: its table, and the lists printed in it.

    What a list does not name goes to a person. `evaluated_programmes` are pairs of school and major.
    """

    occupation_code: str
    table: RuleTable
    related_occupations: frozenset[str] = frozenset()
    related_majors: frozenset[str] = frozenset()
    title_specialties: frozenset[str] = frozenset()
    evaluated_programmes: frozenset[tuple[str, str]] = field(default_factory=frozenset)


def load_tables(text: str) -> tuple[RuleTable, ...]:
    """Read a file of editions as `data/eligibility_rules.json` has them.

    Raises ValueError for a key or a word this engine does not know: a condition half understood would admit the
    wrong people.
    """
    return tuple(_table(edition) for edition in json.loads(text)["editions"])


@cache
def national_tables() -> tuple[RuleTable, ...]:
    """The two national editions: the procedures of 2018 and 2023 for writing standards [S-]."""
    return load_tables(packaged_text("eligibility_rules.json"))


def edition(name: str, tables: Sequence[RuleTable] | None = None) -> RuleTable:
    """The table of an edition such as "2018". Raises `Invalid` eligibility-edition-unknown."""
    for table in national_tables() if tables is None else tables:
        if table.edition == name:
            return table
    raise Invalid(
        "eligibility-edition-unknown",
        zh="没有{edition}版申报条件",
        en="there is no edition {edition} of the conditions",
        edition=name,
    )


def edition_in_force(on: date, tables: Sequence[RuleTable] | None = None) -> RuleTable:
    """The newest table in force on the closing day of registration; pass a standard's own tables where it has some.

    Raises `Invalid` eligibility-edition-unknown for a day before the first.
    """
    in_force = [table for table in (national_tables() if tables is None else tables) if table.effective_from <= on]
    if not in_force:
        return edition(on.isoformat(), ())
    return max(in_force, key=lambda table: table.effective_from)


def _table(raw: Mapping[str, Any]) -> RuleTable:
    levels = {
        Level.parse(code): tuple(_condition(condition) for condition in conditions)
        for code, conditions in raw["levels"].items()
    }
    content = json.dumps(raw, ensure_ascii=False, sort_keys=True)
    return RuleTable(
        edition=raw["edition"],
        title=raw["title"],
        effective_from=date.fromisoformat(raw["effective_from"]),
        version=f"{raw['edition']}-{hashlib.sha256(content.encode()).hexdigest()[:8]}",
        levels=levels,
    )


def _condition(raw: Mapping[str, Any]) -> Condition:
    unknown = raw.keys() - KNOWN_KEYS
    if unknown:
        raise ValueError(f"condition {raw.get('id')}: unknown keys {sorted(unknown)}")
    fields = {key: value for key, value in raw.items() if key not in ("education", "title", "prior_level")}
    condition = Condition(
        **fields,
        prior_level=Level.parse(raw["prior_level"]) if "prior_level" in raw else None,
        title=_word(TITLES, raw, "title"),
        schooling=_word(SCHOOLING_RULES, raw, "education"),
    )
    _require_whole(condition)
    return condition


def _word(words: Mapping[str, _T], raw: Mapping[str, Any], key: str) -> _T | None:
    if key not in raw:
        return None
    if raw[key] not in words:
        raise ValueError(f"condition {raw['id']}: unknown {key} {raw[key]!r}")
    return words[raw[key]]


def _require_whole(condition: Condition) -> None:
    """A detail without what it belongs to would never be looked at; a condition that asks nothing admits everybody."""
    if condition == Condition(condition.id, condition.text):
        raise ValueError(f"condition {condition.id} asks nothing")
    after_prior = (condition.years_after_prior, condition.years_since_prior_issue)
    if condition.prior_level is None and any(years is not None for years in after_prior):
        raise ValueError(f"condition {condition.id}: years after a certificate, but no certificate")
    if condition.title is None and condition.years_after_title is not None:
        raise ValueError(f"condition {condition.id}: years after a title, but no title")
    of_schooling = (condition.major_related, condition.final_year_ok, condition.requires_programme_whitelist)
    if condition.schooling is None and any(of_schooling):
        raise ValueError(f"condition {condition.id}: details of schooling, but no schooling")
