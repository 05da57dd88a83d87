"""What the correction of a result leads to (design: events), and which scores a correction may name."""

from collections.abc import Mapping
from enum import StrEnum

from luban.reference.pass_rule import ABSENT, VOID, SubjectOutcome, score
from luban.reference.refusal import Conflict, Invalid

Corrected = int | str
"""Tenths of a point, "ABSENT" or "VOID"."""


class Effect(StrEnum):
    """What happens to a corrected result."""

    PUBLICITY = "PUBLICITY"
    """It is publicised (again), and confirmed by that publicity's end."""
    TOLD = "TOLD"
    """It stays confirmed, and whoever relied on its confirmation is told."""
    RECORDED = "RECORDED"
    """It stays confirmed as a fail; nobody relied on it."""


def effect_of(state: str, *, before: bool, after: bool) -> Effect:
    """The effect for a result in `state` that was a pass `before` and is one `after`.

    Raises Conflict result-not-publicised: what nobody confirmed is discarded and submitted anew.
    """
    match state, before, after:
        case "PUBLICISED" | "HELD", _, _:
            return Effect.PUBLICITY
        case "CONFIRMED", True, _:
            return Effect.TOLD
        case "CONFIRMED", False, True:
            return Effect.PUBLICITY
        case "CONFIRMED", False, False:
            return Effect.RECORDED
        case _:
            raise Conflict(
                "result-not-publicised",
                zh="成绩尚未公示，请作废后重新提交",
                en="the result is not publicised yet; discard the submission and submit anew",
            )


def corrected(outcomes: Mapping[str, SubjectOutcome], scores: Mapping[str, Corrected]) -> dict[str, SubjectOutcome]:
    """The outcomes with the named subjects replaced.

    Raises Invalid subject-unknown, mark-range, mark-format or nothing-to-correct.
    """
    unknown = [code for code in scores if code not in outcomes]
    if unknown:
        raise Invalid(
            "subject-unknown", zh="该计划没有科目{code}", en="the plan has no subject {code}", code=unknown[0]
        )
    after = {code: _outcome(scores[code]) if code in scores else outcome for code, outcome in outcomes.items()}
    if after == dict(outcomes):
        raise Invalid("nothing-to-correct", zh="更正前后成绩相同", en="the scores are the same as before")
    return after


def _outcome(value: Corrected) -> SubjectOutcome:
    match value:
        case "ABSENT":
            return ABSENT
        case "VOID":
            return VOID
        case int():
            return score(value)
        case _:
            raise Invalid(
                "mark-format",
                zh="成绩应为以十分之一分计的整数，或ABSENT、VOID",
                en="a mark is a whole number of tenths, ABSENT or VOID",
            )
