"""What a service is told, what a data directory remembers, and what the command line refuses."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from luban.cli.main import app
from luban.cli.stack import Issuer, Options, Service, Stack, StackError
from tests.unit.cli.stacks import a_stack


def test_a_service_is_told_its_own_database_and_address_only() -> None:
    environment = a_stack().environment("certificate")
    assert environment["LUBAN_DATABASE"] == "postgresql://luban_certificate:pw@127.0.0.1:5432/luban_certificate"
    assert (environment["LUBAN_HTTP_HOST"], environment["LUBAN_HTTP_PORT"]) == ("127.0.0.1", "8003")
    assert environment["LUBAN_DEMO"] == "1"


def test_only_the_certificate_service_signs() -> None:
    databases = {"certificate": "postgresql://c", "exam": "postgresql://e"}
    stack = a_stack(databases=databases)
    assert stack.environment("certificate")["LUBAN_PROOF_KEYS"] == "/nowhere/keys/proofs"
    assert "LUBAN_PROOF_KEYS" not in stack.environment("exam")


def test_options_are_read_as_they_were_written(tmp_path: Path) -> None:
    options = Options(
        data_dir=tmp_path,
        services=(Service("exam", ("python", "-m", "luban.exam")),),
        demo=True,
        broker="kafka:9092",
        profile="production",
        replication=3,
        issuer=Issuer("https://id.example.cn", "luban", "https://id.example.cn/jwks"),
        stack_copy=tmp_path / "copy.json",
    )
    options.write()
    assert Options.read(tmp_path) == options


def test_a_directory_without_a_stack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="there is no stack at"):
        Stack.read(tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["topics"],
        ["replay"],
        ["clock", "show"],
        ["clock", "advance", "--days", "1"],
        ["token", "--role", "candidate", "--subject", "0193f0c8-0000-7000-8000-000000000001"],
    ],
)
def test_commands_without_a_stack_say_how_to_start_one(arguments: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*arguments, "--data-dir", str(tmp_path / "none")])
    assert result.exit_code == 1
    assert "luban up" in result.stderr


def test_down_without_a_stack_is_no_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["down", "--json", "--data-dir", str(tmp_path / "none")])
    assert (result.exit_code, '"stopped": false' in result.stdout) == (0, True)


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ([], "exactly one"),
        (["--days", "1", "--working-days", "1"], "exactly one"),
        (["--to", "tomorrow"], "no ISO 8601 instant"),
        (["--working-days", "0"], "counts from 1"),
    ],
)
def test_a_clock_move_names_exactly_one_target(choice: list[str], reason: str, tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text(json.dumps(a_stack().as_json()))
    result = CliRunner().invoke(app, ["clock", "advance", *choice, "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert reason in result.stderr
