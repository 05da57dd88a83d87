"""`luban replay` over a whole stack after a cycle: repeats change nothing, and a read state comes out as it was."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from luban.cli.demo.gateway import Gateway, wait_for
from luban.cli.demo.offices import Offices
from luban.cli.launch import stop_stack
from luban.cli.stack import Stack
from tests.embedded import private_directory

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]
SECONDS = 420


def luban(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "luban.cli.main", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """A stack on which a cycle has ended."""
    with private_directory() as folder:
        data_dir = folder / "stack"
        report = folder / "demo.json"
        done = luban("demo", "--candidates", "20", "--keep", "--data-dir", str(data_dir), "--json", str(report))
        try:
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
            yield data_dir
        finally:
            stop_stack(data_dir)


def replayed(directory: Path, *arguments: str) -> list[dict[str, Any]]:
    done = luban("replay", *arguments, "--json", "--data-dir", str(directory))
    assert done.returncode == 0, done.stdout + done.stderr
    outcomes: list[dict[str, Any]] = json.loads(done.stdout)
    return outcomes


def test_every_topic_from_its_start_is_repeats_only(directory: Path) -> None:
    for outcome in replayed(directory, "--from-start"):
        assert (outcome["applied"], outcome["refused"], outcome["undecodable"]) == (0, [], 0)
        assert outcome["repeats"] > 15
    fsck = luban("fsck", "--data-dir", str(directory))
    assert fsck.returncode == 0, fsck.stdout


def test_registrations_read_state_is_made_anew_with_the_same_rows(directory: Path) -> None:
    (made,) = replayed(directory, "registration", "--rebuild")
    table = made["tables"]["prior_certificate"]
    assert table["rows_before"] == table["rows_after"] > 5
    assert table["checksum_before"] == table["checksum_after"]
    with psycopg.connect(Stack.read(directory).databases["registration"]) as connection:
        connection.execute("update prior_certificate set withdrawn_on = null, level = 5")
    (rehearsed,) = replayed(directory, "registration", "--rebuild", "--dry-run")
    assert rehearsed["tables"]["prior_certificate"]["checksum_before"] != table["checksum_after"]
    (mended,) = replayed(directory, "registration", "--rebuild")
    assert mended["tables"]["prior_certificate"]["checksum_after"] == table["checksum_after"]


def test_a_suspension_reaches_registration_and_its_read_state_made_anew(directory: Path) -> None:
    stack = Stack.read(directory)
    with psycopg.connect(stack.databases["certificate"]) as connection:
        valid = "select certificate_id from certificate where state = 'VALID' and kind = 'LEVEL' order by 1 limit 3"
        suspended, resumed, withdrawn = (each for (each,) in connection.execute(valid).fetchall())
    with Gateway(directory / "stack.json") as gateway:
        province = Offices(gateway, Random(1)).hire("province_staff").at("certificate")
        grounds = {"reason": "有人举报", "decision_ref": "核〔2026〕1号"}
        for certificate_id in (suspended, resumed, withdrawn):
            province.post(f"/v1/certificates/{certificate_id}/suspension", {**grounds, "reason_code": "report"})
        province.post(f"/v1/certificates/{resumed}/resumption", grounds)
        province.post(f"/v1/certificates/{withdrawn}/withdrawal", {**grounds, "reason_code": "misconduct"})

    def kept() -> list[tuple[bool, bool]]:
        with psycopg.connect(stack.databases["registration"]) as connection:
            query = "select withdrawn_on is not null, suspended_on is not null from prior_certificate"
            these = [suspended, resumed, withdrawn]
            return connection.execute(f"{query} where certificate_id = any(%s) order by 1, 2", (these,)).fetchall()

    due = [(False, False), (False, True), (True, False)]
    wait_for("registration to hear of it", lambda: kept() == due or None)
    replayed(directory, "registration", "--rebuild")
    assert kept() == due
    fsck = luban("fsck", "--data-dir", str(directory))
    assert fsck.returncode == 0, fsck.stdout


def test_what_cannot_be_made_from_events_is_refused_in_words(directory: Path) -> None:
    done = luban("replay", "exam", "--rebuild", "--data-dir", str(directory))
    assert done.returncode == 1
    assert "exam has no read state that follows from events alone" in " ".join(done.stderr.split())
