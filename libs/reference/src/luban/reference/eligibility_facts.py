"""What a candidate puts forward for eligibility (申报条件): work, certificates, titles, schooling, apprenticeship."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum

from luban.reference.levels import Level

_DAYS_OF_A_MONTH = 30
"""By which odd days of several periods make a month."""


class Provenance(StrEnum):
    SELF_DECLARED = "SELF_DECLARED"
    """By the candidate's written promise (工作年限承诺书)."""
    VERIFIED = "VERIFIED"
    """Seen in a register, an insurance record or an original."""


@dataclass(frozen=True, slots=True)
class WorkPeriod:
    """Work in one occupation from `begins` until `ends`; None: it goes on."""

    begins: date
    ends: date | None = None
    occupation_code: str | None = None
    """None where nobody has said which occupation of the dictionary it was: a person decides."""
    provenance: Provenance = Provenance.SELF_DECLARED

    @classmethod
    def of_years(
        cls,
        years: int,
        until: date,
        occupation_code: str | None,
        provenance: Provenance = Provenance.SELF_DECLARED,
    ) -> "WorkPeriod":
        """A promise of whole years without their dates, read as one stretch that ends on `until`."""
        return cls(years_before(until, years), until, occupation_code, provenance)


@dataclass(frozen=True, slots=True)
class PriorCertificate:
    """A level or qualification certificate in force; `occupation_code` and name as printed, former codes allowed."""

    occupation_code: str
    level: Level
    issued_on: date
    occupation_name: str = ""
    provenance: Provenance = Provenance.SELF_DECLARED


class TitleGrade(IntEnum):
    """职称: a higher title serves where a lower one is asked."""

    JUNIOR = 1
    MIDDLE = 2
    SENIOR = 3


@dataclass(frozen=True, slots=True)
class Title:
    """A professional title or a professional qualification of that grade."""

    grade: TitleGrade
    specialty: str
    granted_on: date
    provenance: Provenance = Provenance.SELF_DECLARED


class SchoolKind(StrEnum):
    """Kinds of schooling that the conditions tell apart."""

    GENERAL = "GENERAL"
    """小学, 初中, 高中."""
    SECONDARY_VOCATIONAL = "SECONDARY_VOCATIONAL"
    """中专, 职高."""
    TECHNICAL_SCHOOL = "TECHNICAL_SCHOOL"
    """技工学校, 中级工班."""
    SENIOR_CLASS = "SENIOR_CLASS"
    """技工院校高级工班."""
    SENIOR_TECHNICAL_SCHOOL = "SENIOR_TECHNICAL_SCHOOL"
    """高级技工学校."""
    TECHNICIAN_COLLEGE = "TECHNICIAN_COLLEGE"
    """技师学院."""
    TECHNICIAN_CLASS = "TECHNICIAN_CLASS"
    """技师学院预备技师班, 技师班."""
    HIGHER_VOCATIONAL = "HIGHER_VOCATIONAL"
    """高职."""
    JUNIOR_COLLEGE = "JUNIOR_COLLEGE"
    """普通专科."""
    UNIVERSITY = "UNIVERSITY"
    """本科 and above."""


@dataclass(frozen=True, slots=True)
class Schooling:
    """One course of study. `graduated_on` is the day of the diploma; None: not yet."""

    kind: SchoolKind
    major: str
    graduated_on: date | None = None
    is_final_year: bool = False
    """在读应届毕业生 on the closing day."""
    school: str = ""
    provenance: Provenance = Provenance.SELF_DECLARED


@dataclass(frozen=True, slots=True)
class Apprenticeship:
    """A finished apprenticeship (学徒期满)."""

    completed_on: date
    occupation_code: str | None = None
    provenance: Provenance = Provenance.SELF_DECLARED


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it, for one application."""

    work: tuple[WorkPeriod, ...] = ()
    certificates: tuple[PriorCertificate, ...] = ()
    titles: tuple[Title, ...] = ()
    schooling: tuple[Schooling, ...] = ()
    apprenticeships: tuple[Apprenticeship, ...] = ()


def months_worked(periods: Sequence[WorkPeriod], since: date, until: date) -> int:
    """Full months of work between two days; overlapping periods count once, odd days add up to months of 30 days."""
    months = days = 0
    for begins, ends in _merged(periods, since, until):
        whole = _whole_months(begins, ends)
        months += whole
        days += (ends - _months_after(begins, whole)).days
    return months + days // _DAYS_OF_A_MONTH


def years_after(day: date, years: int) -> date:
    """The same day `years` later; 29 February becomes 1 March where there is none."""
    return _months_after(day, years * 12)


def years_before(day: date, years: int) -> date:
    """The latest day that lies full `years` before `day`."""
    return date(day.year - years, day.month, min(day.day, 28) if day.month == 2 else day.day)


def _merged(periods: Sequence[WorkPeriod], since: date, until: date) -> list[tuple[date, date]]:
    spans = sorted((max(each.begins, since), min(each.ends or until, until)) for each in periods)
    merged: list[tuple[date, date]] = []
    for begins, ends in spans:
        if begins >= ends:
            continue
        if merged and begins <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], ends))
        else:
            merged.append((begins, ends))
    return merged


def _whole_months(begins: date, ends: date) -> int:
    return (ends.year - begins.year) * 12 + ends.month - begins.month - (ends.day < begins.day)


def _months_after(day: date, months: int) -> date:
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    try:
        return date(year, month0 + 1, day.day)
    except ValueError:
        return date(year, month0 + 2, 1)
