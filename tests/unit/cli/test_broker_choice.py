"""Which broker a stack runs or uses, from what its starter says."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from luban.cli.brokers import choose
from luban.cli.main import app
from luban.cli.stack import ENGINE_VARIABLE, Options, StackError


@pytest.fixture(autouse=True)
def _nobody_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENGINE_VARIABLE, raising=False)


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        (None, ("embedded", None)),
        ("embedded", ("embedded", None)),
        ("apache", ("apache", None)),
        ("kafka:9092", ("embedded", "kafka:9092")),
        ("10.0.0.1:9092,10.0.0.2:9092,kafka-3:9092", ("embedded", "10.0.0.1:9092,10.0.0.2:9092,kafka-3:9092")),
    ],
)
def test_an_engine_or_addresses_are_understood(said: str | None, chosen: tuple[str, str | None]) -> None:
    assert choose(said) == chosen


@pytest.mark.parametrize("said", ["", "kafka", "Apache", "kafka:", ":9092", "kafka:9092,", "kafka:9092 other:9092"])
def test_anything_else_is_refused_with_what_there_is(said: str) -> None:
    with pytest.raises(StackError, match="none of: embedded, apache"):
        choose(said)


def test_the_environment_says_it_where_nobody_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENGINE_VARIABLE, "apache")
    assert choose(None) == ("apache", None)
    assert Options(Path("/nowhere")).engine == "apache"
    assert Options(Path("/nowhere")).profile == "production"
    assert choose("embedded") == ("embedded", None)


def test_an_engine_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENGINE_VARIABLE, "redpanda")
    with pytest.raises(StackError, match="there are embedded, apache"):
        Options(Path("/nowhere"))


@pytest.mark.parametrize("arguments", [["--broker", "kafka:9092"], ["--broker", "apache", "--stack", "stack.json"]])
def test_the_demo_runs_only_brokers_of_its_own(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["demo", *arguments])
    assert result.exit_code == 1
    assert "--stack" in result.stderr


def test_only_topics_with_a_journal_are_made_anew(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["topics", "--broker", "127.0.0.1:1", "--renew", "luban.exam.v1.dlq"])
    assert result.exit_code == 1
    assert "no journal could fill it; there are luban.registration.v1" in result.stderr
