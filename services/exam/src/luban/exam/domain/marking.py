"""Marks by a panel of raters, independent of one another (domain.md §5.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from luban.reference.pass_rule import require_raters, require_tenths, skill_mark
from luban.reference.refusal import Invalid


class MarkingState(StrEnum):
    """Where the marking of one entry stands."""

    INCOMPLETE = "INCOMPLETE"
    """Raters are missing."""
    COMPLETE = "COMPLETE"
    """Every rater marked; the subject has its outcome."""
    ABSENCE_DISPUTED = "ABSENCE_DISPUTED"
    """Every rater answered, but some say the candidate was absent; they must agree."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What one rater says of one entry: tenths of a point, or None for absent."""

    tenths: int | None

    @classmethod
    def of(cls, tenths: int | None, absent: bool) -> "Mark":
        """Raises `Invalid` mark-or-absent unless exactly one is said, mark-range beyond 0 to 100."""
        if absent != (tenths is None):
            zh, en = "应给出分数或注明缺考，二者取一", "give either a mark or absent"
            raise Invalid("mark-or-absent", zh=zh, en=en)
        return cls(None if tenths is None else require_tenths(tenths))


def require_panel(rater_ids: Sequence[UUID]) -> None:
    """At least 3, an odd number, all different. Raises `Invalid` raters-number, raters-repeated."""
    if len(set(rater_ids)) != len(rater_ids):
        raise Invalid("raters-repeated", zh="考评员重复", en="a rater is named twice")
    require_raters(len(rater_ids))


def marking_state(marks: Sequence[Mark], raters: int) -> MarkingState:
    """Where an entry with these marks stands under a panel of so many raters."""
    if len(marks) < raters:
        return MarkingState.INCOMPLETE
    absent = sum(mark.tenths is None for mark in marks)
    return MarkingState.COMPLETE if absent in (0, raters) else MarkingState.ABSENCE_DISPUTED


def panel_score(marks: Sequence[Mark], drop_extremes_from: int) -> int | None:
    """The subject's tenths from a complete panel: the mean, rounded half up once; None when all say absent."""
    tenths = [mark.tenths for mark in marks if mark.tenths is not None]
    return skill_mark(tenths, drop_extremes_from) if tenths else None
