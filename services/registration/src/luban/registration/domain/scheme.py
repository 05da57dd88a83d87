"""What a plan assesses (认定对象): a level of an occupation, or a special-ability project, and in which subjects."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from luban.reference.levels import Level
from luban.reference.pass_rule import PASS_MARK
from luban.reference.refusal import Invalid
from luban.reference.track import Track

MOST_SUBJECTS = 8


@dataclass(frozen=True, slots=True)
class LevelScheme:
    """A level of an occupation's standard; `trade` is empty where the occupation has none."""

    occupation_code: str
    occupation_name: str
    trade: str
    level: Level
    standard_edition: str

    @property
    def key(self) -> str:
        """The same for whatever is the same thing to a candidate, whichever edition it is judged by."""
        return f"level:{self.occupation_code}:{self.trade}:{self.level.code}"


@dataclass(frozen=True, slots=True)
class ProjectScheme:
    """A published special-ability project; it has no levels."""

    project_id: UUID
    code: str
    name: str
    specification_version: int

    @property
    def key(self) -> str:
        """As of a level scheme; a new version of the specification is the same ability."""
        return f"project:{self.project_id}"


Scheme = LevelScheme | ProjectScheme


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject of a plan, passed from `pass_tenths` tenths of a point on."""

    code: str
    name: str
    pass_tenths: int = PASS_MARK


THEORY = Subject("THEORY", "理论知识考试")
SKILL = Subject("SKILL", "操作技能考核")
REVIEW = Subject("REVIEW", "综合评审")


def default_subjects(scheme: Scheme) -> tuple[Subject, ...]:
    """Theory and skill; review for levels 2 and 1; skill alone for a special ability (domain rules 5.1 and 7)."""
    if isinstance(scheme, ProjectScheme):
        return (SKILL,)
    return (THEORY, SKILL, REVIEW) if scheme.level >= Level.TWO else (THEORY, SKILL)


def chosen_subjects(track: Track, scheme: Scheme, chosen: Sequence[Subject] | None) -> tuple[Subject, ...]:
    """The plan's subjects: enterprises choose their methods freely (中办发〔2022〕58号 art. 13), others do not.

    Raises `Invalid` subjects-fixed, subjects-count, subject-code or subject-repeated.
    """
    default = default_subjects(scheme)
    if chosen is None or [subject.code for subject in chosen] == [subject.code for subject in default]:
        return default
    if track is not Track.ENTERPRISE:
        raise Invalid(
            "subjects-fixed",
            zh="只有企业自主评价可以自定科目",
            en="only enterprise self-assessment may choose its subjects",
        )
    _check_subjects(chosen)
    return tuple(chosen)


def _check_subjects(subjects: Sequence[Subject]) -> None:
    if not 1 <= len(subjects) <= MOST_SUBJECTS:
        raise Invalid(
            "subjects-count",
            zh="科目应为1至{most}个",
            en="there are 1 to {most} subjects",
            most=MOST_SUBJECTS,
        )
    if any(not re.fullmatch(r"[A-Z][A-Z0-9_]{0,19}", subject.code) for subject in subjects):
        raise Invalid(
            "subject-code",
            zh="科目代码应为1至20位大写字母、数字或下划线，首位为字母",
            en="a subject's code is 1 to 20 capital letters, digits or underscores and begins with a letter",
        )
    if len({subject.code for subject in subjects}) < len(subjects):
        raise Invalid("subject-repeated", zh="科目代码重复", en="a subject's code stands twice")
