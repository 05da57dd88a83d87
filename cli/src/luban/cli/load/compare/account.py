"""A plan's book read into what must stand of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from luban.cli.load.compare.due import Account
from luban.cli.load.reading import Operation, Record
from luban.reference.track import Track


@dataclass
class PlanAccount:
    """What the ledger says of one plan."""

    name: str
    track: Track
    body_id: str
    level: int | None
    raters: list[str]
    plan: Operation | None = None
    people: dict[int, Account] = field(default_factory=dict)
    panel: Operation | None = None
    results: list[Operation] = field(default_factory=list)
    confirmation: Operation | None = None
    checks: list[Operation] = field(default_factory=list)
    """All of them, misses and those about nobody's certificate with them."""

    @property
    def plan_id(self) -> str | None:
        """None for a plan whose publication was never acknowledged."""
        return str(self.plan.got["plan_id"]) if self.plan and self.plan.acknowledged else None

    def by_name(self) -> dict[str, Account]:
        """No two people share a name."""
        return {account.name: account for account in self.people.values()}


def read_account(name: str, record: Record) -> PlanAccount | None:
    """None for a book that a run was killed before filling."""
    facts = next(record.facts_of("plan"), None)
    if facts is None:
        return None
    plan = PlanAccount(name, Track(facts["track"]), facts["body_id"], facts["level"], list(facts["raters"]))
    for operation in record.operations.values():
        take = _TAKE.get(operation.what)
        if take is not None:
            take(plan, operation)
    for standing in record.facts_of("standing"):
        plan.people[standing["who"]].entry_id = standing["entry_id"]
    for seen in record.facts_of("seen"):
        plan.people[seen["who"]].seen = {int(position): each for position, each in seen["responses"].items()}
    return plan


def _publication(plan: PlanAccount, operation: Operation) -> None:
    plan.plan = operation


def _profile(plan: PlanAccount, operation: Operation) -> None:
    account = _person(operation.sent, operation)
    account.candidate_id = operation.got.get("candidate_id")
    plan.people[account.who] = account


def _entry(plan: PlanAccount, operation: Operation) -> None:
    account = plan.people[operation.sent["who"]]
    account.entry, account.entry_id = operation, operation.got.get("entry_id")
    account.entry_state = operation.got.get("state", account.entry_state)


def _roster(plan: PlanAccount, operation: Operation) -> None:
    answers: list[Any] = operation.got.get("entries") or [(None, None, "ACCEPTED")] * len(operation.sent["people"])
    for sent, (entry_id, candidate_id, state) in zip(operation.sent["people"], answers, strict=True):
        account = _person(sent, operation)
        account.entry, account.entry_id = operation, entry_id
        account.candidate_id, account.entry_state = candidate_id, state
        plan.people[account.who] = account


def _withdrawal(plan: PlanAccount, operation: Operation) -> None:
    plan.people[operation.sent["who"]].withdrawal = operation


def _paper(plan: PlanAccount, operation: Operation) -> None:
    plan.people[operation.sent["who"]].paper = operation


def _response(plan: PlanAccount, operation: Operation) -> None:
    account = plan.people[operation.sent["who"]]
    account.responses.setdefault(int(operation.sent["position"]), []).append(operation)


def _hand_in(plan: PlanAccount, operation: Operation) -> None:
    plan.people[operation.sent["who"]].hand_in = operation


def _panel(plan: PlanAccount, operation: Operation) -> None:
    plan.panel = operation


def _marks(plan: PlanAccount, operation: Operation) -> None:
    for who, mark in operation.sent["marks"]:
        plan.people[who].marks.setdefault(operation.sent["rater"], []).append((operation, mark))


def _results(plan: PlanAccount, operation: Operation) -> None:
    plan.results.append(operation)
    for who, marks in operation.sent.get("rows", ()):
        plan.people[who].posted = (operation, dict(marks))


def _confirmation(plan: PlanAccount, operation: Operation) -> None:
    plan.confirmation = operation


def _correction(plan: PlanAccount, operation: Operation) -> None:
    plan.people[operation.sent["who"]].corrections.append(operation)


def _revocation(plan: PlanAccount, operation: Operation) -> None:
    plan.people[operation.sent["who"]].revocation = operation


def _check(plan: PlanAccount, operation: Operation) -> None:
    plan.checks.append(operation)
    if (who := operation.sent.get("who")) is not None:
        plan.people[who].checks.append(operation)


_TAKE: Mapping[str, Callable[[PlanAccount, Operation], None]] = {
    "plans": _publication,
    "profiles": _profile,
    "entries": _entry,
    "rosters": _roster,
    "withdrawals": _withdrawal,
    "papers": _paper,
    "responses": _response,
    "hand_ins": _hand_in,
    "panels": _panel,
    "marks": _marks,
    "results": _results,
    "confirmations": _confirmation,
    "corrections": _correction,
    "certificate_withdrawals": _revocation,
    "verifications": _check,
}


def _person(sent: Mapping[str, Any], operation: Operation) -> Account:
    return Account(sent["who"], sent["name"], sent["id_no"], sent["phone"], operation)


def entered(plan: PlanAccount) -> Iterator[Account]:
    """Those whose entry was acknowledged."""
    return (each for each in plan.people.values() if each.entry is not None and each.entry.acknowledged)
