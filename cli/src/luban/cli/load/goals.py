"""Goals: what a load must reach, as `entries.rate>=50` or `errors<=0`."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from luban.cli.load.faults import LoadError

SYNTAX = "[KIND.]FIGURE followed by >=, <=, >, < or == and a number"
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
}
_GOAL = re.compile(r"(?:([a-z_]+)\.)?([a-z0-9_]+)\s*(>=|<=|==|>|<)\s*([0-9]+(?:\.[0-9]+)?)")
_LATENCIES = ("p50", "p90", "p99", "max")
KINDS = (
    *("filings", "plans", "profiles", "entries", "withdrawals", "rosters", "seats", "papers", "responses", "hand_ins"),
    *("panels", "marks", "results", "confirmations", "corrections", "certificate_withdrawals"),
    *("api_keys", "key_revocations", "verifications", "readings"),
)
"""Kinds of operations that a load may name."""
FIGURES = (
    *("count", "rate", "errors", "in_doubt", "retries"),
    *(f"{name}_ms" for name in _LATENCIES),
    *(f"uncorrected_{name}_ms" for name in _LATENCIES),
)
"""Of a kind, or of all kinds together where none is named."""
OF_THE_RUN = ("people", "certificates", "violations", "cpu_share")
"""Of the run as a whole: who went through the cycle, what was issued, what the comparison found, the client's CPU."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal."""

    text: str
    kind: str | None
    figure: str
    comparison: str
    bound: float

    def judge(self, report: Mapping[str, Any]) -> "Judged":
        """Against the figures of a finished load, as they stand in its JSON."""
        found = self._found(report)
        met = found is not None and _COMPARE[self.comparison](found, self.bound)
        return Judged(self.text, f"{self.comparison} {self.bound:g}", found, met)

    def _found(self, report: Mapping[str, Any]) -> float | None:
        """None where there is no such figure: a goal about what never happened is missed."""
        if self.figure in OF_THE_RUN:
            value = report[self.figure]
            return None if value is None else float(value)
        figures = report["operations"].get(self.kind) if self.kind else report["total"]
        if figures is None:
            return 0.0 if self.figure in ("count", "rate", "errors", "in_doubt", "retries") else None
        return _figure(figures, self.figure)


@dataclass(frozen=True, slots=True)
class Judged:
    """A goal beside what was found; None for a figure that there is not."""

    goal: str
    expected: str
    found: float | None
    met: bool


def parse_goals(texts: Sequence[str]) -> list[Goal]:
    """Raises LoadError for a text that is no goal, naming what there is."""
    return [_parse(text) for text in texts]


def _parse(text: str) -> Goal:
    match = _GOAL.fullmatch(text.strip())
    if match is None:
        raise LoadError(f"{text!r} is no goal: write {SYNTAX}, such as entries.rate>=50 or verifications.p99_ms<=500")
    kind, figure, comparison, bound = match.groups()
    if kind is not None and kind not in KINDS:
        raise LoadError(f"goal {text!r}: no operations are called {kind}; there are {', '.join(KINDS)}")
    known = FIGURES if kind else (*FIGURES, *OF_THE_RUN)
    if figure not in known:
        raise LoadError(f"goal {text!r}: there is no figure {figure}; there are {', '.join(known)}")
    return Goal(text.strip(), kind, figure, comparison, float(bound))


def _figure(figures: Mapping[str, Any], name: str) -> float | None:
    if name == "errors":
        return float(sum(figures["errors"].values()))
    if name.endswith("_ms"):
        family = "uncorrected_ms" if name.startswith("uncorrected_") else "latency_ms"
        found = figures[family][name.removeprefix("uncorrected_").removesuffix("_ms")]
        return None if found is None else float(found)
    return float(figures[name])
