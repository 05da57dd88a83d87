"""`luban load` over a stack that is being struck, as an operator runs it, and its verdict."""

import json
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from luban.cli.processes import wait_until
from luban.cli.stack import stack_file
from tests.fault.scene import Scene

ROOT = Path(__file__).parents[2]
RATE = 50
CLIENTS = 12
TIMEOUT = "3s"
"""Of one attempt: shorter than every stop and cut, so that clients ask again while the first answer is on its way."""
LONGEST = "5m"
"""So long the load begins people unless it is told to end; what decides how many weeks of its calendar it spends."""
WARM_SECONDS = 120.0
END_SECONDS = 420.0


class Load:
    """A load in a process of its own. It drives until it is told to end."""

    def __init__(self, process: "subprocess.Popen[bytes]", directory: Path) -> None:
        self._process = process
        self._directory = directory

    @property
    def drives(self) -> bool:
        """Whether it is at work."""
        return self._process.poll() is None

    def go_on(self, seconds: float) -> None:
        """Lets it work for so long: the pause is the fault's random moment or length. Fails when it is over before."""
        Event().wait(seconds)
        assert self.drives, f"the load was over before the fault struck: {self.said()}"

    def unanswered(self) -> set[str]:
        """Commands that were sent and have no answer now: each stands once, or not at all."""
        asked: set[str] = set()
        answered: set[str] = set()
        for line in self._lines():
            if "op" in line:
                (asked if "do" in line else answered).add(line["op"])
        return asked - answered

    def await_whole_cycle(self) -> None:
        """Until every step is being done at the same time: the first certificates are checked."""
        assert wait_until(lambda: any(line.get("do") == "verifications" for line in self._lines()), WARM_SECONDS, 0.3)

    def end(self, refusals: Collection[str] = ()) -> dict[str, Any]:
        """Tells it to end; the report of one that went well.

        `refusals` are codes with which the system may rightly have refused somebody: then less was done than was asked.
        """
        assert self.drives
        self._process.terminate()
        code = self._process.wait(END_SECONDS)
        file = self._directory / "load.json"
        assert file.exists(), self.said()
        report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        _require_agreement(report, self.said())
        _require_nobody_stopped(report, code, refusals)
        return report

    def said(self) -> str:
        """The end of what it printed."""
        return (self._directory / "load.log").read_text(errors="replace")[-4000:]

    def _lines(self) -> Iterator[dict[str, Any]]:
        for path in (self._directory / "ledger").rglob("*.jsonl"):
            with path.open("rb") as file:
                for line in file:
                    if line.endswith(b"\n"):
                        yield json.loads(line)


@contextmanager
def running_load(scene: Scene, directory: Path, seed: int) -> Iterator[Load]:
    """A load over a scene's stack, past its beginning."""
    options = {
        "--stack": stack_file(scene.directory),
        "--ledger": directory / "ledger",
        "--json": directory / "load.json",
        "--seed": seed,
        "--rate": RATE,
        "--clients": CLIENTS,
        "--timeout": TIMEOUT,
        "--for": LONGEST,
    }
    arguments = [str(part) for option in options.items() for part in option]
    with (directory / "load.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "luban.cli.main", "load", *arguments], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        )
    load = Load(process, directory)
    try:
        load.await_whole_cycle()
        yield load
    finally:
        process.kill()
        process.wait()


def _require_agreement(report: dict[str, Any], said: str) -> None:
    """The system agrees with the ledger, and every invariant holds."""
    comparison = report["comparison"]
    assert comparison["fsck"], said
    broken = [check for check in (*comparison["checks"], *comparison["fsck"]) if not check["ok"]]
    assert not broken, broken
    assert not comparison["missing"], comparison["missing"]


def _require_nobody_stopped(report: dict[str, Any], code: int, refusals: Collection[str]) -> None:
    reasons = report["stopped"]["reasons"]
    unexplained = [reason for reason in reasons if not reason.endswith(tuple(refusals))] if refusals else reasons
    assert not unexplained, unexplained
    assert code == (1 if reasons else 0), (code, reasons)
