"""A second worker of a service beside the supervisor's own, started by hand with the stack's environment."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from luban.cli.ports import LOOPBACK, free_port
from luban.eventkit.positions import Place
from tests.fault.network import FIRST_GROUP
from tests.fault.scene import PROCESSES, Scene

GROUP = FIRST_GROUP + len(PROCESSES)
"""Of the second worker."""


@dataclass(frozen=True)
class Worker:
    """A worker, seen by what it tells its operators."""

    monitoring: str

    def places(self) -> set[Place]:
        """The partitions whose events it applies; empty while it does not answer or is in no group."""
        lag = (each for each in self.samples() if each.name == "luban_consumer_lag_events")
        return {(each.labels["topic"], int(each.labels["partition"])) for each in lag}

    def count(self, name: str, **labels: str) -> float:
        """The sum of a counter over all labels but those that are named."""
        found = (each for each in self.samples() if each.name == name and labels.items() <= each.labels.items())
        return sum(each.value for each in found)

    def samples(self) -> list[Sample]:
        """Everything it counts now; nothing while it does not answer."""
        try:
            text = httpx.get(f"{self.monitoring}/metrics", trust_env=False, timeout=5.0).text
        except httpx.HTTPError:
            return []
        return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


@dataclass(frozen=True)
class SecondWorker(Worker):
    """Ours: it can be stopped and woken, and its log read."""

    process: psutil.Process
    log: Path

    def said(self, text: str) -> bool:
        """Whether its log has it."""
        return text in self.log.read_text(encoding="utf-8", errors="replace")


def first_worker(scene: Scene, service: str) -> Worker:
    """The supervisor's own."""
    return Worker(scene.stack.monitoring[f"{service}.worker"])


@contextmanager
def second_worker(scene: Scene, service: str, directory: Path) -> Iterator[SecondWorker]:
    """`python -m luban.SERVICE worker`, while the block runs."""
    port, log = free_port(), directory / "second.log"
    environment: Mapping[str, str] = {
        **os.environ,
        **scene.stack.environment(service, "worker"),
        "LUBAN_METRICS_PORT": str(port),
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", f"luban.{service}", "worker"],
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            group=GROUP,
        )
    try:
        yield SecondWorker(f"http://{LOOPBACK}:{port}", psutil.Process(process.pid), log)
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
