"""A process that must not start says why, as one JSON line, and with what to do."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from luban.eventkit.settings import Settings
from luban.webkit.program import SPOKEN
from tests.integration.certificate.rig import Register, confirmed, level_plan
from tests.proof_keys import proof_keys

SECRET = "a-password-nobody-may-see"


def environment_of(settings: Settings, **changes: str) -> dict[str, str]:
    """What a process of the service is told."""
    told = {
        "LUBAN_DATABASE": settings.database,
        "LUBAN_BROKER": "127.0.0.1:1",
        "LUBAN_KEYRING": str(settings.keyring),
        "LUBAN_OIDC_ISSUER": "urn:test",
        "LUBAN_OIDC_JWKS": "none",
        "LUBAN_PROOF_KEYS": str(proof_keys()),
        "LUBAN_KEY_PASSPHRASE_FILE": str(proof_keys() / "passphrase"),
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LUBAN_", "OTEL_"))}
    return {**inherited, **told, **changes}


def refusal(command: str, environment: dict[str, str]) -> str:
    """The one thing that a process says which does not start."""
    done = subprocess.run(
        [sys.executable, "-m", "luban.certificate", command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done
    log, nothing = (done.stderr, done.stdout) if command in SPOKEN else (done.stdout, done.stderr)
    assert not nothing
    lines: list[dict[str, Any]] = [json.loads(line) for line in log.splitlines()]
    (said,) = (line for line in lines if line["level"] == "ERROR" and line["logger"].startswith("luban"))
    assert (said["service"], said["process"]) == ("certificate", command)
    return str(said["message"])


def without_this_year(ring: Path) -> None:
    kept = json.loads(ring.read_text())
    kept["keys"] = {name: key for name, key in kept["keys"].items() if name.endswith("-2024")}
    ring.write_text(json.dumps(kept))


def damaged(ring: Path) -> None:
    ring.write_bytes(ring.read_bytes()[:-20])


@pytest.mark.parametrize("command", ["api", "worker", "replay"])
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (Path.unlink, "cannot be read (No such file or directory). LUBAN_KEYRING names the file"),
        (damaged, "is damaged (JSONDecodeError)"),
        (without_this_year, "the key ring has no key access-20"),
    ],
)
def test_no_usable_key_ring(register: Register, command: str, change: Callable[[Path], None], why: str) -> None:
    change(register.settings.keyring)
    said = refusal(command, environment_of(register.settings))
    assert said.startswith("cannot start: ")
    assert why in said
    assert "backup" in said or "luban keys" in said


@pytest.mark.parametrize("command", ["worker", "replay"])
def test_counters_behind_the_register(register: Register, command: str) -> None:
    plan = level_plan()
    register.issue(*(confirmed(plan) for _ in range(3)))
    with psycopg.connect(register.settings.database) as connection:
        connection.execute("update counter set last = 1")
    said = refusal(command, environment_of(register.settings))
    assert "1 number counters stand behind the register (S000037000072263 counted 1, register has 3)" in said
    assert "restore the whole database" in said


def test_a_setting_that_is_missing_is_named_and_none_is_shown(register: Register) -> None:
    environment = environment_of(register.settings, LUBAN_DATABASE=f"postgresql://luban:{SECRET}@nowhere/none")
    del environment["LUBAN_BROKER"]
    said = refusal("worker", environment)
    assert said == "cannot start: LUBAN_BROKER: Field required"


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("OTEL_TRACES_EXPORTER", "jaeger", "set it to otlp or none"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "only http/protobuf is supported"),
    ],
)
def test_traces_that_cannot_be_sent(register: Register, variable: str, value: str, why: str) -> None:
    changes = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", variable: value}
    assert why in refusal("worker", environment_of(register.settings, **changes))
