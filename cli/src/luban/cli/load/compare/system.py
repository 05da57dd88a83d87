"""What the system says of one plan, read through the public APIs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]


@dataclass
class PlanSeen:
    """Rows as the services list them."""

    entries: list[Row] = field(default_factory=list)
    """By registration, to the body: entry_id, candidate_id, name, id_no_masked, state."""
    listed: list[Row] = field(default_factory=list)
    """By the exam service, to the body: entry_id, name."""
    marks: dict[str, list[Row]] = field(default_factory=dict)
    """To each rater: entry_id, score_tenths, absent."""
    results: list[Row] = field(default_factory=list)
    """To the body: result_id, entry_id, state, passed, scores, name, id_last4, history."""
    certificates: list[Row] = field(default_factory=list)
    """By the register, to the province."""
    profiles: dict[int, Row] = field(default_factory=dict)
    """To their candidates, by who."""
    papers: dict[int, Row] = field(default_factory=dict)
    """Those that were handed in, to their candidates, by who."""
    logs: dict[str, list[Row]] = field(default_factory=dict)
    """Who checked, to the holders, by certificate number."""
    checks: dict[str, str | None] = field(default_factory=dict)
    """The signed answers (JWS) to a check of each certificate made now, by certificate number."""
    responses: list[tuple[str, int, Any]] | None = None
    """(paper, position, response) from the database; None where it is not at hand."""

    def certificate_of(self) -> dict[str, list[Row]]:
        """Certificates by the entry their result belongs to; those of unknown results under ""."""
        entry_of = {row["result_id"]: row["entry_id"] for row in self.results}
        found: dict[str, list[Row]] = {}
        for row in self.certificates:
            found.setdefault(entry_of.get(row["result_id"], ""), []).append(row)
        return found


def arrivals(seen: PlanSeen, now: str | None) -> list[str]:
    """What follows from what stands and has not arrived yet, in words; empty when the system is quiet about the plan.

    `now` is the stack's clock in ISO 8601, UTC; without it nothing is said of publicity.
    """
    states = {row["entry_id"]: row["state"] for row in seen.entries}
    listed = {row["entry_id"] for row in seen.listed}
    accepted = {entry for entry, state in states.items() if state == "ACCEPTED"}
    return [
        f"{count} {what}"
        for what, count in (
            ("accepted entries are not on the exam service's list", len(accepted - listed)),
            ("withdrawn entries are still on the exam service's list", len(listed - accepted)),
            ("results whose publicity is over are not confirmed", sum(_is_overdue(row, now) for row in seen.results)),
            *_register_arrivals(seen),
        )
        if count
    ]


def _register_arrivals(seen: PlanSeen) -> list[tuple[str, int]]:
    held = seen.certificate_of()
    confirmed = [row for row in seen.results if row["state"] == "CONFIRMED"]
    passed = [row for row in confirmed if row["passed"]]
    lowered = [row for row in confirmed if not row["passed"] and held.get(row["entry_id"])]
    behind = [row for row in passed if held.get(row["entry_id"]) and not _shows(held[row["entry_id"]][0], row)]
    return [
        ("confirmed passes have no certificate", sum(not held.get(row["entry_id"]) for row in passed)),
        ("certificates of corrected results are not withdrawn", sum(_is_valid(held, row) for row in lowered)),
        ("certificates do not show the corrected scores", len(behind)),
    ]


def _is_overdue(result: Row, now: str | None) -> bool:
    ends_at = result.get("publicity_ends_at")
    return result["state"] == "PUBLICISED" and now is not None and bool(ends_at) and str(ends_at) <= now


def _is_valid(held: Mapping[str, list[Row]], result: Row) -> bool:
    return any(row["state"] == "VALID" for row in held[result["entry_id"]])


def _shows(certificate: Row, result: Row) -> bool:
    """Whether a certificate that counts has its result's scores."""
    if certificate["state"] != "VALID":
        return True
    printed = {score["subject_code"]: score["score_tenths"] for score in certificate["scores"]}
    return printed == {code: score["score_tenths"] for code, score in result["scores"].items()}
