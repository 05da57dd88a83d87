"""The register: states of a certificate, what may change it, and what each change leaves behind."""

from dataclasses import dataclass
from enum import StrEnum

from luban.reference.refusal import Conflict, Invalid


class State(StrEnum):
    """A certificate counts, or it was withdrawn; nothing leads back."""

    VALID = "VALID"
    WITHDRAWN = "WITHDRAWN"


class Change(StrEnum):
    """What an entry of the register records."""

    ISSUED = "ISSUED"
    SCORES_CORRECTED = "SCORES_CORRECTED"
    WITHDRAWN = "WITHDRAWN"
    NOTED = "NOTED"
    """Something became known that changes nothing any more."""


class WithdrawalReason(StrEnum):
    """Why a certificate stops to count; stable codes that travel in events."""

    RESULT_CORRECTED = "result-corrected"
    """The result it rests on is no pass any more; only a correction gives this reason."""
    FALSE_PAPERS = "false-papers"
    MISCONDUCT = "misconduct"
    ISSUED_IN_ERROR = "issued-in-error"


BY_DECISION = (WithdrawalReason.FALSE_PAPERS, WithdrawalReason.MISCONDUCT, WithdrawalReason.ISSUED_IN_ERROR)
"""Reasons that a person may decide on."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A withdrawal that a person decided."""

    reason: WithdrawalReason
    statement: str
    reference: str
    """Number of the written decision."""


def decide_withdrawal(state: State, reason_code: str, statement: str, reference: str) -> Decision:
    """Raises `Invalid` withdrawal-reason-unknown, `Conflict` certificate-already-withdrawn."""
    if reason_code not in BY_DECISION:
        raise Invalid(
            "withdrawal-reason-unknown",
            zh="撤销原因应为：{allowed}",
            en="the reason must be one of: {allowed}",
            allowed=", ".join(BY_DECISION),
        )
    if state is State.WITHDRAWN:
        raise Conflict(
            "certificate-already-withdrawn", zh="该证书已撤销", en="this certificate has been withdrawn already"
        )
    return Decision(WithdrawalReason(reason_code), statement, reference)


def change_of_correction(state: State, *, passed: bool) -> Change:
    """What a corrected result does to the certificate that rests on it (design.md §4)."""
    match state, passed:
        case State.WITHDRAWN, _:
            return Change.NOTED
        case _, True:
            return Change.SCORES_CORRECTED
        case _:
            return Change.WITHDRAWN
