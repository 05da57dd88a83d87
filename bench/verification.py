"""Checks a second beside an empty route, and their p99 at half that rate.

    .venv/bin/python -m bench verification 50000

The register is filled through the whole cycle first. Then, in turn on the same machine, with the same client: an empty
FastAPI route on the same server program, and POST /v1/verifications with an employer's key, every duty in it: quota,
look-up, comparison, signature, the record committed before the answer. Appends a line to bench/verification.csv.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psycopg
import uvloop

from bench.end_to_end import Run
from bench.figures import append_row, machine
from bench.http_load import Load, drive, request
from luban.cli.demo.clock import begin_at, move_to
from luban.cli.demo.gateway import Gateway
from luban.cli.demo.timetable import BEGINS_ON, Timetable
from luban.cli.launch import start_stack, stop_stack
from luban.cli.ports import free_port
from luban.cli.stack import Options, Stack, prepare_directory, stack_file
from tests.embedded import private_directory

ROUNDS = 5
REQUESTS = 10_000
CONNECTIONS = 32
RESULTS = Path(__file__).parent / "verification.csv"


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


async def paced(url: str, requests: Iterator[bytes], per_second: float) -> Load:
    """Sends at a rate that does not wait for answers: a slow answer delays none, so it shows in the percentiles."""
    load, began = Load(), time.perf_counter()
    streams: list[asyncio.Task[Load]] = []
    for place, each in enumerate(requests):
        due = began + place / per_second
        if (pause := due - time.perf_counter()) > 0:
            await asyncio.sleep(pause)
        streams.append(asyncio.create_task(drive(url, iter([each]), 1)))
    for one in await asyncio.gather(*streams):
        load.latencies += one.latencies
        load.answers += one.answers
    return load


def measure(certificates: int) -> dict[str, Any]:
    """One run on a fresh stack."""
    with private_directory() as folder:
        directory = prepare_directory(folder / "stack")
        stack = start_stack(Options(directory, demo=True))
        try:
            with Gateway(stack_file(directory)) as gateway:
                begin_at(gateway, Timetable.of(BEGINS_ON).begins)
                run = Run(stack, gateway, certificates)
                run.prepare()
                run.issue()
                move_to(gateway, run.days.exam_over)
                with empty_server(stack) as empty:
                    return {"certificates": certificates} | _compare(Checks(run, run.employer_key()), empty)
        finally:
            stop_stack(directory)


def _compare(checks: Checks, empty: str) -> dict[str, Any]:
    plain, checked = [], []
    for _ in range(ROUNDS):
        plain.append(uvloop.run(drive(empty, empties(empty, REQUESTS), CONNECTIONS)).per_second)
        checked.append(uvloop.run(drive(checks.url, checks.requests(REQUESTS), CONNECTIONS)).per_second)
    half = uvloop.run(paced(checks.url, checks.requests(REQUESTS), median(checked) / 2))
    return {
        "checks_per_second": round(median(checked)),
        "empty_per_second": round(median(plain)),
        "ratio": round(median(one / other for one, other in zip(checked, plain, strict=True)), 3),
        "p50_ms_at_half_rate": round(half.percentile(0.5) * 1000, 1),
        "p99_ms_at_half_rate": round(half.percentile(0.99) * 1000, 1),
    }


if __name__ == "__main__":
    row = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000) | machine()
    print(json.dumps(row, ensure_ascii=False))
    append_row(RESULTS, row)
