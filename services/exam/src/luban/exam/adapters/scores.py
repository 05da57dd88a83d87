"""Outcomes of subjects as they are stored, answered and sent."""

import json
from collections.abc import Iterable, Mapping
from typing import TypedDict

from luban.events.v1.common_pb2 import (
    SUBJECT_OUTCOME_ABSENT,
    SUBJECT_OUTCOME_CARRIED_OVER,
    SUBJECT_OUTCOME_SCORED,
    SUBJECT_OUTCOME_VOID,
    SubjectScore,
)
from luban.events.v1.common_pb2 import SubjectOutcome as OutcomeOnWire
from luban.reference.pass_rule import OutcomeKind, SubjectOutcome

Outcomes = Mapping[str, SubjectOutcome]
"""By subject code, in the plan's order."""

STORED: Mapping[OutcomeKind, str] = {
    OutcomeKind.SCORE: "SCORED",
    OutcomeKind.ABSENT: "ABSENT",
    OutcomeKind.VOID: "VOID",
    OutcomeKind.CARRIED: "CARRIED_OVER",
}
KINDS: Mapping[str, OutcomeKind] = {name: kind for kind, name in STORED.items()}
WIRE: Mapping[OutcomeKind, OutcomeOnWire.ValueType] = {
    OutcomeKind.SCORE: SUBJECT_OUTCOME_SCORED,
    OutcomeKind.ABSENT: SUBJECT_OUTCOME_ABSENT,
    OutcomeKind.VOID: SUBJECT_OUTCOME_VOID,
    OutcomeKind.CARRIED: SUBJECT_OUTCOME_CARRIED_OVER,
}


class StoredScore(TypedDict):
    """One subject in a result's `scores`; tenths of a point, 0 without a score."""

    outcome: str
    score_tenths: int


def stored(outcomes: Outcomes) -> dict[str, StoredScore]:
    """What a result's row holds and an answer shows."""
    return {
        code: {"outcome": STORED[outcome.kind], "score_tenths": outcome.tenths or 0}
        for code, outcome in outcomes.items()
    }


class StoredTexts:
    """The stored form as JSON text, each subject's outcome written once: lists have few distinct marks."""

    def __init__(self) -> None:
        self._written: dict[tuple[str, SubjectOutcome], str] = {}

    def of(self, outcomes: Outcomes) -> str:
        """What `stored` gives, as text."""
        return "{" + ", ".join([self._written.get(item) or self._write(item) for item in outcomes.items()]) + "}"

    def _write(self, item: tuple[str, SubjectOutcome]) -> str:
        text = json.dumps(stored(dict([item])), ensure_ascii=False)[1:-1]
        self._written[item] = text
        return text


def outcome_of(outcome: str, score_tenths: int) -> SubjectOutcome:
    """An outcome from its stored form."""
    kind = KINDS[outcome]
    scored = kind in (OutcomeKind.SCORE, OutcomeKind.CARRIED)
    return SubjectOutcome(kind, score_tenths if scored else None)


def outcomes_of(scores: Mapping[str, StoredScore]) -> dict[str, SubjectOutcome]:
    """Outcomes from a result's row."""
    return {code: outcome_of(**score) for code, score in scores.items()}


def on_wire(outcomes: Outcomes) -> list[SubjectScore]:
    """Outcomes as an event carries them."""
    return [
        SubjectScore(subject_code=code, outcome=WIRE[outcome.kind], score_tenths=outcome.tenths or 0)
        for code, outcome in outcomes.items()
    ]


class WireScores:
    """Stored scores as events carry them, each distinct one made once; in the order of the plan's subjects."""

    def __init__(self, codes: Iterable[str]) -> None:
        self._codes = tuple(codes)
        self._made: dict[tuple[str, str, int], SubjectScore] = {}

    def of(self, scores: Mapping[str, StoredScore]) -> list[SubjectScore]:
        """One message per subject."""
        return [self._score(code, **scores[code]) for code in self._codes]

    def _score(self, code: str, outcome: str, score_tenths: int) -> SubjectScore:
        key = (code, outcome, score_tenths)
        if key not in self._made:
            self._made[key] = on_wire({code: outcome_of(outcome, score_tenths)})[0]
        return self._made[key]
