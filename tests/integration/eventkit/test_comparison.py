"""A journal that is not the one its topic tells of records nothing and sends nothing."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import psycopg
import pytest
from kafka import KafkaProducer
from psycopg import sql

from luban.cli.broker import EmbeddedBroker
from luban.eventkit.comparison import ACCEPTS, JournalBehindError, refuse_if_behind
from luban.eventkit.ids import new_id
from luban.eventkit.recovery import Recovery, RecoveryError, summary, take_back
from luban.eventkit.uow import Cause, UnitsOfWork, connect
from tests.integration.eventkit.rig import Rig, wait_until

ANOTHER_LIFE = "update eventkit.comparison set life = 'of a server that was started before'"


def send_all(rig: Rig) -> None:
    """Runs the producing side's relay until nothing waits, and what it reached is noted."""
    with rig.running_loops(rig.relay()):
        wait_until(lambda: rig.rows("select 1 from eventkit.outbox", side="source") == [], "everything sent")
        sent = "select count(*) from eventkit.journal"
        noted = "select coalesce(sum(position), 0)::bigint from eventkit.acknowledged"
        wait_until(lambda: rig.rows(noted, side="source") == rig.rows(sent, side="source"), "what was reached noted")


def backup(rig: Rig, name: str) -> None:
    """A copy of the producing side's database as it stands."""
    address = urlsplit(rig.source_settings.database)
    rig.source.close()
    with psycopg.connect(address._replace(path="/postgres").geturl(), autocommit=True) as connection:
        names = sql.Identifier(name), sql.Identifier(address.path[1:])
        connection.execute(sql.SQL("create database {} template {}").format(*names))


def restored(rig: Rig, name: str) -> Rig:
    """The rig on the copy, as if the original were lost."""
    url = urlsplit(rig.source_settings.database)._replace(path=f"/{name}").geturl()
    units = UnitsOfWork(connect(url), rig.source.keyring, "embedded")
    settings = rig.source_settings.model_copy(update={"database": url})
    return replace(rig, source=units, source_settings=settings)


@pytest.fixture
def past(rig: Rig) -> Iterator[Rig]:
    """The producing side of yesterday: three events were recorded and sent since."""
    name = f"past_{new_id().hex}"
    rig.emit(5)
    send_all(rig)
    backup(rig, name)
    rig.emit(2)
    send_all(rig)
    rig.emit(1)
    send_all(rig)
    past = restored(rig, name)
    yield past
    past.source.close()
    rig.source.close()
    with psycopg.connect(urlsplit(rig.sink_settings.database)._replace(path="/postgres").geturl()) as connection:
        connection.autocommit = True
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def test_a_new_service_records_before_anything_was_compared(rig: Rig) -> None:
    rig.emit(1)
    assert rig.rows("select * from eventkit.comparison", side="source") == []


def test_after_a_start_of_the_server_nothing_is_recorded_until_the_relay_has_compared(rig: Rig) -> None:
    rig.emit(3)
    send_all(rig)
    with psycopg.connect(rig.source_settings.database) as connection:
        connection.execute(ANOTHER_LIFE)
    with pytest.raises(psycopg.errors.CannotConnectNow, match="must be compared"):
        rig.emit(1)
    with rig.running_loops(rig.relay()):
        wait_until(lambda: rig.rows(ACCEPTS, side="source") == [(True,)], "the comparison")
    rig.emit(1)


def test_a_database_of_yesterday_is_found_out_and_writes_no_other_history(past: Rig) -> None:
    with pytest.raises(psycopg.errors.CannotConnectNow):
        past.emit(1)
    with pytest.raises(AssertionError, match="JournalBehindError"), past.running_loops(past.relay()):
        behind = "select behind from eventkit.comparison where behind is not null"
        wait_until(lambda: past.rows(behind, side="source") != [], "the verdict")
    ((said,),) = past.rows(behind, side="source")
    assert "lacks 3 events that stand on luban.exam.v1" in said
    with pytest.raises(psycopg.errors.CannotConnectNow):
        past.emit(1)
    with (
        psycopg.connect(past.source_settings.database) as connection,
        pytest.raises(JournalBehindError, match="docs/runbook"),
    ):
        refuse_if_behind(connection)


def test_what_was_taken_back_continues_the_history_byte_by_byte(rig: Rig, past: Rig) -> None:
    recovery = Recovery("exam", past.source_settings, past.source)
    missing = recovery.missing()
    assert "lacks 3 events" in summary(missing)
    assert summary(missing).endswith(": 3 ResultConfirmed")
    with pytest.raises(JournalBehindError):
        recovery.compare_again()
    with past.source.begin(Cause("recovery")) as uow:
        take_back(uow, missing)
    recovery.compare_again()
    assert recovery.missing() == []
    columns = (
        "event_id, topic, partition, key, aggregate_type, aggregate_id, aggregate_version, event_type, occurred_at,"
        " traceparent, value"
    )
    whole = f"select {columns} from eventkit.journal order by event_id"
    assert past.rows(whole, side="source") == rig.rows(whole, side="source")
    assert past.rows("select 1 from eventkit.outbox", side="source") == []
    aggregate = missing[0].told.aggregate_id
    past.emit(1, of=aggregate)
    with past.running_loops(past.relay(), past.consumer()):
        past.await_effects(9)
    assert past.count("eventkit.parked") == 0


def test_an_event_that_does_not_continue_the_journal_is_not_taken_back(past: Rig) -> None:
    first, *_ = Recovery("exam", past.source_settings, past.source).missing()
    with past.source.begin(Cause("test")) as uow:
        take_back(uow, [first])
    with pytest.raises(RecoveryError, match="does not continue this journal"), past.source.begin(Cause("test")) as uow:
        take_back(uow, [first])


def test_records_that_name_no_event_of_ours_prove_nothing(rig: Rig, own_broker: EmbeddedBroker) -> None:
    producer = KafkaProducer(bootstrap_servers=own_broker.address, enable_idempotence=False)
    for headers in ([], [("ce_id", b"none")], [("luban_aggregate_id", b"01890000-0000-7000-8000-000000000001")]):
        producer.send("luban.exam.v1", b"\xff", partition=1, headers=headers).get(10)
    producer.close()
    rig.emit(2)
    with rig.running_loops(rig.relay()):
        wait_until(lambda: rig.rows("select 1 from eventkit.outbox", side="source") == [], "everything sent")


def test_only_what_was_not_acknowledged_is_read_again(rig: Rig) -> None:
    rig.emit(40)
    send_all(rig)
    recovery = Recovery("exam", rig.source_settings, rig.source)
    with psycopg.connect(rig.source_settings.database) as connection:
        connection.execute("update eventkit.acknowledged set position = position - 1 where partition = 0")
        connection.execute("alter table eventkit.journal disable trigger user")
        connection.execute("truncate eventkit.journal")
    assert len(recovery.missing()) == 1
