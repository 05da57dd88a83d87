"""The demo's end: tables that a person can read."""

import json
from collections import Counter

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from luban.cli.demo.cycle import Cycle
from luban.cli.demo.employers import MATCH, NO_MATCH, WITHDRAWN
from luban.cli.demo.kinds import Kind
from luban.cli.demo.outcome import Outcome

_WORDS = {Kind.NOT_ELIGIBLE: "no condition met", Kind.REFUSED: "refused by staff"}
_MOST_DIFFERENCES = 20


def show(console: Console, outcome: Outcome) -> None:
    """Everything, in the order a reader asks."""
    console.print(_tracks(outcome), highlight=False)
    for track in outcome.figures:
        console.print(_why(outcome.cycles[track]), highlight=False)
    _show_sample(console, outcome)
    console.print(_times(outcome), highlight=False)
    _show_notes(console, outcome)
    _show_differences(console, outcome)


def _tracks(outcome: Outcome) -> Table:
    title = f"{outcome.candidates} candidates a track, seed {outcome.seed}"
    table = Table("track", title=title, title_justify="left", box=SIMPLE_HEAD)
    for heading in ("entries", "accepted", "rejected", "passed", "certificates", "withdrawn"):
        table.add_column(heading, justify="right")
    for track, figures in outcome.figures.items():
        table.add_row(track.value, *map(str, figures.as_json().values()))
    return table


def _why(cycle: Cycle) -> str:
    """Why entries were rejected, and what never became one."""
    rejected = [f"{len(cycle.of_kind(kind))} {words}" for kind, words in _WORDS.items() if cycle.of_kind(kind)]
    refused = [f"{count} × {what}" for what, count in cycle.refused.items()]
    return f"{cycle.track.value} ({cycle.body.what}): rejected {', '.join(rejected)}; refused {', '.join(refused)}."


def _show_sample(console: Console, outcome: Outcome) -> None:
    sample, told = outcome.checks.sample, outcome.checks.told
    console.print(
        f"Employers asked {told.total()} times: {told[MATCH]} match, {told[NO_MATCH]} no match, "
        f"{told[WITHDRAWN]} withdrawn. One certificate with its answer:",
        highlight=False,
    )
    console.print_json(json.dumps(sample.get("answer", {}), ensure_ascii=False))
    console.print(f"signed: {sample.get('jws', '')}", highlight=False, soft_wrap=True, style="dim")


def _times(outcome: Outcome) -> Table:
    table = Table("stage", "seconds", box=SIMPLE_HEAD, title=f"{outcome.seconds:.1f} s", title_justify="left")
    table.columns[1].justify = "right"
    for stage, seconds in outcome.stages.items():
        table.add_row(stage, f"{seconds:.1f}")
    return table


def _show_notes(console: Console, outcome: Outcome) -> None:
    usage = outcome.usage
    measured = "not visible from here" if usage.cpu_seconds is None else f"{usage.cpu_seconds:.1f} s"
    memory = "not visible from here" if usage.peak_rss_mb is None else f"{usage.peak_rss_mb:.0f} MiB at most"
    console.print(f"The whole stack: CPU {measured}, memory {memory}.", highlight=False)
    items = outcome.items
    console.print(
        f"Bank: {items['accepted']} items in, {items['rejected']} left out with their reasons; "
        f"{outcome.responses} responses saved with receipts.\n"
        "The single-choice items are real examination items (gaokao, Apache-2.0). They are not vocational: they show "
        "that real files go through, not what a labour relations coordinator is asked.",
        highlight=False,
    )
    bad = [check for check in outcome.fsck if not check.ok]
    looked_at = Counter(check.ok for check in outcome.fsck)
    console.print(f"fsck: {looked_at[True]} of {looked_at.total()} invariants hold.", highlight=False)
    for check in bad:
        console.print(f"  [red]broken[/] {check.name}: {check.violations} of {check.count} ({check.detail})")


def _show_differences(console: Console, outcome: Outcome) -> None:
    found = outcome.differences.found
    if outcome.is_right:
        console.print("[bold green]Every figure is what the seed implies.[/]")
        return
    console.print(f"[bold red]{len(found)} figures are not what the seed implies:[/]")
    for difference in found[:_MOST_DIFFERENCES]:
        console.print(f"  {difference}", highlight=False, markup=False)
