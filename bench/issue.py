"""Certificates issued a second by the certificate service alone, everything in it, from a backlog of confirmed results.

    .venv/bin/python -m bench issue 200000

The results are posted, published and confirmed first, while the certificate service's worker is held still; their
events wait in the broker. Then it is let go: number, register entry, sealed holder, event, outbox and relay, and the
entry of the public log under a signed checkpoint. Timed from the moment the first certificate stands to when the last
one is there, is logged, and nothing waits to be sent; registration takes in what is sent meanwhile. fsck holds after
each run. Appends one line per size to bench/issue.csv.
"""

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg

from bench.end_to_end import LOGGED, PATIENCE_SECONDS, Run, cpu_by_process
from bench.figures import append_row, machine
from bench.fresh import fresh_stack
from luban.cli.demo.clock import move_to
from luban.cli.launch import describe_stack

RESULTS = Path(__file__).parent / "issue.csv"
WORKER = "certificate.worker"
ISSUED = "select count(*) from certificate"
SENT = """
select case when exists (select from eventkit.outbox) then 0
else (select count(*) from result where state = 'CONFIRMED') end
"""


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """The certificate service's worker does nothing while the block runs."""
    (pid,) = [each["pid"] for each in describe_stack(directory)["processes"] if each["name"] == WORKER]
    worker = psutil.Process(pid)
    worker.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        worker.send_signal(signal.SIGCONT)


class Backlog(Run):
    """Results that wait to become certificates."""

    def build(self, directory: Path) -> None:
        """Until the last of them is in the broker."""
        with held(directory):
            move_to(self.gateway, self._post()[2])
            self._await("exam", SENT)

    def work_off(self) -> tuple[float, float]:
        """Seconds from the first certificate to the last, and to the last log entry with nothing left to send."""
        with psycopg.connect(self.stack.databases["certificate"], autocommit=True) as connection:
            began = _reached(connection, ISSUED, 1)
            issued = _reached(connection, ISSUED, self.workers)
            logged = _reached(connection, LOGGED, self.workers)
        return issued - began, logged - began


def _reached(connection: psycopg.Connection[Any], query: str, count: int) -> float:
    ends = time.monotonic() + PATIENCE_SECONDS
    while (found := connection.execute(query.encode()).fetchone()) is None or found[0] < count:
        assert time.monotonic() < ends, f"{found} of {count}"
        time.sleep(0.02 if count == 1 else 0.2)
    return time.perf_counter()


def measure(workers: int) -> dict[str, Any]:
    """One size on a fresh stack."""
    with fresh_stack() as fresh:
        run = Backlog(fresh.stack, fresh.gateway, workers)
        run.prepare()
        empty = run.disk()
        run.build(fresh.directory)
        before = cpu_by_process(fresh.directory)
        issued, logged = run.work_off()
        after, kept = cpu_by_process(fresh.directory), run.disk() - empty
        fresh.check()
    return {
        "certificates": workers,
        "issued_s": round(issued, 2),
        "logged_s": round(logged, 2),
        "issued_per_second": round(workers / issued),
        "logged_per_second": round(workers / logged),
        "worker_cpu_us": round((after[WORKER] - before[WORKER]) / workers * 1e6),
        "postgres_cpu_us": round((after["postgres"] - before["postgres"]) / workers * 1e6),
        "disk_bytes_per_certificate": round(kept / workers),
    }


if __name__ == "__main__":
    for size in map(int, sys.argv[1:] or ["20000"]):
        row = measure(size) | machine()
        print(json.dumps(row, ensure_ascii=False))
        append_row(RESULTS, row)
