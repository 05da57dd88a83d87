"""What must stand, what may, by what was answered: acknowledged once, in doubt once or not at all, refused never."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from luban.cli.load.plans.plan import SKILL, THEORY
from luban.cli.load.reading import Operation
from luban.reference.pass_rule import skill_mark

Score = int | None
"""Tenths of a point; None is absent."""
RATERS = 3


@dataclass
class Account:
    """What the ledger says of one person of a plan."""

    who: int
    name: str
    id_no: str = field(repr=False)
    phone: str = field(repr=False)
    profile: Operation
    """The profile, or the roster that named them."""
    entry: Operation | None = None
    entry_id: str | None = None
    candidate_id: str | None = None
    """None until something was acknowledged that names it."""
    entry_state: str = "ACCEPTED"
    """What the rules made of the entry."""
    withdrawal: Operation | None = None
    paper: Operation | None = None
    responses: dict[int, list[Operation]] = field(default_factory=dict)
    """By position on the paper, in the order they were sent."""
    seen: dict[int, Any] | None = None
    """By position, as the candidate read the paper before handing it in."""
    hand_in: Operation | None = None
    marks: dict[str, list[tuple[Operation, Score]]] = field(default_factory=dict)
    """By rater."""
    posted: tuple[Operation, dict[str, Score]] | None = None
    """Marks that an enterprise's assessors posted."""
    corrections: list[Operation] = field(default_factory=list)
    revocation: Operation | None = None
    checks: list[Operation] = field(default_factory=list)

    @property
    def is_withdrawn(self) -> bool | None:
        """Whether the entry was taken back; None where that is in doubt."""
        if self.withdrawal is None or not (self.withdrawal.acknowledged or self.withdrawal.in_doubt):
            return False
        return True if self.withdrawal.acknowledged else None

    def last_responses(self) -> dict[int, list[Operation]]:
        """What may stand at each position: the last acknowledged one, and whatever in doubt came after it."""
        return {position: _last(sent) for position, sent in self.responses.items()}

    def scores_possible(self, subject: str) -> set[Score] | None:
        """What a subject may have ended in before any correction; None where anything may be."""
        if self.posted is not None:
            return {self.posted[1].get(subject)}
        if subject == THEORY:
            return self._theory_possible()
        return self._skill_possible() if subject == SKILL else None

    def corrected_possible(self, subject: str) -> set[Score] | None:
        """The same after the corrections."""
        possible = self.scores_possible(subject)
        for correction in self.corrections:
            if subject in correction.sent["scores"] and correction.acknowledged:
                possible = {correction.sent["scores"][subject]}
            elif subject in correction.sent["scores"] and correction.in_doubt and possible is not None:
                possible = possible | {correction.sent["scores"][subject]}
        return possible

    @property
    def may_be_corrected(self) -> bool:
        """Whether a correction stands or may stand."""
        return any(each.acknowledged or each.in_doubt for each in self.corrections)

    def _theory_possible(self) -> set[Score]:
        """What the saved responses are worth; absent without a paper."""
        if self.paper is None or not (self.paper.acknowledged or self.paper.in_doubt):
            return {None}
        sums: set[Score] = {0}
        for standing in self.last_responses().values():
            worth = {int(each.sent["worth"]) for each in standing}
            worth |= set() if any(each.acknowledged for each in standing) else {0}
            sums = {total + each for total in sums if total is not None for each in worth}
        return sums if self.paper.acknowledged else {None, *sums}

    def _skill_possible(self) -> set[Score] | None:
        """The mean of the panel's marks; anything while the panel is not known to be complete."""
        given = [_settled(marks) for marks in self.marks.values()]
        if len(given) != RATERS or any(mark is UNSETTLED for mark in given):
            return None
        tenths = [mark for mark in given if isinstance(mark, int)]
        if len(tenths) == RATERS:
            return {skill_mark(tenths, RATERS + 2)}
        return {None} if not tenths else None


UNSETTLED = "unsettled"


def _settled(marks: list[tuple[Operation, Score]]) -> Score | str:
    """The mark that stands; UNSETTLED where one in doubt could."""
    standing = _last([operation for operation, _ in marks])
    if len(standing) != 1 or not standing[0].acknowledged:
        return UNSETTLED
    return next(mark for operation, mark in marks if operation is standing[0])


def _last(sent: Iterable[Operation]) -> list[Operation]:
    """The last acknowledged, and whatever in doubt came after it."""
    standing: list[Operation] = []
    for each in sent:
        if each.acknowledged:
            standing = [each]
        elif each.in_doubt:
            standing.append(each)
    return standing
