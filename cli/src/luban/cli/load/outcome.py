"""What a load came to: the JSON, the verdict, and the tables at its end."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from luban.cli.demo.meter import Usage
from luban.cli.fsck.check import Check
from luban.cli.load.board import headline, table
from luban.cli.load.compare.run import Comparison
from luban.cli.load.figures import Figures
from luban.cli.load.goals import Goal
from luban.cli.load.world import Progress

WHOLE_CYCLE, COMPARISON_ONLY, CHECKS_ONLY = "whole-cycle", "comparison-only", "checks-only"
_MOST_SHOWN = 20


@dataclass
class Outcome:
    """One run of the command."""

    scope: str
    """What was done: nothing but a whole cycle is called one."""
    stack: str
    """The file that describes it."""
    ledger: str
    figures: Figures | None = None
    progress: Progress = field(default_factory=Progress)
    complete: bool = True
    """Whether as much was done as was asked, by everybody."""
    comparison: Comparison | None = None
    usage: Usage | None = None
    goals: Sequence[Goal] = ()

    def report(self) -> dict[str, Any]:
        """Everything as JSON."""
        found = self._figures()
        judged = [goal.judge(found) for goal in self.goals]
        return {
            "scope": self.scope,
            "ok": self.is_right and all(each.met for each in judged),
            "complete": self.complete,
            "stopped": {"count": self.progress.stopped, "reasons": self.progress.reasons},
            "stack": self.stack,
            "ledger": self.ledger,
            **found,
            "comparison": self._comparison(),
            "goals": [asdict(each) for each in judged],
        }

    @property
    def is_right(self) -> bool:
        """Whether everything asked was done and the system agrees with the ledger."""
        return self.complete and (self.comparison is None or self.comparison.ok)

    def _figures(self) -> dict[str, Any]:
        figures = self.figures or Figures()
        return {
            "seconds": round(figures.seconds, 2) if self.figures else 0.0,
            "people": self.progress.people_through,
            "certificates": self.progress.certificates,
            "violations": None if self.comparison is None else self.comparison.violations,
            "cpu_share": figures.client()["cpu_share_of_a_core"],
            "operations": figures.operations(),
            "total": figures.total().as_json(figures.seconds),
            "client": figures.client(),
            "stack_usage": asdict(self.usage) if self.usage else None,
        }

    def _comparison(self) -> dict[str, Any] | None:
        if self.comparison is None:
            return None
        fsck = self.comparison.fsck
        return {
            "ok": self.comparison.ok,
            "missing": self.comparison.missing,
            "checks": [_check(each) for each in self.comparison.checks],
            "fsck": None if fsck is None else [_check(each) for each in fsck],
        }


def show(console: Console, outcome: Outcome, report: Mapping[str, Any]) -> None:
    """Everything a reader asks, in that order."""
    if outcome.figures is not None:
        console.print(headline(outcome.figures, outcome.progress), highlight=False)
        console.print(table(outcome.figures), highlight=False)
        _show_client(console, outcome, report)
    _show_list(console, "could not go on", outcome.progress.reasons, outcome.progress.stopped)
    if outcome.comparison is not None:
        _show_comparison(console, outcome.comparison)
    if outcome.goals:
        console.print(_goals(report["goals"]), highlight=False)
    _show_verdict(console, outcome, report)


def _show_client(console: Console, outcome: Outcome, report: Mapping[str, Any]) -> None:
    client, usage = report["client"], outcome.usage
    said = (
        f"This client: {client['cpu_seconds']:.1f} s of CPU ({client['cpu_share_of_a_core']:.0%} of a core), "
        f"{client['peak_rss_mb']:.0f} MiB at most, late by {client['late_ms']['p99'] or 0:.1f} ms at p99."
    )
    if usage is not None and usage.cpu_seconds is not None:
        said += f" The stack: {usage.cpu_seconds:.1f} s of CPU, {usage.peak_rss_mb:.0f} MiB at most."
    schedule = client["schedule"]
    if schedule["asked"] and schedule["kept"]:
        said += (
            f" Schedule: {schedule['asked']:g} a second asked, {schedule['kept']:g} kept while all clients had work."
        )
    console.print(said, highlight=False)


def _show_comparison(console: Console, comparison: Comparison) -> None:
    _show_list(console, "had not arrived when the time to wait was up", comparison.missing)
    found = Table(
        Column("ledger and system", overflow="fold"),
        Column("looked at", justify="right"),
        "agree",
        Column("first that do not", overflow="fold"),
        box=SIMPLE_HEAD,
    )
    for check in comparison.checks:
        found.add_row(check.name, f"{check.count:,}", _verdict(check), check.detail)
    console.print(found, highlight=False)
    if comparison.fsck is None:
        console.print("fsck: not run, as databases and topics are not at hand.", highlight=False)
        return
    broken = [check for check in comparison.fsck if not check.ok]
    holding = len(comparison.fsck) - len(broken)
    console.print(f"fsck: {holding} of {len(comparison.fsck)} invariants hold.", highlight=False)
    _show_list(console, "broken by fsck", [f"{each.name}: {each.violations} ({each.detail})" for each in broken])


def _goals(judged: Sequence[Mapping[str, Any]]) -> Table:
    found = Table("goal", "expected", Column("found", justify="right"), "met", box=SIMPLE_HEAD)
    for each in judged:
        value = "nothing" if each["found"] is None else f"{each['found']:g}"
        found.add_row(each["goal"], each["expected"], value, "[green]yes[/]" if each["met"] else "[red]no[/]")
    return found


def _show_verdict(console: Console, outcome: Outcome, report: Mapping[str, Any]) -> None:
    if report["ok"]:
        console.print(_RIGHT[outcome.scope], highlight=False)
        return
    reasons = [] if outcome.complete else ["less was done than was asked"]
    if outcome.comparison is not None and not outcome.comparison.ok:
        reasons.append("system and ledger disagree")
    missed = [each["goal"] for each in report["goals"] if not each["met"]]
    reasons += [f"missed: {', '.join(missed)}"] if missed else []
    console.print(f"[bold red]Failed:[/] {'; '.join(reasons)}.", highlight=False)


_RIGHT = {
    WHOLE_CYCLE: "[bold green]System and ledger agree.[/]",
    COMPARISON_ONLY: "[bold green]System and ledger agree.[/] No load was driven.",
    CHECKS_ONLY: (
        "[bold green]Every check was answered truly.[/] Only checks of given certificates were made: "
        "nobody registered, was assessed or certified."
    ),
}


def _show_list(console: Console, what: str, lines: Sequence[str], count: int | None = None) -> None:
    """The first of them; `count` says how many there are where not all are told."""
    if not lines:
        return
    console.print(f"[red]{count or len(lines)} {what}:[/]", highlight=False)
    for line in lines[:_MOST_SHOWN]:
        console.print(f"  {line}", highlight=False, markup=False)


def _verdict(check: Check) -> str:
    return "[green]yes[/]" if check.ok else f"[red]no, {check.violations:,}[/]"


def _check(check: Check) -> dict[str, Any]:
    return {**asdict(check), "ok": check.ok}
