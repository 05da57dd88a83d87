"""An entry (报名): one person's application in one plan, and how it moves from state to state."""

from dataclasses import dataclass
from enum import StrEnum

from luban.reference.eligibility import Outcome
from luban.reference.refusal import Conflict


class EntryState(StrEnum):
    """Where an entry stands."""

    SUBMITTED = "SUBMITTED"
    """Applied; the rules have not spoken yet."""
    NEEDS_DECISION = "NEEDS_DECISION"
    """The rules leave it to a person. Holds a place."""
    ACCEPTED = "ACCEPTED"
    """Will be assessed. Holds a place; the exam answers from here on."""
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    """By the candidate, before registration closed."""
    CANCELLED = "CANCELLED"
    """With its plan."""


HOLDING = (EntryState.SUBMITTED, EntryState.NEEDS_DECISION, EntryState.ACCEPTED)
"""States that hold a place and bar a second entry for the same thing."""


@dataclass(frozen=True, slots=True)
class Why:
    """Why an entry is in its state: a stable code, and words for the candidate."""

    code: str
    zh: str
    en: str


SUBMITTED = Why("submitted", "已提交报名", "submitted")
ELIGIBLE = Why("eligible", "符合申报条件", "a condition of eligibility is met")
NOT_ELIGIBLE = Why("not-eligible", "不符合任何一项申报条件", "no condition of eligibility is met")
UNDECIDED = Why("needs-person", "申报条件需人工认定", "a person has to decide on eligibility")
BY_CANDIDATE = Why("withdrawn-by-candidate", "本人取消报名", "withdrawn by the candidate")
EXPIRED = Why("undecided-at-exam", "考试开始前未完成审核", "not decided before the exam began")


def by_rule(outcome: Outcome) -> tuple[EntryState, Why]:
    """What the rules make of a submitted entry."""
    match outcome:
        case Outcome.MET:
            return EntryState.ACCEPTED, ELIGIBLE
        case Outcome.NEEDS_PERSON:
            return EntryState.NEEDS_DECISION, UNDECIDED
        case Outcome.NOT_MET:
            return EntryState.REJECTED, NOT_ELIGIBLE


def by_person(state: EntryState, reason: str, *, accept: bool) -> tuple[EntryState, Why]:
    """What a person's decision makes of an entry. Raises `Conflict` entry-state."""
    match state:
        case EntryState.NEEDS_DECISION if accept:
            return EntryState.ACCEPTED, Why("accepted-by-person", reason, reason)
        case EntryState.NEEDS_DECISION:
            return EntryState.REJECTED, Why("rejected-by-person", reason, reason)
        case _:
            raise _conflict(state, "decide")


def withdrawn(state: EntryState) -> tuple[EntryState, Why]:
    """Raises `Conflict` entry-state."""
    match state:
        case EntryState.SUBMITTED | EntryState.NEEDS_DECISION | EntryState.ACCEPTED:
            return EntryState.WITHDRAWN, BY_CANDIDATE
        case _:
            raise _conflict(state, "withdraw")


def already_entered() -> Conflict:
    """The refusal of a second entry of one person for the same thing in plans whose exam days overlap."""
    return Conflict(
        "entry-exists",
        zh="您已报名同一职业等级（项目），考试时间重叠，不能重复报名",
        en="there is an entry for the same thing already, with overlapping exam days",
    )


def _conflict(state: EntryState, attempt: str) -> Conflict:
    return Conflict(
        "entry-state",
        zh="报名状态为{state}，不能执行{attempt}",
        en="the entry is {state}; {attempt} is not possible",
        state=state.value,
        attempt=attempt,
    )
