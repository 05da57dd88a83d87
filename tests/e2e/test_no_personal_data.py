"""After a whole cycle no name, number or telephone stands anywhere but sealed: not in logs, topics, metrics, databases.

First the search itself is shown to find what is planted, in every form.
"""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaProducer

from luban.cli.demo.people import make_people, misspelt
from luban.cli.launch import start_stack, stop_stack
from luban.cli.processes import wait_until
from luban.cli.stack import Options, Stack, prepare_directory, stack_file
from luban.reference.track import Track
from tests.e2e.leaks import FORMS, Search, in_databases, in_files, in_metrics, in_topics

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]
CANDIDATES, SEED = 30, 11
NAME, ID_NO, PHONE = "测试甲乙", "370102199003079010", "13800000000"
NOT_OURS = {"postgres", "broker"}
"""Logs in the words of programs that are not ours."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that the demo has run on, stopped when its tests are over."""
    directory = prepare_directory(tmp_path_factory.mktemp("leaks") / "stack")
    for parent in (directory.parent, directory.parent.parent, directory.parent.parent.parent):
        parent.chmod(parent.stat().st_mode | 0o011)
    options = Options(directory, demo=True)
    start_stack(options, seconds=240)
    try:
        command = [sys.executable, "-m", "luban.cli.main", "demo", "--stack", str(stack_file(directory))]
        command += ["--candidates", str(CANDIDATES), "--seed", str(SEED), "--json", str(directory / "demo.json")]
        with (directory / "demo.txt").open("wb") as said:
            subprocess.run(command, cwd=ROOT, check=True, stdout=said, stderr=subprocess.STDOUT, timeout=420)
        (directory / "demo.txt").unlink()
        (directory / "demo.json").unlink()
        yield Stack.read(directory)
    finally:
        stop_stack(directory)


@pytest.fixture(scope="module")
def search() -> Search:
    """For everything personal that the demo's people are."""
    people = [person for track in Track for person in make_people(track, CANDIDATES, SEED)]
    texts = {text for each in people for text in (each.name, each.id_no, each.typed_id, each.phone, each.mistyped_id)}
    return Search(texts | {misspelt(each) for each in people if len(each.name) > 2})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", [NAME, ID_NO, PHONE])
def test_the_search_finds_every_form(form: str, text: str) -> None:
    for written in FORMS[form](text):
        for around in (b"%s", b'{"a":"%s"}', b"\x00\xff%s\x00"):
            assert list(Search([text])("here", around % written)), (form, text)


@pytest.mark.parametrize("shift", range(3))
def test_the_search_finds_a_text_inside_any_base64(shift: int) -> None:
    whole = base64.b64encode(b"x" * shift + ID_NO.encode() + b"and more")
    assert list(Search([ID_NO])("here", whole))
    assert not list(Search([ID_NO])("here", base64.b64encode(os.urandom(100_000))))


def test_the_search_finds_what_is_planted(stack: Stack) -> None:
    planted = Search([ID_NO, NAME])
    log = Path(stack.data_dir) / "logs" / "exam.api.log"
    size = log.stat().st_size
    with log.open("ab") as file:
        file.write(json.dumps({"name": NAME}).encode() + b"\n")
    assert {what for _, what in in_files(planted, log.parent)} == {NAME}
    os.truncate(log, size)
    producer = KafkaProducer(bootstrap_servers=stack.broker, enable_idempotence=False)
    producer.send("luban.exam.v1.dlq", b"", headers=[("why", ID_NO.encode())], partition=0).get(10)
    producer.close()
    assert {what for _, what in in_topics(planted, stack.broker)} == {ID_NO}
    with psycopg.connect(stack.databases["exam"]) as connection:
        connection.execute("create table planted (what bytea)")
        connection.execute("insert into planted values (%s)", (NAME.encode("utf-16-le"),))
    found = set(in_databases(planted, stack))
    assert found == {(f"exam public.planted ({form})", NAME) for form in ("text", "binary")}
    with psycopg.connect(stack.databases["exam"]) as connection:
        connection.execute("drop table planted")


def test_no_log_names_anybody(stack: Stack, search: Search) -> None:
    found = list(in_files(search, Path(stack.data_dir) / "logs"))
    assert not found, found[:5]


def test_no_record_of_any_topic_names_anybody(stack: Stack, search: Search) -> None:
    found = list(in_topics(search, stack.broker))
    assert not found, found[:5]


def test_no_metric_names_anybody(stack: Stack, search: Search) -> None:
    found = list(in_metrics(search, stack))
    assert not found, found[:5]


def test_no_column_of_any_database_names_anybody(stack: Stack, search: Search) -> None:
    found = list(in_databases(search, stack))
    assert not found, found[:5]


def test_nothing_but_json_stands_in_our_logs(stack: Stack) -> None:
    for path in (Path(stack.data_dir) / "logs").glob("*.log"):
        if path.stem not in NOT_OURS:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                said = json.loads(line) if line.startswith("{") else None
                assert said, f"{path.name}:{number}: {line[:200]}"
                assert {"at", "level", "service", "process", "message"} <= said.keys()
                assert "thread" in said or not path.stem.endswith(".worker"), "a loop is named by its thread"


def test_database_files_and_wal_name_nobody_either(stack: Stack, search: Search) -> None:
    with psycopg.connect(stack.admin_database, autocommit=True) as connection:
        connection.execute("checkpoint")
    cluster = Path(stack.data_dir) / "postgres" / "cluster"
    assert wait_until(lambda: any((cluster / "base").iterdir()), 10)
    found = [each for each in in_files(search, cluster) if not re.search(r"pg_wal/archive_status", each[0])]
    assert not found, found[:5]
