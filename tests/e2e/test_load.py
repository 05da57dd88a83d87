"""`luban load` as an operator runs it: over a stack of its own, while services are killed, and beside a database that
somebody tampered with."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psycopg
import pytest

from luban.cli.launch import stop_stack
from luban.cli.load.compare import assessment, entries
from luban.cli.load.goals import KINDS
from luban.cli.load.reading import plan_books, read_book
from luban.cli.processes import wait_until
from luban.cli.secret_files import read_json
from luban.cli.stack import Stack, state_file
from luban.cli.tokens import issue_token

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]
SECONDS = 300
PEOPLE = 60


def command(*options: str) -> list[str]:
    """As it is typed."""
    return [sys.executable, "-m", "luban.cli.main", "load", *options]


def run(*options: str, expect: int = 0) -> str:
    """What it says. Fails on another exit code."""
    environment = {**os.environ, "COLUMNS": "250"}
    done = subprocess.run(
        command(*options), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == expect, done.stdout[-5000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


@dataclass(frozen=True)
class Loaded:
    """A load that went well, and the stack it left running."""

    report: dict[str, Any]
    said: str
    directory: Path

    @property
    def stack(self) -> Stack:
        return Stack.read_file(Path(self.report["stack"]))

    @property
    def ledger(self) -> Path:
        return Path(self.report["ledger"])

    @property
    def stack_option(self) -> tuple[str, str]:
        return "--stack", self.report["stack"]

    def compare(self, *, expect: int) -> dict[str, Any]:
        """The comparison of its ledger now."""
        file = self.directory / f"{uuid4()}.json"
        options = [*self.stack_option, "--quiet-within", "2s", "--json", str(file)]
        run("--compare", str(self.ledger), *options, expect=expect)
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["comparison"]
        return found


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """Over a stack of its own, which is kept for the other tests."""
    directory = tmp_path_factory.mktemp("load")
    options = ["--count", str(PEOPLE), "--keep", "--ledger", str(directory / "ledger")]
    goals = ["--goal", "errors<=0", "--goal", f"people>={PEOPLE}", "--goal", "in_doubt<=0", "--goal", "violations<=0"]
    said = run(*options, *goals, "--json", str(directory / "load.json"))
    found = Loaded(json.loads((directory / "load.json").read_text(encoding="utf-8")), said, directory)
    data = Path(found.stack.data_dir)
    try:
        yield found
    finally:
        stop_stack(data)
        shutil.rmtree(data)


def broken(comparison: dict[str, Any]) -> set[str]:
    """The names of the checks that do not hold."""
    return {check["name"] for check in comparison["checks"] if not check["ok"]}


def test_everybody_went_through_the_cycle_and_the_system_agrees_with_the_ledger(loaded: Loaded) -> None:
    report = loaded.report
    assert report["ok"]
    assert report["complete"]
    assert report["scope"] == "whole-cycle"
    assert report["people"] == PEOPLE
    assert report["certificates"] == pytest.approx(PEOPLE * 0.85, abs=3)
    assert all(goal["met"] for goal in report["goals"])
    assert "System and ledger agree." in loaded.said


def test_every_comparison_had_something_to_look_at(loaded: Loaded) -> None:
    checks = loaded.report["comparison"]["checks"]
    assert len(checks) >= 24
    assert [check["name"] for check in checks if check["count"] == 0 or not check["ok"]] == []
    assert all(check["ok"] for check in loaded.report["comparison"]["fsck"])


def test_every_kind_of_operation_was_done_and_measured(loaded: Loaded) -> None:
    operations = loaded.report["operations"]
    assert set(operations) == set(KINDS)
    for name, figures in operations.items():
        assert figures["count"] > 0, name
        assert 0 < figures["latency_ms"]["p50"] <= figures["latency_ms"]["p99"] <= figures["latency_ms"]["max"], name
        assert (figures["errors"], figures["in_doubt"]) == ({}, 0), name
    assert loaded.report["total"]["count"] == sum(figures["count"] for figures in operations.values())
    assert loaded.report["client"]["cpu_seconds"] > 0


def test_a_goal_that_is_missed_ends_it_with_what_was_found(loaded: Loaded, tmp_path: Path) -> None:
    options = ["--count", "30", "--rate", "200", "--ledger", str(tmp_path / "ledger"), "--goal", "entries.p99_ms<=0.01"]
    said = run(*loaded.stack_option, *options, expect=1)
    assert "missed: entries.p99_ms<=0.01" in said
    assert "Schedule: 200 a second asked" in said


def test_services_killed_meanwhile_lose_and_double_nothing(loaded: Loaded, tmp_path: Path) -> None:
    ledger, report = tmp_path / "ledger", tmp_path / "load.json"
    options = [*loaded.stack_option, "--count", "150", "--ledger", str(ledger), "--json", str(report)]
    with running(*options) as load:
        for victim, moment in (("registration.api", "entries"), ("exam.api", "responses")):
            written = f'"do":"{moment}"'
            assert wait_until(lambda written=written: written in text_of(ledger), SECONDS)  # type: ignore[misc]
            kill(loaded.stack, victim)
        code = load.wait(SECONDS)
    found = json.loads(report.read_text(encoding="utf-8"))
    assert (code, found["ok"], found["people"]) == (0, True, 150), found
    assert found["total"]["retries"] > 0, "both services were killed while nobody asked anything of them"
    assert sum(found["total"]["errors"].values()) > 0


def test_a_load_that_is_told_to_end_sees_through_whom_it_began_and_compares(loaded: Loaded, tmp_path: Path) -> None:
    ledger, report = tmp_path / "ledger", tmp_path / "load.json"
    options = [*loaded.stack_option, "--for", "5m", "--rate", "100", "--ledger", str(ledger)]
    with running(*options, "--json", str(report)) as load:
        assert wait_until(lambda: '"do":"entries"' in text_of(ledger), SECONDS)
        load.terminate()
        code = load.wait(SECONDS)
    found = json.loads(report.read_text(encoding="utf-8"))
    assert (code, found["ok"], found["complete"]) == (0, True, True), found
    assert found["people"] > 0
    assert found["seconds"] < 150, "it did not hear"
    assert found["comparison"]["ok"]


def test_the_ledger_of_a_load_that_was_killed_is_compared_later(loaded: Loaded, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    with running(*loaded.stack_option, "--count", "90", "--ledger", str(ledger)) as load:
        assert wait_until(lambda: '"do":"responses"' in text_of(ledger), SECONDS)
        load.kill()
        load.wait()
    said = run("--compare", str(ledger), *loaded.stack_option)
    assert "No load was driven." in said


def test_a_score_that_was_changed_in_the_database_is_found(loaded: Loaded) -> None:
    plan_id = plan_of(loaded, "ENTERPRISE")
    change = (
        "update result set scores = jsonb_set(scores, '{SKILL,score_tenths}', to_jsonb(%s + (scores->'SKILL'->>"
        "'score_tenths')::integer)) where result_id = %s"
    )
    with database(loaded.stack, "exam") as connection:
        (result_id,) = one(
            connection,
            "select result_id from result where plan_id = %s and passed"
            " and (scores->'SKILL'->>'score_tenths')::integer < 990 limit 1",
            plan_id,
        )
        connection.execute(change, (1, result_id))
        try:
            found = loaded.compare(expect=1)
        finally:
            connection.execute(change, (-1, result_id))
    assert assessment.RESULTS in broken(found)
    assert loaded.compare(expect=0)["ok"]


def test_an_entry_that_was_deleted_in_the_database_is_found(loaded: Loaded) -> None:
    plan_id = plan_of(loaded, "SOCIAL")
    with database(loaded.stack, "registration") as connection:
        connection.execute("set session_replication_role = replica")  # past foreign keys, as nobody but root could
        taken = one(connection, "select entry_id, row_to_json(entry) from entry where plan_id = %s limit 1", plan_id)
        connection.execute("delete from entry where entry_id = %s", (taken[0],))
        try:
            found = loaded.compare(expect=1)
        finally:
            put_back = "insert into entry select * from json_populate_record(null::entry, %s::json)"
            connection.execute(put_back, (json.dumps(taken[1]),))
    assert entries.ENTERED in broken(found)
    assert loaded.compare(expect=0)["ok"]


def test_where_the_clock_cannot_be_moved_only_checks_can_be_made_and_nothing_else_is_said(
    loaded: Loaded, tmp_path: Path
) -> None:
    own = tmp_path / "province.json"
    own.write_text(json.dumps({"urls": dict(loaded.stack.urls)}), encoding="utf-8")
    assert "name them with --certificates FILE" in run("--stack", str(own), expect=1)
    key = tmp_path / "key"
    key.write_text(employers_key(loaded.stack), encoding="utf-8")
    given = certificates_file(loaded, tmp_path / "certificates.csv")
    options = ["--stack", str(own), "--certificates", str(given), "--api-key", str(key), "--count", "100"]
    report = tmp_path / "checks.json"
    said = run(*options, "--ledger", str(tmp_path / "ledger"), "--json", str(report))
    found = json.loads(report.read_text(encoding="utf-8"))
    assert (found["scope"], found["operations"]["verifications"]["count"]) == ("checks-only", 100)
    assert "nobody registered, was assessed or certified" in said
    assert "System and ledger agree" not in said


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--goal", "entries.speed>=5"], "there is no figure speed"),
        (["--for", "5 minutes"], "is no length of time"),
        (["--stack", "a.json", "--data-dir", "b"], "--stack does not go with --data-dir"),
        (["--compare", "l", "--stack", "a.json", "--count", "30"], "--compare does not go with --count"),
        (["--compare", "l"], "--compare needs --data-dir or --stack"),
        (["--api-key", "k"], "--api-key needs --certificates"),
        (["--stack", "nowhere.json"], "there is no"),
    ],
)
def test_what_cannot_be_is_refused_in_words(options: Sequence[str], why: str) -> None:
    assert why in run(*options, expect=1)


@contextmanager
def running(*options: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A load in the background."""
    process = subprocess.Popen(command(*options), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def text_of(ledger: Path) -> str:
    """Everything that is written in a ledger's plans."""
    return "".join(path.read_text(encoding="utf-8") for path in (ledger / "plans").glob("*.jsonl"))


def kill(stack: Stack, name: str) -> None:
    """SIGKILL to a process of the stack."""
    state = read_json(state_file(Path(stack.data_dir)))
    os.kill(next(each["pid"] for each in state["processes"] if each["name"] == name), signal.SIGKILL)


@contextmanager
def database(stack: Stack, service: str) -> Iterator[psycopg.Connection[Any]]:
    """A service's database, to an administrator."""
    name = urlsplit(stack.databases[service]).path
    with psycopg.connect(urlsplit(stack.admin_database)._replace(path=name).geturl(), autocommit=True) as connection:
        yield connection


def one(connection: psycopg.Connection[Any], query: str, *values: object) -> tuple[Any, ...]:
    """The one row of a query."""
    row = connection.execute(query.encode(), values).fetchone()
    assert row is not None
    return tuple(row)


def plan_of(loaded: Loaded, track: str) -> str:
    """The id of the load's plan on a track."""
    for name in plan_books(loaded.ledger):
        record = read_book(loaded.ledger / f"{name}.jsonl")
        if next(record.facts_of("plan"))["track"] == track:
            return str(next(record.of("plans")).got["plan_id"])
    raise AssertionError(f"the ledger holds no plan on track {track}")


def province(stack: Stack) -> dict[str, str]:
    """Headers of somebody of the province."""
    return {"Authorization": f"Bearer {issue_token(stack, subject=uuid4(), roles=('province_staff',))}"}


def employers_key(stack: Stack) -> str:
    """A key for checks."""
    asked = {"credit_code": "91370100MA3C00011J", "employer_name": "外省用人单位", "daily_quota": 10_000}
    url = f"{stack.urls['certificate']}/v1/api-keys"
    return str(httpx.post(url, json=asked, headers=province(stack), trust_env=False).json()["key"])


def certificates_file(loaded: Loaded, path: Path) -> Path:
    """The valid certificates of one plan, as an operator has them."""
    url = f"{loaded.stack.urls['certificate']}/v1/certificates?limit=200&plan_id={plan_of(loaded, 'ENTERPRISE')}"
    rows = httpx.get(url, headers=province(loaded.stack), trust_env=False).json()["items"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["certificate_no", "name"])
        writer.writerows((row["certificate_no"], row["name"]) for row in rows if row["state"] == "VALID")
    return path
