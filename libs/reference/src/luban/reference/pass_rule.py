"""Marks and the rule of passing. Marks are whole tenths of a point, 0 to 1000."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from luban.reference.refusal import Invalid
from luban.reference.spelling import half_width

FULL_MARK = 1000
PASS_MARK = 600
"""Every subject is marked out of 100 and passed from 60 (included) on (national standards, 百分制)."""
FEWEST_RATERS = 3


class OutcomeKind(StrEnum):
    SCORE = "SCORE"
    ABSENT = "ABSENT"
    """Not a score of 0."""
    VOID = "VOID"
    """By misconduct."""
    CARRIED = "CARRIED"
    """Carried over from an earlier pass."""


@dataclass(frozen=True, slots=True)
class SubjectOutcome:
    """What one subject ended in; `tenths` is there for a score and for a carried pass, and only there."""

    kind: OutcomeKind
    tenths: int | None = None

    def __post_init__(self) -> None:
        with_mark = self.kind in (OutcomeKind.SCORE, OutcomeKind.CARRIED)
        if with_mark != (self.tenths is not None):
            raise ValueError(f"{self.kind} with {self.tenths} tenths")
        if self.tenths is not None:
            require_tenths(self.tenths)
        if self.kind is OutcomeKind.CARRIED and not self.is_pass:
            raise ValueError("only a pass is carried over")

    @property
    def is_pass(self) -> bool:
        return self.tenths is not None and self.tenths >= PASS_MARK


ABSENT = SubjectOutcome(OutcomeKind.ABSENT)
VOID = SubjectOutcome(OutcomeKind.VOID)


def score(tenths: int) -> SubjectOutcome:
    return SubjectOutcome(OutcomeKind.SCORE, tenths)


def carried(tenths: int) -> SubjectOutcome:
    """An earlier pass that still counts; raises ValueError below the pass mark."""
    return SubjectOutcome(OutcomeKind.CARRIED, tenths)


def is_passed(outcomes: Mapping[str, SubjectOutcome]) -> bool:
    """Every subject at 60 or above, nothing averaged (national standards). `outcomes` names every subject of the plan.

    Raises ValueError without subjects: nobody passes an examination that asked nothing.
    """
    if not outcomes:
        raise ValueError("an examination has at least one subject")
    return all(outcome.is_pass for outcome in outcomes.values())


def parse_mark(raw: str) -> int:
    """Read a mark of 0 to 100 with at most one decimal, as people write it; returns tenths.

    Raises `Invalid` mark-format or mark-range.
    """
    found = re.fullmatch(r"([0-9]{1,6})(?:\.([0-9])0*)?", half_width(raw.strip()).replace("．", "."))
    if not found:
        raise Invalid(
            "mark-format",
            zh="成绩应为0至100的数字，最多一位小数",
            en="a mark is a number from 0 to 100 with at most one decimal",
        )
    return require_tenths(int(found[1]) * 10 + int(found[2] or 0))


def require_tenths(tenths: int) -> int:
    """Return a mark in tenths if it is one. Raises `Invalid` mark-range."""
    if not 0 <= tenths <= FULL_MARK:
        raise Invalid("mark-range", zh="成绩应在0至100之间", en="a mark lies between 0 and 100", tenths=tenths)
    return tenths


def round_half_up(tenths: Fraction) -> int:
    """Round once, at the subject total, halves away from zero; marks are never negative [G]."""
    return int(tenths + Fraction(1, 2))


def skill_mark(marks: Sequence[int], drop_extremes_from: int) -> int:
    """The mean of the raters' marks in tenths, rounded half up.

    From `drop_extremes_from` raters on (rule skill.drop_extremes_from_raters), one highest and one lowest mark are
    left out. Raises `Invalid` raters-number for fewer than 3 or an even number of raters, or mark-range.
    """
    require_raters(len(marks))
    kept = sorted(require_tenths(mark) for mark in marks)
    if len(kept) >= drop_extremes_from:
        kept = kept[1:-1]
    return round_half_up(Fraction(sum(kept), len(kept)))


def require_raters(number: int) -> None:
    """At least 3 raters and an odd number (national standards). Raises `Invalid` raters-number."""
    if number < FEWEST_RATERS or number % 2 == 0:
        raise Invalid(
            "raters-number",
            zh="考评员应不少于3人且为单数，实为{number}人",
            en="there must be at least 3 raters and an odd number of them, not {number}",
            number=number,
        )
