"""From the first byte of a results file to the last certificate that answers a check, on one machine.

    .venv/bin/python -m bench end_to_end 2000 20000 50000

Not counted: filing, the roster, and the moving of the simulated clock over the publicity. Counted: the upload, the
second person's confirmation, the end of publicity, every event, every certificate, and one check by HTTP of every
certificate, each of which must match. Beside it, when every certificate had its entry in the signed public log and
nothing waited to be sent, and what the certificate service keeps on disk. Appends one line per size to
bench/end_to_end.csv, and prints what each process used.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import psycopg
import uvloop

from bench.figures import append_row, machine
from bench.fresh import fresh_stack
from bench.http_load import Load, drive, request
from bench.people import person
from luban.cli.demo.clock import move_to
from luban.cli.demo.gateway import Gateway
from luban.cli.demo.meter import Meter
from luban.cli.demo.timetable import BEGINS_ON, Timetable
from luban.cli.launch import describe_stack
from luban.cli.stack import Stack, state_file
from tests.enterprise import Enterprise

PLAN_PLACES = 40_000
CONNECTIONS = 256
PATIENCE_SECONDS = 600
LOGGED = """
select case when exists (select from eventkit.outbox) or exists (select from log_queue) then 0
else (select max(size) from log_checkpoint) end
"""
RESULTS = Path(__file__).parent / "end_to_end.csv"


@dataclass(frozen=True)
class Timing:
    """Seconds of one run."""

    uploaded: float
    confirmed: float
    issued: float
    checked: float
    logged: float
    """Until every certificate was in the public log, too, and every event was sent."""

    @property
    def total(self) -> float:
        """Without the moving of the clock."""
        return self.uploaded + self.confirmed + self.checked


class Run:
    """One enterprise, so many workers, in as many plans as they need."""

    def __init__(self, stack: Stack, gateway: Gateway, workers: int, places: int = PLAN_PLACES) -> None:
        self.stack, self.gateway, self.workers, self.places = stack, gateway, workers, places
        self.enterprise = Enterprise(gateway)
        self.names: dict[str, str] = {}
        self.days = Timetable.of(BEGINS_ON)

    def prepare(self) -> None:
        """Everything before the results."""
        batches = [range(at, min(at + self.places, self.workers)) for at in range(0, self.workers, self.places)]
        plans = {self.enterprise.publish(self.days, len(batch)): batch for batch in batches}
        for plan_id, batch in plans.items():
            self.enterprise.roster(plan_id, [(*person(number), f"138{number:08d}") for number in batch])
        move_to(self.gateway, self.days.registration_over)
        self._await("exam", "select count(*) from entry e join plan p using (plan_id) where p.state = 'CLOSED'")
        move_to(self.gateway, self.days.exam_over)
        self.results = {plan_id: self._fill_in(plan_id, len(batch)) for plan_id, batch in plans.items()}

    def _fill_in(self, plan_id: str, workers: int) -> bytes:
        marks = self.enterprise.filled_in(plan_id, workers)
        assert marks is not None, f"not all {workers} of plan {plan_id} are there"
        self.names.update(marks.names)
        return marks.file

    def issue(self) -> None:
        """The run without measuring: until every certificate stands."""
        move_to(self.gateway, self._post()[2])
        self._await("certificate", "select count(*) from certificate")

    def measure(self) -> tuple[Timing, Load]:
        """The run proper."""
        uploading, confirming, ends_at = self._post()
        move_to(self.gateway, ends_at)
        moved = time.perf_counter()
        issued, load = uvloop.run(self._check_all())
        checked = time.perf_counter()
        self._await("certificate", LOGGED)
        return Timing(uploading, confirming, issued - moved, checked - moved, time.perf_counter() - moved), load

    def disk(self) -> int:
        """Bytes of the certificate service's database: register, journal, what opens the log's entries, indexes."""
        with psycopg.connect(self.stack.databases["certificate"]) as connection:
            ((size,),) = connection.execute("select pg_database_size(current_database())").fetchall()
            return int(size)

    def _post(self) -> tuple[float, float, datetime]:
        """Seconds for taking the files and for confirming them, and when publicity ends."""
        uploading = confirming = 0.0
        for plan_id in self.results:
            began = time.perf_counter()
            submission = self.upload(plan_id)
            uploaded = time.perf_counter()
            ends_at = self.confirm(submission)
            uploading += uploaded - began
            confirming += time.perf_counter() - uploaded
        return uploading, confirming, ends_at

    def upload(self, plan_id: str) -> str:
        """Posts a plan's results; the submission's id."""
        path = f"/v1/plans/{plan_id}/results/file"
        answer = self.enterprise.staff.at("exam").upload(path, "results.csv", self.results[plan_id])
        return str(answer.json()["submission_id"])

    def confirm(self, submission: str) -> datetime:
        """The second person confirms; when publicity ends."""
        shown = self.enterprise.second.at("exam").post(f"/v1/submissions/{submission}/confirm").json()
        return datetime.fromisoformat(shown["publicity"]["ends_at"])

    async def _check_all(self) -> tuple[float, Load]:
        """Checks every certificate as soon as it stands; when the last one stood, and the load."""
        key = self.employer_key()
        matched, load, issued = 0, Load(), 0.0

        def count(status: int, body: bytes) -> None:
            nonlocal matched
            assert status == 200, body[:300]
            matched += b'"found":"MATCH"' in body

        last = ""
        with psycopg.connect(self.stack.databases["certificate"], autocommit=True) as connection:
            while load.answers < self.workers:
                new = connection.execute(
                    "select certificate_no, entry_id from certificate where certificate_no > %s order by 1", (last,)
                ).fetchall()
                if not new:
                    await asyncio.sleep(0.02)
                    continue
                last = new[-1][0]
                issued = time.perf_counter()
                await drive(self.stack.urls["certificate"], self._checks(new, key), CONNECTIONS, count, load)
        assert matched == self.workers, f"{matched} of {self.workers} checks matched"
        return issued, load

    def _checks(self, rows: Sequence[tuple[str, UUID]], key: str) -> Iterator[bytes]:
        headers = {"X-API-Key": key, "Content-Type": "application/json"}
        url = self.stack.urls["certificate"] + "/v1/verifications"
        for number, entry_id in rows:
            asked = {"certificate_no": number, "name": self.names[str(entry_id)], "purpose": "RECRUITMENT"}
            yield request("POST", url, headers, json.dumps(asked).encode())

    def employer_key(self) -> str:
        """A new key for checks."""
        asked = {"credit_code": "91370100MA3C00011J", "employer_name": "核验试验公司", "daily_quota": 1_000_000}
        return str(self.enterprise.province.at("certificate").post("/v1/api-keys", json=asked).json()["key"])

    def _await(self, service: str, query: str) -> None:
        ends = time.monotonic() + PATIENCE_SECONDS
        with psycopg.connect(self.stack.databases[service], autocommit=True) as connection:
            while (found := connection.execute(query.encode()).fetchone()) is None or found[0] < self.workers:
                assert time.monotonic() < ends, f"{service} stands at {found} of {self.workers}"
                time.sleep(0.1)


def cpu_by_process(directory: Path) -> dict[str, float]:
    """CPU seconds of each process of the stack, its children's with it."""
    spent = {"client": time.process_time()}
    for each in describe_stack(directory)["processes"]:
        head = psutil.Process(each["pid"])
        family = [head, *(head.children(recursive=True) if each["name"] != "supervisor" else [])]
        times = [process.cpu_times() for process in family]
        spent[each["name"]] = sum(t.user + t.system + t.children_user + t.children_system for t in times)
        spent[f"{each['name']} MiB"] = round(each["rss"] / 2**20)
    return spent


def measure(workers: int) -> dict[str, Any]:
    """One size on a fresh stack; fsck must hold afterwards."""
    with fresh_stack() as fresh:
        run = Run(fresh.stack, fresh.gateway, workers)
        run.prepare()
        before = cpu_by_process(fresh.directory)
        empty = run.disk()
        with Meter(state_file(fresh.directory)) as meter:
            timing, load = run.measure()
        used, kept = meter.usage(), run.disk() - empty
        print(
            {
                name: round(spent - (0 if name.endswith("MiB") else before.get(name, 0)), 2)
                for name, spent in cpu_by_process(fresh.directory).items()
            }
        )
        fresh.check()
    return {
        "certificates": workers,
        "seconds": round(timing.total, 2),
        "per_second": round(workers / timing.total),
        "upload_s": round(timing.uploaded, 2),
        "confirm_s": round(timing.confirmed, 2),
        "issue_s": round(timing.issued, 2),
        "issue_per_second": round(workers / (timing.uploaded + timing.confirmed + timing.issued)),
        "check_s": round(timing.checked, 2),
        "check_p99_ms": round(load.percentile(0.99) * 1000, 1),
        "cpu_us_per_certificate": round((used.cpu_seconds or 0) / workers * 1e6),
        "peak_mb": used.peak_rss_mb,
        "logged_per_second": round(workers / (timing.uploaded + timing.confirmed + timing.logged)),
        "disk_bytes_per_certificate": round(kept / workers),
    }


if __name__ == "__main__":
    for size in map(int, sys.argv[1:] or ["2000", "20000", "50000"]):
        row = measure(size) | machine()
        print(json.dumps(row, ensure_ascii=False))
        append_row(RESULTS, row)
