"""The runbook's commands work as printed, on a stack that has what they are for."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
import yaml
from kafka import KafkaProducer

from luban.cli.demo.gateway import Gateway
from luban.cli.launch import start_stack, stop_stack
from luban.cli.processes import wait_until
from luban.cli.stack import Options, Stack, prepare_directory, stack_file
from luban.cli.tokens import issue_token
from luban.cli.verify import Trust, verify_file
from tests.embedded import private_directory
from tests.enterprise import Enterprise, begin

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
ALERTS = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
SECONDS = 300


def sections(of: str) -> dict[str, list[str]]:
    """The bash blocks below each heading of a chapter, in order."""
    chapter = re.search(rf"^## {of}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert chapter, of
    parts = re.split(r"^### (.+)$", chapter[1], flags=re.MULTILINE)
    found = {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}
    return {title: re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL) for title, text in found.items()}


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A directory that looks like the checkout, with a stack in it that has worked, and a letter nobody can read."""
    with private_directory() as directory:
        for name in (".venv", "data"):
            (directory / name).symlink_to(ROOT / name)
        (directory / "deploy/prometheus/targets").mkdir(parents=True)
        data_dir = prepare_directory(directory / ".luban")
        stack = start_stack(Options(data_dir, demo=True), seconds=240)
        try:
            with Gateway(stack_file(data_dir)) as gateway:
                begin(gateway)
                Enterprise(gateway).cycle(workers=2)
            plant_letter(stack)
            yield directory
        finally:
            end_receiver(directory)
            stop_stack(data_dir)


def plant_letter(stack: Stack) -> None:
    """Something on a topic that is no event."""
    producer = KafkaProducer(bootstrap_servers=stack.broker, enable_idempotence=False)
    producer.send("luban.registration.v1", b"\xffno event", partition=0).get(10)
    producer.close()
    assert wait_until(lambda: open_letters(stack) == 1, 60)


def open_letters(stack: Stack) -> int:
    with psycopg.connect(stack.databases["exam"]) as connection:
        row = connection.execute("select count(*) from eventkit.dead_letter where replayed_at is null").fetchone()
    assert row is not None
    return int(row[0])


def register(stack: Stack) -> list[Any]:
    with psycopg.connect(stack.databases["certificate"]) as connection:
        return connection.execute("select certificate_id, certificate_no, state from certificate order by 1").fetchall()


def end_receiver(directory: Path) -> None:
    """What the backup's chapter leaves running."""
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((directory / "backup/receiver.pid").read_text()), signal.SIGTERM)


def run(directory: Path, blocks: list[str], **variables: str) -> None:
    """Blocks of one section, in one shell."""
    script = "set -eu\n" + "\n".join(blocks)  # no pipefail: a grep in a log that finds nothing is no failure
    with (directory / "said.txt").open("wb") as said:  # not a pipe: what runs in the background would keep it open
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=directory,
            env={**os.environ, "COLUMNS": "200", "PAGER": "cat", **variables},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 0, script + (directory / "said.txt").read_text(errors="replace")[-3000:]


def addresses(directory: Path) -> dict[str, str]:
    """What the chapter on looking has put into the shell."""
    stack = Stack.read(directory / ".luban")
    apis = {service.upper(): url for service, url in stack.urls.items()}
    return apis | {f"{service.upper()}_WORKER": stack.monitoring[f"{service}.worker"] for service in stack.urls}


def test_every_alarm_has_a_section_and_every_section_an_alarm() -> None:
    named = [rule["alert"] for rule in ALERTS]
    assert list(sections("Alarms"))[1:] == named
    for rule in ALERTS:
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("page", "ticket")
    text = TEXT.split("\n## Alarms")[1].split("\n## ")[0]
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        assert "*Means:*" in section, section[:40]
        assert "*Do:*" in section, section[:40]


def test_looking(place: Path) -> None:
    run(place, sections("Looking")[""])
    assert '"process": "worker"' in (place / "deploy/prometheus/targets/luban.json").read_text()


@pytest.mark.parametrize("alarm", [rule["alert"] for rule in ALERTS])
def test_an_alarms_commands(place: Path, alarm: str) -> None:
    run(place, sections("Alarms")[alarm], **addresses(place))
    assert alarm != "LubanDeadLetters" or open_letters(Stack.read(place / ".luban")) == 0


def proof_keys(place: Path) -> list[dict[str, Any]]:
    said = subprocess.run(
        [place / ".venv/bin/luban", "keys", "proof", "show", "--json"],
        cwd=place,
        capture_output=True,
        check=True,
        timeout=SECONDS,
    )
    found: list[dict[str, Any]] = json.loads(said.stdout)["keys"]
    return found


def states(place: Path, purpose: str) -> list[str]:
    """Of a purpose's keys, newest first."""
    return [key["state"] for key in proof_keys(place) if key["purpose"] == purpose]


def print_a_paper(stack: Stack) -> bytes:
    """Of the first certificate, by the province."""
    (certificate_id, *_), *_ = register(stack)
    token = issue_token(stack, roles=["province_staff"], subject=uuid4())
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{stack.urls['certificate']}/v1/certificates/{certificate_id}/paper"
    answer = httpx.get(url, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.content


def reason(place: Path, paper: bytes) -> str:
    """Why `luban verify` refuses a paper by the keys of .luban/trust.json; empty where it does not."""
    finding = Trust.read(place / ".luban/trust.json")
    (place / "paper.pdf").write_bytes(paper)
    found = verify_file(place / "paper.pdf", finding, datetime.now(UTC), {})
    return "" if found.holds else " ".join(en for _, en in found.reasons)


def test_keys_are_rotated_compromised_and_lost(place: Path) -> None:
    """In one go: each section works on the keys that the one before left."""
    chapter, stack = sections("Keys"), Stack.read(place / ".luban")
    run(place, chapter[""])
    first = print_a_paper(stack)
    run(place, chapter["Rotation"])
    assert states(place, "log") == states(place, "answers") == ["current", "rotated"]
    second = print_a_paper(stack)
    assert [reason(place, each) for each in (first, second)] == ["", ""]
    key = next(key for key in proof_keys(place) if key["purpose"] == "credentials" and key["state"] == "current")
    run(place, chapter["A key is compromised"], KEY=key["key"][:10], SINCE=key["from"])
    compromised = next(each for each in proof_keys(place) if each["key"] == key["key"])
    assert compromised["certificates"] == {"taken_up": 1, "waiting": 0, "before": 0}
    third = print_a_paper(stack)
    assert reason(place, first) == reason(place, third) == ""
    assert "compromised" in reason(place, second)
    with psycopg.connect(stack.databases["certificate"]) as connection:
        renewed = connection.execute("select count(*) from register_entry where change = 'SIGNED_ANEW'").fetchone()
    assert renewed == (1,)
    proofs = place / ".luban/keys/proofs"
    for lost in (*(proofs / "credentials").iterdir(), *(proofs / "vc-api").glob("*.pem")):
        lost.unlink()
    run(place, chapter["Keys are lost"])
    assert states(place, "credentials") == ["current", "lost", "compromised", "rotated"]
    assert states(place, "vc-api") == ["current", "lost", "rotated"]
    assert [reason(place, each) for each in (first, third)] == ["", ""]
    fourth = print_a_paper(stack)
    assert "not at hand" in reason(place, fourth)
    run(place, ['.venv/bin/luban trust "$CERTIFICATE" --out .luban/trust.json'], **addresses(place))
    assert reason(place, fourth) == ""


def test_backup_and_every_way_back(place: Path) -> None:
    """In one go, as the chapter goes: what is lost is lost between its sections."""
    chapter, stack = sections("Backup and restore"), Stack.read(place / ".luban")
    before = register(stack)
    assert before
    run(place, chapter["Backup"], **addresses(place))
    with psycopg.connect(stack.admin_database, autocommit=True) as connection:
        row = connection.execute("select clock_timestamp()").fetchone()
        assert row is not None
        connection.execute("drop database luban_exam with (force)")
    run(place, chapter["One database is lost"], UNTIL=row[0].isoformat())
    with psycopg.connect(stack.admin_database, autocommit=True) as connection:
        connection.execute("drop database luban_certificate with (force)")
    run(place, chapter["The register, by the topics"])
    assert register(stack) == before
    run(place, chapter["The whole server is lost"])
    assert register(stack) == before
