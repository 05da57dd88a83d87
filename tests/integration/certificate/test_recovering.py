"""A register that was restored from yesterday's backup is brought to today by its own topic and the exam's."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest
from google.protobuf.message import Message
from kafka import KafkaProducer
from psycopg import sql

from luban.certificate.bootstrap import check_register
from luban.certificate.domain.register import AppealOutcome
from luban.certificate.handlers.change import (
    AppealDecision,
    Correction,
    Reissue,
    correct_holder,
    decide_appeal,
    file_appeal,
    reissue,
)
from luban.certificate.handlers.suspend import Resumption, Suspension, resume, suspend
from luban.certificate.handlers.withdraw import Withdrawal, withdraw_by_decision
from luban.cli.broker import EmbeddedBroker
from luban.cli.topics import ensure_topics
from luban.contracts.catalogue import TOPICS
from luban.eventkit.consumer import Consumer
from luban.eventkit.envelope import partition_of
from luban.eventkit.ids import new_id
from luban.eventkit.relay import Relay
from luban.eventkit.uow import Cause
from luban.webkit.authentication import Principal, Role
from tests.embedded import DatabaseFactory, postgres_tool
from tests.integration.certificate.rig import Register, confirmed, corrected, level_plan, open_register
from tests.integration.certificate.test_starting import environment_of, refusal
from tests.integration.eventkit.rig import wait_until

REGISTER = (
    "select certificate_id, certificate_no, number_prefix, candidate_id, result_id, confirmation_no, entry_id, plan_id,"
    " track, kind, occupation_code, level, body_id, body_code, body_name, issued_on, state, withdrawn_on,"
    " withdrawal_reason, scores, name_hash, id_hash from certificate order by certificate_id"
)
JOURNAL = "select event_id, aggregate_id, aggregate_version, value from eventkit.journal order by event_id"


@dataclass
class Service:
    """The certificate service's kernel on a real broker, and the exam service's end of its topic."""

    register: Register
    producer: Any

    def tell(self, *payloads: Message) -> None:
        """The exam service's next events on its topic."""
        for payload in payloads:
            value = self.register.arrive(payload).value
            partition = partition_of(UUID(payload.result_id), 4)  # type: ignore[attr-defined]  # both payloads have it
            self.producer.send("luban.exam.v1", value, partition=partition).get(10)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Consumes and relays while the block runs, and until nothing waits."""
        stop = threading.Event()
        settings = self.register.settings
        loops = Consumer(self.register.consumer, self.register.units, settings), Relay("certificate", settings)
        threads = [threading.Thread(target=loop.run, args=(stop,)) for loop in loops]
        for thread in threads:
            thread.start()
        try:
            yield
            wait_until(lambda: self.register.rows("select 1 from eventkit.outbox") == [], "everything sent")
            wait_until(self._is_noted, "what was reached noted")
        finally:
            stop.set()
            for thread in threads:
                thread.join(30)

    def _is_noted(self) -> bool:
        sent = self.register.rows("select count(*) from eventkit.journal")
        noted = self.register.rows("select coalesce(sum(position), 0)::bigint from eventkit.acknowledged")
        return bool(sent == noted)

    def await_applied(self, events: int) -> None:
        """Until so many events were applied."""
        passed = "select coalesce(sum(version), 0)::int from eventkit.inbox"
        wait_until(lambda: self.register.rows(passed) == [(events,)], f"{events} events applied")


@pytest.fixture
def service(database: DatabaseFactory, own_broker: EmbeddedBroker, tmp_path: Path) -> Iterator[Service]:
    """An empty register on a fresh broker."""
    ensure_topics(own_broker.address, TOPICS, "embedded", 1)
    register = open_register(database, tmp_path)
    register.settings = register.settings.model_copy(update={"broker": own_broker.address})
    producer = KafkaProducer(bootstrap_servers=own_broker.address, enable_idempotence=False)
    yield Service(register, producer)
    producer.close()
    register.units.engine.dispose()


def back_up(register: Register, file: Path) -> None:
    """pg_dump, as an operator does it every night."""
    postgres_tool("pg_dump", "--format=custom", f"--file={file}", register.settings.database)


def lose_and_restore(register: Register, file: Path) -> None:
    """The database is gone, and comes back from a dump under its name."""
    address = urlsplit(register.settings.database)
    name = sql.Identifier(address.path[1:])
    register.units.engine.dispose()
    with psycopg.connect(address._replace(path="/postgres").geturl(), autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(name))
        connection.execute(sql.SQL("create database {} template template0").format(name))
    postgres_tool("pg_restore", "--exit-on-error", f"--dbname={register.settings.database}", str(file))


def run(service: Service, *arguments: str) -> tuple[int, str]:
    """`python -m luban.certificate …`: exit code and what it says, with its log when it failed."""
    done = subprocess.run(
        [sys.executable, "-m", "luban.certificate", *arguments],
        env=environment_of(service.register.settings, LUBAN_BROKER=service.register.settings.broker),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout if done.returncode == 0 else done.stdout + done.stderr


def decide_withdrawal(register: Register, certificate_id: UUID) -> None:
    command = Withdrawal(certificate_id, "false-papers", "材料不实", "鲁人社撤〔2026〕1号")
    register.units.run(Cause("0190a000-0000-7000-8000-00000000000c"), lambda uow: withdraw_by_decision(uow, command))


def test_a_register_of_yesterday_is_brought_to_today(service: Service, tmp_path: Path) -> None:
    register, plan, result, again = service.register, level_plan(), new_id(), new_id()
    with service.at_work():
        service.tell(confirmed(plan), confirmed(plan), confirmed(plan, result_id=result))
        service.await_applied(3)
    back_up(register, tmp_path / "yesterday.dump")
    ((old,),) = register.rows("select certificate_id from certificate where result_id = %s", (result,))
    with service.at_work():
        service.tell(confirmed(plan), confirmed(level_plan("Y000037000123")), confirmed(plan, result_id=again))
        service.await_applied(6)
        decide_withdrawal(register, old)
        service.tell(corrected(str(again), passed=False))
        service.await_applied(7)
        service.tell(confirmed(plan, result_id=again, number=2), corrected(str(again), passed=True, number=2))
        service.await_applied(9)
    today, told = register.rows(REGISTER), register.rows(JOURNAL)
    counters = register.rows("select prefix, last from counter order by prefix")
    entries = "select certificate_id, version, change, actor, reason_code from register_entry order by 1, 2"
    changes = register.rows(entries)

    lose_and_restore(register, tmp_path / "yesterday.dump")
    assert len(register.rows(REGISTER)) == 3
    code, lacking = run(service, "recover", "--dry-run")
    assert code == 1
    assert "lacks 6 events" in lacking
    assert ": 4 CertificateIssued, 2 CertificateWithdrawn\n" in lacking
    code, said = run(service, "recover")
    assert code == 0, said
    assert said.splitlines()[0] == lacking.splitlines()[0]
    assert said.endswith("the journal has everything that stands on its topic\n")
    with service.at_work():
        service.await_applied(9)
    assert register.rows(REGISTER) == today
    assert register.rows(JOURNAL) == told
    assert register.rows("select prefix, last from counter order by prefix") == counters
    known = {row[:4] for row in register.rows(entries)}
    assert {row[:4] for row in changes} <= known
    assert run(service, "recover") == (
        0,
        "the journal lacks nothing\nthe journal has everything that stands on its topic\n",
    )
    check_register(register.units)
    with service.at_work():
        service.tell(confirmed(plan))
        service.await_applied(10)
    assert len(register.numbers()) == len(set(register.numbers())) == len(today) + 1


def test_a_register_of_yesterday_issues_nothing_by_itself(service: Service, tmp_path: Path) -> None:
    register, plan = service.register, level_plan()
    with service.at_work():
        service.tell(confirmed(plan))
        service.await_applied(1)
    back_up(register, tmp_path / "yesterday.dump")
    with service.at_work():
        service.tell(confirmed(plan), confirmed(plan))
        service.await_applied(3)
    lose_and_restore(register, tmp_path / "yesterday.dump")
    environment = environment_of(register.settings, LUBAN_BROKER=register.settings.broker)
    assert "restored from the past: its journal lacks 2 events" in refusal("worker", environment)
    assert len(register.numbers()) == 1
    for command in ("api", "worker"):
        assert "cannot start: this database was restored from the past" in refusal(command, environment)


def test_a_certificate_whose_reason_is_gone_is_not_made_up(service: Service, tmp_path: Path) -> None:
    register = service.register
    back_up(register, tmp_path / "yesterday.dump")
    with service.at_work():
        service.tell(confirmed(level_plan()))
        service.await_applied(1)
    applied = register.rows("select partition, position from eventkit.consumer_offset")
    lose_and_restore(register, tmp_path / "yesterday.dump")
    with register.units.begin(Cause("test")) as uow:
        for partition, position in applied:
            uow.sql(
                "insert into eventkit.consumer_offset values ('certificate', 'luban.exam.v1', %s, %s, %s)",
                (partition, _life(register), position),
            )
    code, said = run(service, "recover")
    assert code == 1
    assert "rests on a confirmation that this service has neither read nor can read again" in said
    assert register.numbers() == []
    assert register.rows("select 1 from eventkit.journal") == []


def _life(register: Register) -> str:
    """The topic's incarnation."""
    relay = Relay("certificate", register.settings)
    try:
        return relay._incarnations.refresh()["luban.exam.v1"]
    finally:
        relay._incarnations.close()


def test_what_people_decided_since_is_made_anew_from_its_events(service: Service, tmp_path: Path) -> None:
    register, holder = service.register, Principal(UUID(int=5), frozenset({Role.PROVINCE_STAFF}))
    with service.at_work():
        service.tell(confirmed(level_plan()))
        service.await_applied(1)
    back_up(register, tmp_path / "yesterday.dump")
    ((certificate_id,),) = register.rows("select certificate_id from certificate")
    one, other = Cause(str(UUID(int=1))), Cause(str(UUID(int=2)))
    suspension = Suspension(certificate_id, "report", "有人举报", "核〔2026〕1号")
    correction = Correction(certificate_id, "张晓三", None, None, "户籍证明", "登记有误")
    with service.at_work():
        register.units.run(one, lambda uow: correct_holder(uow, correction))
        register.units.run(one, lambda uow: reissue(uow, holder, Reissue(certificate_id, "SD26000001", "补发", "遗失")))
        register.units.run(one, lambda uow: suspend(uow, suspension))
        decide_withdrawal(register, certificate_id)
        appeal = register.units.run(one, lambda uow: file_appeal(uow, holder, certificate_id, "本人未作弊"))
        granted = AppealDecision(appeal.appeal_id, AppealOutcome.GRANTED, "经复核", "复〔2026〕1号")
        register.units.run(other, lambda uow: decide_appeal(uow, granted))
        register.units.run(one, lambda uow: suspend(uow, suspension))
        register.units.run(one, lambda uow: resume(uow, Resumption(certificate_id, "查无实据", "核〔2026〕2号")))
        register.units.run(one, lambda uow: suspend(uow, suspension))
    stands = "select state, withdrawn_on, suspended_on, suspension_reason, print_serial, name_hash from certificate"
    today = register.rows(stands)
    lose_and_restore(register, tmp_path / "yesterday.dump")
    assert register.rows(stands) != today
    code, said = run(service, "recover")
    assert code == 0, said
    assert register.rows(stands) == today
    changes = register.rows("select change from register_entry order by version")
    assert [change for (change,) in changes] == [
        "ISSUED",
        "CORRECTED",
        "REISSUED",
        "SUSPENDED",
        "WITHDRAWN",
        "REINSTATED",
        "SUSPENDED",
        "RESUMED",
        "SUSPENDED",
    ]
    with register.units.read(Cause("test")) as uow:
        ((sealed,),) = uow.sql("select personal from certificate").fetchall()
        assert uow.keyring.open_column(sealed, certificate_id).name == "张晓三"
