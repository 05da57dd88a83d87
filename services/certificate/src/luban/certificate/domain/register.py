"""The register: states of a certificate, what may change it, and what each change leaves behind."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from luban.reference.decision_reasons import suspension_reasons, withdrawal_reasons
from luban.reference.refusal import Conflict, Invalid


class State(StrEnum):
    """A certificate counts, does not count for a time, or was withdrawn; then only a granted appeal leads back."""

    VALID = "VALID"
    SUSPENDED = "SUSPENDED"
    WITHDRAWN = "WITHDRAWN"


class Origin(StrEnum):
    """Whether a certificate's number was given here."""

    ISSUED = "ISSUED"
    IMPORTED = "IMPORTED"


class Authority(StrEnum):
    """Whose certificate it is; both print 职业技能等级证书 (domain rule 1.5)."""

    MOHRSS = "MOHRSS"
    """人社."""
    MOE_1X = "MOE_1X"
    """教育 1+X."""


class Change(StrEnum):
    """What an entry of the register records."""

    ISSUED = "ISSUED"
    IMPORTED = "IMPORTED"
    """It was issued elsewhere, and entered by a file that a second person confirmed."""
    SCORES_CORRECTED = "SCORES_CORRECTED"
    WITHDRAWN = "WITHDRAWN"
    REINSTATED = "REINSTATED"
    """A withdrawal was set aside on appeal."""
    SUSPENDED = "SUSPENDED"
    """It does not count while a report or an irregularity is looked into."""
    RESUMED = "RESUMED"
    """A suspension ended, and it counts again."""
    CORRECTED = "CORRECTED"
    """What it says of its holder was corrected by proof."""
    REISSUED = "REISSUED"
    """Its paper was printed again under the same number."""
    APPEALED = "APPEALED"
    APPEAL_REJECTED = "APPEAL_REJECTED"
    NOTED = "NOTED"
    """Something became known that changes nothing any more."""
    SIGNED_ANEW = "SIGNED_ANEW"
    """Nothing changed but the key that signs, after a compromise."""


RESULT_CORRECTED = "result-corrected"
"""Why a certificate is withdrawn whose result is no pass any more; only a correction gives this reason."""


KEY_COMPROMISED = "key-compromised"
"""Why a certificate is signed anew."""


class AppealOutcome(StrEnum):
    """How an appeal against a withdrawal ends."""

    REJECTED = "REJECTED"
    GRANTED = "GRANTED"


@dataclass(frozen=True, slots=True)
class Decision:
    """A withdrawal or a suspension that a person decided."""

    reason: str
    statement: str
    reference: str
    """Number of the written decision."""
    decided_on: date


def decide_withdrawal(
    state: State, reason_code: str, statement: str, reference: str, decided_on: date, today: date
) -> Decision:
    """A decision for a reason of the rule table as it stood on its day.

    Raises `Invalid` decision-in-future or withdrawal-reason-unknown, `Conflict` certificate-already-withdrawn.
    """
    _require_past(decided_on, today)
    _require_reason("withdrawal-reason-unknown", "撤销", reason_code, withdrawal_reasons(decided_on))
    require_not_withdrawn(state)
    return Decision(reason_code, statement, reference, decided_on)


def decide_suspension(
    state: State, reason_code: str, statement: str, reference: str, decided_on: date, today: date
) -> Decision:
    """A decision that a valid certificate does not count for a time, for a reason of the rule table as it stood on its
    day.

    Raises `Invalid` decision-in-future or suspension-reason-unknown, `Conflict` certificate-already-withdrawn,
    certificate-already-suspended.
    """
    _require_past(decided_on, today)
    _require_reason("suspension-reason-unknown", "暂停", reason_code, suspension_reasons(decided_on))
    require_valid(state)
    return Decision(reason_code, statement, reference, decided_on)


def require_resumption(state: State, decided_on: date, today: date) -> None:
    """Only what is suspended can be let count again. Raises `Invalid` decision-in-future, `Conflict`
    certificate-not-suspended."""
    _require_past(decided_on, today)
    if state is not State.SUSPENDED:
        raise Conflict("certificate-not-suspended", zh="该证书未被暂停", en="this certificate is not suspended")


def _require_past(decided_on: date, today: date) -> None:
    if decided_on > today:
        raise Invalid("decision-in-future", zh="决定日期不得晚于今日", en="the decision is dated in the future")


def _require_reason(code: str, what: str, reason: str, allowed: Collection[str]) -> None:
    if reason not in allowed:
        raise Invalid(
            code,
            zh="{what}原因应为：{allowed}",
            en="the reason must be one of: {allowed}",
            what=what,
            allowed=", ".join(allowed),
        )


def require_not_withdrawn(state: State) -> None:
    """Raises `Conflict` certificate-already-withdrawn."""
    if state is State.WITHDRAWN:
        raise Conflict(
            "certificate-already-withdrawn", zh="该证书已撤销", en="this certificate has been withdrawn already"
        )


def require_valid(state: State) -> None:
    """Raises `Conflict` certificate-already-withdrawn, certificate-already-suspended."""
    require_not_withdrawn(state)
    if state is State.SUSPENDED:
        raise Conflict("certificate-already-suspended", zh="该证书已暂停", en="this certificate is suspended already")


def require_attestable(state: State) -> None:
    """Paper and credentials say that a certificate counts. Raises `Conflict` certificate-withdrawn,
    certificate-suspended."""
    match state:
        case State.WITHDRAWN:
            raise Conflict("certificate-withdrawn", zh="该证书已撤销", en="this certificate was withdrawn")
        case State.SUSPENDED:
            raise Conflict("certificate-suspended", zh="该证书已暂停", en="this certificate is suspended")
        case State.VALID:
            return


def require_appeal(state: State, reason: str | None, withdrawn_on: date | None, today: date, most_days: int) -> None:
    """A withdrawal by decision may be appealed for a time. Raises `Conflict` appeal-not-possible, appeal-too-late."""
    if state is not State.WITHDRAWN or withdrawn_on is None or reason == RESULT_CORRECTED:
        raise Conflict(
            "appeal-not-possible",
            zh="只能对撤销证书的决定提出申诉；对成绩更正的异议请向评价机构提出",
            en="only a decision to withdraw can be appealed; a corrected result is objected to with its body",
        )
    if (today - withdrawn_on).days > most_days:
        raise Conflict(
            "appeal-too-late",
            zh="申诉应在撤销后{most}天内提出",
            en="an appeal is filed within {most} days of the withdrawal",
            most=most_days,
        )


def change_of_correction(state: State, *, passed: bool) -> Change:
    """What a corrected result does to the certificate that rests on it (design.md §4)."""
    match state, passed:
        case State.WITHDRAWN, _:
            return Change.NOTED
        case _, True:
            return Change.SCORES_CORRECTED
        case _:
            return Change.WITHDRAWN
