"""What the seed implies, what the services say, and every difference between the two."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from luban.cli.demo.cycle import Cycle
from luban.cli.demo.kinds import Kind
from luban.cli.demo.people import Person


@dataclass(frozen=True)
class TrackFigures:
    """One track's figures. `passed` counts results that publicity confirmed as a pass."""

    entries: int
    accepted: int
    rejected: int
    passed: int
    certificates: int
    withdrawn: int
    """Certificates."""

    def as_json(self) -> dict[str, int]:
        """By their names."""
        return asdict(self)


@dataclass
class Differences:
    """Everything that is not what the seed implies."""

    found: list[str] = field(default_factory=list)

    def compare(self, what: str, due: object, got: object) -> None:
        """Notes a difference."""
        if due != got:
            self.found.append(f"{what}: {due} was due, {got} it is")


def expected(people: Sequence[Person]) -> TrackFigures:
    """From the people's kinds alone."""
    fates = Counter(person.fate for person in people)
    passed = sum(count for fate, count in fates.items() if fate.passed)
    return TrackFigures(
        entries=sum(count for fate, count in fates.items() if fate.entry),
        accepted=sum(count for fate, count in fates.items() if fate.entry == "ACCEPTED"),
        rejected=sum(count for fate, count in fates.items() if fate.entry == "REJECTED"),
        passed=passed,
        certificates=passed,
        withdrawn=sum(count for fate, count in fates.items() if fate.certificate_withdrawn),
    )


def observed(cycle: Cycle, confirmed: Sequence[Mapping[str, Any]]) -> TrackFigures:
    """As the services list them; `confirmed` are the results when publicity was over, before any correction."""
    states = Counter(row["state"] for row in cycle.entries())
    certificates = Counter(row["state"] for row in cycle.certificates())
    return TrackFigures(
        entries=states.total(),
        accepted=states["ACCEPTED"],
        rejected=states["REJECTED"],
        passed=sum(bool(row["passed"]) for row in confirmed),
        certificates=certificates.total(),
        withdrawn=certificates["WITHDRAWN"],
    )


def compare_entries(differences: Differences, cycle: Cycle) -> None:
    """Everybody's entry is in the state their kind says."""
    states = {row["entry_id"]: row["state"] for row in cycle.entries()}
    for person in cycle.people:
        got = states.get(cycle.entry_ids.get(person, ""))
        differences.compare(f"{cycle.track} entry of somebody {person.kind}", person.fate.entry, got)


def compare_results(differences: Differences, cycle: Cycle, rows: Iterable[Mapping[str, Any]], *, final: bool) -> None:
    """Everybody's marks, subject by subject, and whether they pass; `final` is after corrections."""
    by_entry = {row["entry_id"]: row for row in rows}
    for person in cycle.accepted():
        row = by_entry.get(cycle.entry_ids[person], {"scores": {}, "passed": None})
        corrected = final or person.kind is not Kind.CORRECTED
        marks = person.final_marks() if corrected else dict(person.marks)
        got = {code: _mark(score) for code, score in row["scores"].items()}
        what = f"{cycle.track} result of somebody {person.kind}"
        differences.compare(f"{what}, marks in tenths", marks, got)
        passed = person.fate.passed and not (final and person.fate.certificate_withdrawn)
        differences.compare(f"{what}, passed", passed, row["passed"])


def compare_certificates(differences: Differences, cycle: Cycle) -> None:
    """Exactly one certificate for each who passed, withdrawn where it was to be."""
    results = {row["result_id"]: row["entry_id"] for row in cycle.results()}
    held: dict[str, list[str]] = {}
    for row in cycle.certificates():
        held.setdefault(results.get(row["result_id"], ""), []).append(row["state"])
    for person in cycle.people:
        due = ["WITHDRAWN" if person.fate.certificate_withdrawn else "VALID"] if person.fate.passed else []
        got = held.get(cycle.entry_ids.get(person, "none"), [])
        differences.compare(f"{cycle.track} certificates of somebody {person.kind}", due, got)


def _mark(score: Mapping[str, Any]) -> int | None:
    return None if score["outcome"] == "ABSENT" else int(score["score_tenths"])
