"""Java and Maven as they are found: right ones are used, others refused with what to do."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from luban.cli.apache import java_program, kafka_jars
from luban.cli.processes import ProcessError
from tests.servers import Servers

MAVEN = 'for each; do case $each in -DoutputDirectory=*) out="${each#*=}";; esac; done'
"""A program that finds out, like Maven, where it shall put the jars."""
MKDIR = shutil.which("mkdir")


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """An empty directory that is the whole PATH, and an empty cache."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "bin").mkdir()
    java_program.cache_clear()
    yield tmp_path / "bin"
    java_program.cache_clear()


def put(directory: Path, name: str, script: str) -> None:
    """A program of that name."""
    program = directory / name
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o700)


def test_no_java_is_said(path: Path) -> None:
    with pytest.raises(ProcessError, match="needs Java 17 or newer, and there is none on the PATH: install"):
        java_program()


@pytest.mark.parametrize(("version", "said"), [("1.8.0_392", "is 8"), ("11.0.22", "is 11"), ("16", "is 16")])
def test_an_old_java_is_refused(path: Path, version: str, said: str) -> None:
    put(path, "java", f"""echo 'openjdk version "{version}" 2024-01-16' >&2""")
    with pytest.raises(ProcessError, match=f"needs Java 17 or newer, and .*java {said}: install"):
        java_program()


def test_a_stub_that_runs_no_java_is_refused(path: Path) -> None:
    put(path, "java", "echo 'Unable to locate a Java Runtime.' >&2; exit 1")
    with pytest.raises(ProcessError, match="is no Java that runs"):
        java_program()


def test_java_home_comes_first(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put(path, "java", "exit 1")
    (tmp_path / "jdk" / "bin").mkdir(parents=True)
    put(tmp_path / "jdk" / "bin", "java", """echo 'openjdk version "21.0.2" 2024-01-16' >&2""")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert java_program() == str(tmp_path / "jdk" / "bin" / "java")


def test_no_maven_is_said(path: Path) -> None:
    with pytest.raises(ProcessError, match="fetched with Maven, and there is no mvn on the PATH"):
        kafka_jars()


def test_what_maven_says_of_a_failure_is_passed_on(path: Path) -> None:
    put(path, "mvn", "echo '[ERROR] Could not transfer artifact'; exit 1")
    with pytest.raises(ProcessError, match=r"Maven cannot fetch Apache Kafka.*\n.*Could not transfer artifact"):
        kafka_jars()


def test_other_jars_than_the_known_are_refused_and_not_kept(path: Path) -> None:
    put(path, "mvn", f'{MAVEN}; {MKDIR} -p "$out"; echo bad >"$out/kafka-clients-4.3.1.jar"')
    for _ in range(2):
        with pytest.raises(ProcessError, match=r"none is used: .*kafka-clients-4\.3\.1\.jar"):
            kafka_jars()


def test_many_who_ask_at_once_fetch_once(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if servers.engine != "apache":
        pytest.skip("Apache Kafka was not asked for: LUBAN_UP_BROKER=apache runs this")
    real, asked = kafka_jars(), tmp_path / "asked"
    put(tmp_path, "mvn", f'{MAVEN}; echo once >>{asked}; cp -r {real} "$out"')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as processes:
        (found,) = {each.result() for each in [processes.submit(kafka_jars) for _ in range(4)]}
    assert asked.read_text() == "once\n"
    assert sorted(path.name for path in found.iterdir()) == sorted(path.name for path in real.iterdir())
