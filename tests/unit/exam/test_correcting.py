"""What corrections lead to (design: events)."""

import pytest

from luban.exam.domain.correcting import Effect, corrected, effect_of
from luban.reference.pass_rule import ABSENT, VOID, score
from luban.reference.refusal import Conflict, Invalid

OUTCOMES = {"THEORY": score(700), "SKILL": ABSENT}


@pytest.mark.parametrize(
    ("state", "before", "after", "effect"),
    [
        ("PUBLICISED", True, False, Effect.PUBLICITY),
        ("HELD", False, False, Effect.PUBLICITY),
        ("CONFIRMED", True, False, Effect.TOLD),
        ("CONFIRMED", True, True, Effect.TOLD),
        ("CONFIRMED", False, True, Effect.PUBLICITY),
        ("CONFIRMED", False, False, Effect.RECORDED),
    ],
)
def test_the_effect_follows_from_state_and_outcome(state: str, before: bool, after: bool, effect: Effect) -> None:
    assert effect_of(state, before=before, after=after) is effect


def test_what_nobody_confirmed_is_not_corrected() -> None:
    with pytest.raises(Conflict, match="result-not-publicised"):
        effect_of("AWAITING_CONFIRMATION", before=True, after=True)


def test_subjects_that_are_not_named_stay() -> None:
    assert corrected(OUTCOMES, {"SKILL": 650}) == {"THEORY": score(700), "SKILL": score(650)}
    assert corrected(OUTCOMES, {"THEORY": "VOID"}) == {"THEORY": VOID, "SKILL": ABSENT}


@pytest.mark.parametrize(
    ("scores", "code"),
    [
        ({"MAGIC": 700}, "subject-unknown"),
        ({"SKILL": "ABSENT"}, "nothing-to-correct"),
        ({"THEORY": 1001}, "mark-range"),
        ({"THEORY": "GOOD"}, "mark-format"),
    ],
)
def test_a_correction_that_names_nothing_sound_is_refused(scores: dict[str, int | str], code: str) -> None:
    with pytest.raises(Invalid, match=code):
        corrected(OUTCOMES, scores)
