"""The source keeps its own rules, and each rule can tell when it is broken."""

from pathlib import Path

import pytest

from tests.contract.source_rules import check, findings

ROOT = Path(__file__).resolve().parents[2]
HANDLER = "services/exam/src/luban/exam/handlers/guilty.py"
ADAPTER = "services/exam/src/luban/exam/adapters/guilty.py"
DOMAIN = "services/exam/src/luban/exam/domain/guilty.py"
REFERENCE = "libs/reference/src/luban/reference/guilty.py"
KERNEL = "libs/eventkit/src/luban/eventkit/guilty.py"
COMMAND_LINE = "cli/src/luban/cli/guilty.py"


def test_the_source_keeps_its_rules() -> None:
    found = findings(ROOT)
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (HANDLER, "session.commit()"),
        (HANDLER, "uow.session.rollback()"),
        (ADAPTER, "connection.commit()"),
        (ADAPTER, "connection.execute('COMMIT')"),
        (ADAPTER, "uow.sql('rollback to savepoint a')"),
        (KERNEL, "connection.commit()"),
        (COMMAND_LINE, "connection.commit()"),
    ],
)
def test_a_commit_outside_the_unit_of_work_is_found(path: str, source: str) -> None:
    assert "only a unit of work ends a transaction" in the_only(check(path, source))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (DOMAIN, "day = datetime.now(UTC)"),
        (DOMAIN, "day = datetime.datetime.utcnow()"),
        (HANDLER, "day = date.today()"),
        (ADAPTER, "stamp = func.now()"),
        (REFERENCE, "stamp = time.time()"),
        (REFERENCE, "from time import time_ns"),
        (KERNEL, "at = datetime.now(tz=UTC)"),
    ],
)
def test_a_clock_outside_the_unit_of_work_is_found(path: str, source: str) -> None:
    assert "the time comes from uow.now()" in check(path, source)[0]


def test_a_handler_measures_no_time_and_the_kernel_may() -> None:
    assert "measure no time" in the_only(check(HANDLER, "begin = time.monotonic()"))
    assert check(KERNEL, "begin = time.monotonic()") == []
    assert check(COMMAND_LINE, "now = datetime.now(UTC)") == []


@pytest.mark.parametrize(
    "source",
    [
        "Q = 'update plan set closed_at = now() where id = %s'",
        "Q = f'insert into plan values ({x}, current_date)'",
        "Q = 'select clock_timestamp()'",
        "column = Column(server_default=text('now()'))",
    ],
)
def test_sql_with_a_clock_of_its_own_is_found(source: str) -> None:
    assert "eventkit.now()" in the_only(check(ADAPTER, source))
    assert check(ADAPTER, "Q = 'select eventkit.now()'") == []


@pytest.mark.parametrize("source", ["from kafka import KafkaProducer", "import kafka\np = kafka.KafkaProducer()"])
def test_a_producer_outside_the_relay_is_found(source: str) -> None:
    assert "only luban.eventkit.relay sends" in the_only(check(KERNEL, source))


@pytest.mark.parametrize(
    "source",
    [
        "import sqlmodel",
        "from luban.exam.adapters import plans",
        "from luban.eventkit.uow import UnitOfWork",
        "from luban.certificate.domain import numbers",
        "from ..adapters import plans",
        "from pathlib import Path",
        "import os",
        "from uuid import uuid4",
        "text = open('a.txt')",
    ],
)
def test_a_domain_that_reaches_out_is_found(source: str) -> None:
    assert "domain" in the_only(check(DOMAIN, source))


def test_a_domain_may_use_the_standard_library_the_reference_and_itself() -> None:
    source = "from uuid import UUID\nfrom luban.reference.levels import Level\nfrom . import papers\nimport re"
    assert check(DOMAIN, source + "\nfrom luban.exam.domain import items") == []


@pytest.mark.parametrize(
    "source",
    [
        "try: f()\nexcept Exception: pass",
        "try: f()\nexcept: ...",
        "try: f()\nexcept (ValueError, Exception): return_ = 1\nelse: pass\ntry: f()\nexcept BaseException: pass",
        "for x in y:\n  try: f()\n  except Exception: continue",
        "def f():\n  try: g()\n  except Exception: return None",
        "with contextlib.suppress(Exception): f()",
        "with suppress(BaseException): f()",
    ],
)
def test_a_swallowed_error_is_found(source: str) -> None:
    assert "an error is swallowed" in the_only(check(HANDLER, source))


def test_an_error_that_is_named_or_told_is_not_swallowed() -> None:
    assert check(HANDLER, "try: f()\nexcept KeyError: pass") == []
    assert check(HANDLER, "try: f()\nexcept Exception: log.exception('f')") == []


def test_a_finding_names_file_and_line() -> None:
    assert the_only(check(HANDLER, "x = 1\n\nsession.commit()")).startswith(f"{HANDLER}:3: ")


def the_only(found: list[str]) -> str:
    """The one finding there is."""
    assert len(found) == 1, found
    return found[0]
