"""Blank paper: how much a body may draw, and where each sheet went (domain rule 8.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from luban.reference.refusal import Conflict


class Move(StrEnum):
    """What becomes of blank sheets."""

    DRAWN = "DRAWN"
    RETURNED = "RETURNED"
    PRINTED = "PRINTED"
    VOID = "VOID"
    """Spoiled; to be destroyed."""
    DESTROYED = "DESTROYED"


@dataclass(frozen=True, slots=True)
class Blanks:
    """The sheets of one body, summed up."""

    passed: int
    """Certificates of the body."""
    drawn: int
    returned: int
    printed: int
    void: int
    destroyed: int

    @classmethod
    def of(cls, passed: int, moved: Mapping[str, int]) -> "Blanks":
        """Out of the sums by kind of move."""
        return cls(passed, *(moved.get(kind, 0) for kind in Move))

    @property
    def due_printed(self) -> int:
        """What must have been printed once none is left: drawn − returned − void."""
        return self.drawn - self.returned - self.void

    @property
    def on_hand(self) -> int:
        """Sheets that the body still has."""
        return self.due_printed - self.printed

    @property
    def to_destroy(self) -> int:
        """Void sheets that were not destroyed yet."""
        return self.void - self.destroyed

    def may_draw(self, percent: int) -> int:
        """Sheets that it may still draw: in all `percent` of those who passed, what was returned not counted."""
        return max(0, self.passed * percent // 100 - (self.drawn - self.returned))


def require_move(stands: Blanks, move: Move, sheets: int, percent: int) -> None:
    """Raises `Conflict` blanks-too-many-drawn or blanks-not-there."""
    if move is Move.DRAWN:
        if sheets > stands.may_draw(percent):
            raise Conflict(
                "blanks-too-many-drawn",
                zh="领用数不得超过合格人数的{percent}%，尚可领用{left}张",
                en="at most {percent} percent of those who passed are drawn; {left} sheets are left",
                percent=percent,
                left=stands.may_draw(percent),
            )
        return
    there = stands.to_destroy if move is Move.DESTROYED else stands.on_hand
    if sheets > there:
        raise Conflict("blanks-not-there", zh="仅有{there}张", en="there are only {there} sheets", there=there)
