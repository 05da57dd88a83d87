"""What may be suspended, resumed or withdrawn from which state, and for which reasons."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from luban.certificate.domain.register import (
    Decision,
    State,
    decide_suspension,
    decide_withdrawal,
    require_attestable,
    require_resumption,
)
from luban.reference.decision_reasons import suspension_reasons
from luban.reference.refusal import Conflict, Invalid, Refusal

TODAY = date(2026, 11, 24)


def suspend(state: State, reason: str = "report", on: date = TODAY) -> Decision:
    return decide_suspension(state, reason, "有人举报替考", "鲁人社核〔2026〕3号", on, TODAY)


def withdraw(state: State) -> Decision:
    return decide_withdrawal(state, "misconduct", "替考", "鲁人社决〔2026〕7号", TODAY, TODAY)


def resume(state: State) -> None:
    require_resumption(state, TODAY, TODAY)


@pytest.mark.parametrize(
    ("state", "attempt", "code"),
    [
        (State.VALID, suspend, None),
        (State.SUSPENDED, suspend, "certificate-already-suspended"),
        (State.WITHDRAWN, suspend, "certificate-already-withdrawn"),
        (State.VALID, resume, "certificate-not-suspended"),
        (State.SUSPENDED, resume, None),
        (State.WITHDRAWN, resume, "certificate-not-suspended"),
        (State.VALID, withdraw, None),
        (State.SUSPENDED, withdraw, None),
        (State.WITHDRAWN, withdraw, "certificate-already-withdrawn"),
        (State.VALID, require_attestable, None),
        (State.SUSPENDED, require_attestable, "certificate-suspended"),
        (State.WITHDRAWN, require_attestable, "certificate-withdrawn"),
    ],
)
def test_each_state_allows_what_it_allows(state: State, attempt: Callable[[State], object], code: str | None) -> None:
    refused = None
    try:
        attempt(state)
    except Conflict as refusal:
        refused = refusal.code
    assert refused == code


def test_a_suspension_keeps_reason_and_decision() -> None:
    assert suspend(State.VALID) == Decision("report", "有人举报替考", "鲁人社核〔2026〕3号", TODAY)


@pytest.mark.parametrize(
    ("reason", "on", "code"),
    [
        ("misconduct", TODAY, "suspension-reason-unknown"),  # a reason to withdraw
        ("report", date(2021, 12, 31), "suspension-reason-unknown"),  # before the table's first day
        ("report", TODAY + timedelta(days=1), "decision-in-future"),
    ],
)
def test_a_reason_counts_from_its_day_and_no_decision_is_of_tomorrow(reason: str, on: date, code: str) -> None:
    with pytest.raises(Invalid, match=code):
        suspend(State.VALID, reason, on)


def test_no_resumption_is_decided_tomorrow() -> None:
    with pytest.raises(Refusal, match="decision-in-future"):
        require_resumption(State.SUSPENDED, TODAY + timedelta(days=1), TODAY)


def test_the_reasons_say_how_sure_they_are() -> None:
    assert {code: reason.mark for code, reason in suspension_reasons(TODAY).items()} == {
        "report": "G",
        "irregularity": "G",
        "inquiry": "G",
    }
