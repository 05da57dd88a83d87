"""Occupations of the national dictionary of 2022 (国家职业分类大典), their levels, and what became of former ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache

from luban.reference.levels import Level
from luban.reference.packaged import packaged_rows
from luban.reference.refusal import Invalid
from luban.reference.track import Track


class Access(StrEnum):
    """Whether work in the occupation needs a licence (准入类, 国家职业资格目录 2021)."""

    FREE = "FREE"
    PARTIAL = "PARTIAL"
    """Only the part that the note names; the rest has level certificates."""
    LICENSED = "LICENSED"


class LevelsSource(StrEnum):
    """Where an occupation's set of levels comes from."""

    KNOWN = "KNOWN"
    GUESS = "GUESS"
    """In the table of common occupations, to be confirmed."""
    DEFAULT = "DEFAULT"
    """Not in that table: 5 to 1, to be replaced by the published standard."""
    NONE = "NONE"
    """Not a skilled occupation: no level certificates."""


@dataclass(frozen=True, slots=True)
class Occupation:
    """One 细类 of the dictionary, such as 6-31-01-03 电工."""

    code: str
    name: str
    minor_code: str
    minor_name: str
    is_digital: bool
    is_green: bool
    levels: frozenset[Level]
    levels_source: LevelsSource
    access: Access
    access_note: str
    valid_from: date | None = None
    """First day, for an occupation added by a notice after 2022."""


@dataclass(frozen=True, slots=True)
class FormerOccupation:
    """A code or name that is no longer in the table; certificates go on printing it."""

    edition: str
    code: str
    """Empty where only the name changed."""
    name: str
    code_2022: str


def occupation(code: str, on: date | None = None) -> Occupation:
    """Return the occupation of a code of today's table; `on` also asks that it is in force that day.

    Raises `Invalid` occupation-retired (with `replaced_by`), occupation-not-yet-valid or occupation-unknown.
    """
    found = _table().get(code)
    if found is None:
        raise _not_in_table(code)
    if on and found.valid_from and on < found.valid_from:
        raise Invalid(
            "occupation-not-yet-valid",
            zh="职业{code}自{valid_from}起才有效",
            en="occupation {code} is valid only from {valid_from}",
            code=code,
            valid_from=found.valid_from.isoformat(),
        )
    return found


def occupations() -> tuple[Occupation, ...]:
    """All occupations of today's table, by code."""
    return tuple(_table().values())


def current_code(code: str, name: str = "") -> str:
    """Return today's code of what an old certificate names: the code itself, or what replaced it.

    The printed name decides where a code was given to another occupation since. Raises `Invalid`
    occupation-unknown.
    """
    for former in former_occupations():
        renamed = former.name == name and (not code or former.code in ("", code))
        if renamed or (code and former.code == code and code not in _table()):
            return former.code_2022
    if code in _table():
        return code
    raise _not_in_table(code)


def require_level(code: str, level: Level) -> Occupation:
    """Return the occupation if its standard has the level.

    Raises as `occupation`, or `Invalid` occupation-has-no-levels or occupation-level-missing.
    """
    found = occupation(code)
    if not found.levels:
        raise Invalid(
            "occupation-has-no-levels",
            zh="{name}（{code}）不是技能类职业，没有职业技能等级",
            en="{name} ({code}) is not a skilled occupation and has no levels",
            code=code,
            name=found.name,
        )
    if level not in found.levels:
        raise Invalid(
            "occupation-level-missing",
            zh="{name}（{code}）的职业标准没有{level}级",
            en="the standard of {name} ({code}) has no level {level}",
            code=code,
            name=found.name,
            level=level.code,
        )
    return found


def require_free_access(code: str, track: Track) -> None:
    """Refuse a licensed occupation to a social organisation (national call of 2020 for social organisations).

    Raises `Invalid` occupation-licensed. Partly licensed ones pass: the note says which part stays out.
    """
    found = occupation(code)
    if track is Track.SOCIAL and found.access is Access.LICENSED:
        raise Invalid(
            "occupation-licensed",
            zh="{name}属于准入类职业资格（{note}），社会培训评价组织不得开展",
            en="{name} is a licensed occupation ({note}); social organisations may not assess it",
            code=code,
            name=found.name,
            note=found.access_note,
        )


@cache
def former_occupations() -> tuple[FormerOccupation, ...]:
    """Codes and names of earlier editions with what they became."""
    return tuple(
        FormerOccupation(row["edition"], row["code"], row["name"], row["code_2022"])
        for row in packaged_rows("occupations_former.csv")
    )


@cache
def _table() -> Mapping[str, Occupation]:
    common = {row["code"]: row for row in packaged_rows("occupations_common_shandong.csv")}
    table = [_from_dictionary(row, common.get(row["code"])) for row in packaged_rows("occupations_2022.csv")]
    minors = {found.minor_code: found.minor_name for found in table}
    table += [_from_notice(row, minors) for row in packaged_rows("occupations_added.csv")]
    return {found.code: found for found in sorted(table, key=lambda found: found.code)}


def _from_dictionary(row: Mapping[str, str], common: Mapping[str, str] | None) -> Occupation:
    levels, source = _levels(row["skill_class"] == "skill", common)
    return Occupation(
        code=row["code"],
        name=row["name"],
        minor_code=row["minor_code"],
        minor_name=row["minor_name"],
        is_digital=row["is_digital_S"] == "1",
        is_green=row["is_green_L"] == "1",
        levels=levels,
        levels_source=source,
        access=_access(row["access_note"]),
        access_note=row["access_note"],
    )


def _from_notice(row: Mapping[str, str], minors: Mapping[str, str]) -> Occupation:
    minor_code = row["code"][:7]
    return Occupation(
        code=row["code"],
        name=row["name"],
        minor_code=minor_code,
        minor_name=minors[minor_code],
        is_digital=False,
        is_green=False,
        levels=frozenset(Level),
        levels_source=LevelsSource.DEFAULT,
        access=Access.FREE,
        access_note="",
        valid_from=date.fromisoformat(row["valid_from"]),
    )


def _levels(is_skilled: bool, common: Mapping[str, str] | None) -> tuple[frozenset[Level], LevelsSource]:
    if common is not None:
        levels = frozenset(Level.parse(digit) for digit in common["levels"].split())
        return levels, LevelsSource(common["levels_confidence"])
    if is_skilled:
        return frozenset(Level), LevelsSource.DEFAULT
    return frozenset(), LevelsSource.NONE


def _access(note: str) -> Access:
    if not note:
        return Access.FREE
    return Access.PARTIAL if ": only " in note else Access.LICENSED


def _not_in_table(code: str) -> Invalid:
    for former in former_occupations():
        if former.code and former.code == code:
            return Invalid(
                "occupation-retired",
                zh="{code}{name}已不在2022年版大典中，现为{replaced_by}",
                en="{code} {name} is no longer in the dictionary; it is {replaced_by} now",
                code=code,
                name=former.name,
                replaced_by=former.code_2022,
            )
    return Invalid(
        "occupation-unknown",
        zh="国家职业分类大典中没有职业编码{code}",
        en="the national dictionary has no occupation {code}",
        code=code,
    )
