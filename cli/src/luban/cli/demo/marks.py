"""The marks each person is to get, in tenths of a point. They are decided here, and the services must find the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from luban.cli.demo.kinds import Kind
from luban.reference.pass_rule import FULL_MARK, PASS_MARK

THEORY, SKILL = "THEORY", "SKILL"
ABSENT = None
"""No mark: the person did not come. Not a mark of 0."""

Marks = Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class ItemShape:
    """How many items of a type stand in the theory form, and what each is worth, in tenths of a point."""

    type: str
    count: int
    points: int


BLUEPRINT = (ItemShape("SINGLE", 10, 50), ItemShape("TRUE_FALSE", 5, 40), ItemShape("MULTIPLE", 5, 60))
"""20 items, 100 points."""
Mistakes = Mapping[str, int]
"""How many items of each type somebody gets wrong."""
NEAR_MISS: Mistakes = {"SINGLE": 5, "TRUE_FALSE": 4, "MULTIPLE": 0}
"""59.0 points."""


def theory_mark(mistakes: Mistakes) -> int:
    """What a paper with these mistakes is worth, in tenths."""
    return FULL_MARK - sum(shape.points * mistakes[shape.type] for shape in BLUEPRINT)


def few_mistakes(random: Random) -> Mistakes:
    """A passing paper's: 71.0 points at least."""
    return {"SINGLE": random.randint(0, 3), "TRUE_FALSE": random.randint(0, 2), "MULTIPLE": random.randint(0, 1)}


def passing_mark(random: Random) -> int:
    """60.0 to 98.0; one in ten just passes."""
    return PASS_MARK if random.random() < 0.1 else random.randint(PASS_MARK, 980)


def failing_mark(random: Random) -> int:
    """45.0 to 59.9; one in three just fails."""
    return PASS_MARK - 1 if random.random() < 0.33 else random.randint(450, PASS_MARK - 1)


def first_marks(kind: Kind, subjects: tuple[str, ...], theory: int | None, random: Random) -> dict[str, int | None]:
    """The marks that results are drawn up from. `theory` is the mark of the paper where theory is sat on the system."""
    marks: dict[str, int | None] = {subject: passing_mark(random) for subject in subjects}
    if theory is not None:
        marks[THEORY] = theory
    match kind:
        case Kind.FAILS_ONE_SUBJECT:
            marks |= _one_failed(subjects, theory, random)
        case Kind.ABSENT:
            marks[subjects[0]] = ABSENT
        case Kind.OBJECTION_RAISES:
            marks[SKILL] = PASS_MARK - 10
        case _:
            pass
    return marks


def later_marks(kind: Kind) -> Marks | None:
    """The marks that an upheld objection or a correction puts in place of the first; None where nothing changes."""
    match kind:
        case Kind.OBJECTION_RAISES:
            return {SKILL: PASS_MARK + 10}
        case Kind.OBJECTION_LOWERS | Kind.CORRECTED:
            return {SKILL: PASS_MARK - 20}
        case _:
            return None


def raters_marks(mark: int, random: Random) -> tuple[int, int, int]:
    """Three independent marks whose mean is `mark`."""
    apart = random.randint(0, min(30, mark, FULL_MARK - mark))
    return mark - apart, mark, mark + apart


def _one_failed(subjects: tuple[str, ...], theory: int | None, random: Random) -> dict[str, int | None]:
    """One subject below 60; the other so good that the average would be enough."""
    failed: dict[str, int | None] = dict.fromkeys(subjects, 900)
    failed[subjects[0]] = failing_mark(random) if theory is None else theory
    return failed
