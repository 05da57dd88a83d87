"""Checks a second beside an empty route and their p99 at half that rate, and a hundred checks in one call.

    .venv/bin/python -m bench verification 50000 2000000

Certificates are issued through the whole cycle first; then the register is made up to the second number with copies of
their rows, so that tables and indexes have that size. Those that were issued are asked for. Then, in turn on the same
machine, with the same client: an empty FastAPI route on the same server program, and POST /v1/verifications with an
employer's key, every duty in it: quota, look-up, comparison, signature, the record committed before the answer. Appends
a line to bench/verification.csv, and one to bench/verification_batch.csv.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psycopg
import uvloop

from bench.end_to_end import Run
from bench.figures import append_row, machine
from bench.fresh import fresh_stack
from bench.http_load import drive, request
from luban.cli.demo.clock import move_to
from luban.cli.ports import free_port
from luban.cli.stack import Stack

ROUNDS = 5
REQUESTS = 20_000
CONNECTIONS = 128
RESULTS = Path(__file__).parent / "verification.csv"
BATCH_RESULTS = Path(__file__).parent / "verification_batch.csv"
OF_A_BATCH = 100
BATCHES = 300


@contextmanager
def empty_server(stack: Stack) -> Iterator[str]:
    """A process with an empty route, served as the services are; its address."""
    port = free_port()
    environment = {**os.environ, **stack.environment("exam"), "LUBAN_HTTP_PORT": str(port)}
    program = "from luban.eventkit.settings import Settings; from luban.webkit.serving import serve;"
    command = [sys.executable, "-c", f"{program} serve('bench.empty_app:create', Settings())"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _await(url)
        yield url
    finally:
        process.terminate()
        process.wait()


def _await(url: str) -> None:
    ends = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"{url}/empty", trust_env=False).raise_for_status()
        except httpx.HTTPError:
            assert time.monotonic() < ends, "the empty server did not start"
            time.sleep(0.1)
        else:
            return


def empties(url: str, count: int) -> Iterator[bytes]:
    """The same request over and over."""
    asked = request("GET", f"{url}/empty")
    return (asked for _ in range(count))


class Checks:
    """Requests for random certificates of the register."""

    def __init__(self, run: Run, key: str) -> None:
        self.url = run.stack.urls["certificate"]
        self._headers = {"X-API-Key": key, "Content-Type": "application/json"}
        with psycopg.connect(run.stack.databases["certificate"]) as connection:
            rows = connection.execute("select certificate_no, entry_id from certificate").fetchall()
        self._asked = [(number, run.names[str(entry)]) for number, entry in rows]
        self._random = random.Random(1)

    def requests(self, count: int) -> Iterator[bytes]:
        """So many of them."""
        for number, name in self._random.choices(self._asked, k=count):
            body = json.dumps({"certificate_no": number, "name": name, "purpose": "RECRUITMENT"}).encode()
            yield request("POST", f"{self.url}/v1/verifications", self._headers, body)

    def batches(self, count: int) -> Iterator[bytes]:
        """So many calls with a hundred checks each."""
        for _ in range(count):
            chosen = self._random.choices(self._asked, k=OF_A_BATCH)
            rows = [{"certificate_no": number, "name": name, "purpose": "RECRUITMENT"} for number, name in chosen]
            body = json.dumps({"checks": rows}).encode()
            yield request("POST", f"{self.url}/v1/verifications:batch", self._headers, body)


COPY = """
insert into certificate (certificate_id, result_id, entry_id, candidate_id, certificate_no, {others})
select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),
       overlay(certificate_no placing lpad(copy::text, 4, '0') from 2), {others}
from certificate, generate_series(1, %s) as copy
"""
"""Certificates of other bodies: another code within the number."""
OTHERS = """
select string_agg(quote_ident(attname), ', ') from pg_attribute
where attrelid = 'certificate'::regclass and attnum > 0 and not attisdropped and attgenerated = ''
and attname not in ('certificate_id', 'result_id', 'entry_id', 'candidate_id', 'certificate_no')
"""


def make_up(database: str, certificates: int) -> int:
    """Copies the register's rows until it has about so many; how many it has."""
    with psycopg.connect(database, autocommit=True) as connection:
        ((issued,),) = connection.execute("select count(*) from certificate").fetchall()
        ((others,),) = connection.execute(OTHERS).fetchall()
        connection.execute(COPY.format(others=others).encode(), (max(0, certificates // issued - 1),))
        connection.execute("vacuum analyze certificate")
        ((made,),) = connection.execute("select count(*) from certificate").fetchall()
        return int(made)


def settle(admin: str) -> None:
    """Brings the copies to disk: a register that has grown over years has no two million rows waiting for that."""
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("checkpoint")


def measure(issued: int, certificates: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """One run on a fresh stack: single checks, batches."""
    with fresh_stack() as fresh:
        run, stack = Run(fresh.stack, fresh.gateway, issued), fresh.stack
        run.prepare()
        run.issue()
        move_to(fresh.gateway, run.days.exam_over)
        checks = Checks(run, run.employer_key())
        size = {"certificates": make_up(stack.databases["certificate"], certificates), "asked": issued}
        settle(stack.admin_database)
        with empty_server(stack) as empty:
            return size | _compare(checks, empty), size | _batches(checks)


def _batches(checks: Checks) -> dict[str, Any]:
    """One caller, one call after another; every check in it answered, signed and recorded."""
    uvloop.run(drive(checks.url, checks.batches(10), 1))
    measured = uvloop.run(drive(checks.url, checks.batches(BATCHES), 1))
    return {
        "checks_of_a_batch": OF_A_BATCH,
        "p50_ms": round(measured.percentile(0.5) * 1000, 1),
        "p99_ms": round(measured.percentile(0.99) * 1000, 1),
        "checks_per_second": round(measured.per_second * OF_A_BATCH),
    }


def _compare(checks: Checks, empty: str) -> dict[str, Any]:
    plain, checked = [], []
    uvloop.run(drive(checks.url, checks.requests(REQUESTS), CONNECTIONS))  # plans and caches
    for _ in range(ROUNDS):
        plain.append(uvloop.run(drive(empty, empties(empty, REQUESTS), CONNECTIONS)).per_second)
        checked.append(uvloop.run(drive(checks.url, checks.requests(REQUESTS), CONNECTIONS)).per_second)
    rate = median(checked) / 2
    halves = [
        uvloop.run(drive(checks.url, checks.requests(REQUESTS), CONNECTIONS, per_second=rate)) for _ in range(ROUNDS)
    ]
    return {
        "checks_per_second": round(median(checked)),
        "empty_per_second": round(median(plain)),
        "ratio": round(median(one / other for one, other in zip(checked, plain, strict=True)), 3),
        "p50_ms_at_half_rate": round(median(half.percentile(0.5) for half in halves) * 1000, 1),
        "p99_ms_at_half_rate": round(median(half.percentile(0.99) for half in halves) * 1000, 1),
    }


def main(arguments: Sequence[str]) -> None:
    """Measures, prints and keeps both."""
    issued = int(arguments[0]) if arguments else 50_000
    certificates = int(arguments[1]) if len(arguments) > 1 else issued
    for row, file in zip(measure(issued, certificates), (RESULTS, BATCH_RESULTS), strict=True):
        print(json.dumps(row | machine(), ensure_ascii=False))
        append_row(file, row | machine())


if __name__ == "__main__":
    main(sys.argv[1:])
