"""Reasons for which a person may decide to withdraw or to suspend a certificate: rule tables with effective dates."""

import json
from dataclasses import dataclass
from datetime import date
from functools import cache

from luban.reference.packaged import packaged_text


@dataclass(frozen=True, slots=True)
class DecisionReason:
    """One reason from one day on. `code` is stable and travels in events; `mark` says how sure the source is."""

    code: str
    zh: str
    en: str
    effective_from: date
    mark: str
    source: str


@cache
def _reasons(table: str) -> tuple[DecisionReason, ...]:
    rows = json.loads(packaged_text(table))["reasons"]
    return tuple(
        DecisionReason(**(row | {"effective_from": date.fromisoformat(row["effective_from"])})) for row in rows
    )


def withdrawal_reasons(on: date) -> dict[str, DecisionReason]:
    """The reasons to withdraw in force on a day, by code."""
    return _in_force("withdrawal_reasons.json", on)


def suspension_reasons(on: date) -> dict[str, DecisionReason]:
    """The reasons to suspend in force on a day, by code."""
    return _in_force("suspension_reasons.json", on)


def _in_force(table: str, on: date) -> dict[str, DecisionReason]:
    return {reason.code: reason for reason in _reasons(table) if reason.effective_from <= on}
