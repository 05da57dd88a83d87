"""What an operator's replay does, and that a dry run does none of it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from kafka import KafkaProducer

from luban.eventkit.dispatch import Subscriptions
from luban.eventkit.envelope import Received
from luban.eventkit.replaying import Replay
from luban.eventkit.starting import CannotStartError
from luban.eventkit.uow import UnitOfWork
from luban.events.v1 import exam_pb2
from tests.embedded import AnyBroker
from tests.integration.eventkit.rig import EXAM_EVENTS, SUBSCRIPTIONS, Rig, wait_until

BLOCKED = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


def keep(uow: UnitOfWork, batch: Sequence[Received[Any]]) -> None:
    """A read state that follows from events alone."""
    uow.sql(
        "insert into kept (aggregate_id, version) select * from unnest(%s::uuid[], %s::int[])"
        " on conflict (aggregate_id) do update set version = excluded.version",
        ([e.aggregate_id for e in batch], [e.version for e in batch]),
    )


READ_STATE = Subscriptions(
    "certificate",
    handles={exam_pb2.ResultConfirmed: keep, exam_pb2.ResultCorrected: keep},
    ignores=EXAM_EVENTS,
    read_state=("kept",),
)


def replay(rig: Rig, subscriptions: Subscriptions = SUBSCRIPTIONS, *, dry_run: bool = False) -> Replay:
    return Replay(subscriptions, rig.sink, rig.sink_settings, dry_run=dry_run)


def tell(rig: Rig, statement: str) -> None:
    with psycopg.connect(rig.sink_settings.database) as connection:
        connection.execute(statement.encode())


@pytest.fixture
def refused(rig: Rig) -> Rig:
    """Two events of one aggregate wait: one refused, one behind it."""
    (guilty,) = rig.emit(1)
    rig.emit(1, of=guilty)
    rig.emit(3)
    tell(rig, f"insert into forbidden values ('{guilty}', 1)")
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(3)
        wait_until(lambda: rig.count("eventkit.parked") == 2, "both parked")
    return rig


def test_a_dry_run_says_what_would_be_applied_and_applies_nothing(refused: Rig) -> None:
    tell(refused, "delete from forbidden")
    said = replay(refused, dry_run=True).waiting()
    assert (said.applied, said.refused) == (2, [])
    assert (refused.count("effect"), refused.count("eventkit.parked")) == (3, 2)
    assert replay(refused).waiting().applied == 2
    assert (refused.count("effect"), refused.count("eventkit.parked")) == (5, 0)


def test_a_dry_run_says_what_would_be_refused_and_counts_no_attempt(refused: Rig) -> None:
    said = replay(refused, dry_run=True).waiting()
    assert said.applied == 0
    assert [each["detail"] for each in said.refused] == ["Invalid: forbidden-by-test"]
    assert [each["event_type"] for each in said.refused] == ["ResultConfirmed"]
    assert refused.rows("select max(attempts) from eventkit.parked") == [(1,)]


def test_more_waiting_events_than_one_transaction_takes_are_all_tried(rig: Rig) -> None:
    ids = rig.emit(450)
    tell(rig, "insert into forbidden values " + ", ".join(f"('{each}', 1)" for each in ids))
    with rig.running_loops(rig.relay(), rig.consumer()):
        wait_until(lambda: rig.count("eventkit.parked") == 450, "all parked")
    tell(rig, "delete from forbidden")
    assert replay(rig).waiting().applied == 450
    assert (rig.count("effect"), rig.count("eventkit.parked")) == (450, 0)


def test_a_message_that_a_newer_version_can_read_is_applied(rig: Rig, own_broker: AnyBroker) -> None:
    producer = KafkaProducer(bootstrap_servers=own_broker.address, enable_idempotence=False)
    producer.send("luban.exam.v1", b"\xff\xff", partition=0).get(10)
    producer.close()
    rig.emit(1)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(1)
        wait_until(lambda: rig.count("eventkit.dead_letter") == 1, "the dead letter")
    assert replay(rig).waiting().undecodable == 1
    ((newer,),) = rig.rows("select value from eventkit.journal", side="source")
    rig.emit(1)
    (fresh,) = rig.rows("select value from eventkit.journal order by seq desc limit 1", side="source")
    with psycopg.connect(rig.sink_settings.database) as connection:
        connection.execute("update eventkit.dead_letter set value = %s", fresh)  # as if it could be read from now on
    assert newer != fresh[0]
    assert replay(rig).waiting().applied == 1
    assert replay(rig).waiting().applied == 0
    assert rig.count("effect") == 2


def test_a_whole_topic_from_its_start_changes_nothing(rig: Rig) -> None:
    (first,) = rig.emit(1)
    for _ in range(5):
        rig.correct(first)
    rig.emit(500)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(506)
    before = rig.rows("select * from eventkit.consumer_offset order by 1, 2, 3")
    outcome = replay(rig).from_start()
    assert (outcome.applied, outcome.repeats, outcome.refused) == (0, 506, [])
    assert rig.count("effect") == 506
    assert rig.rows("select * from eventkit.consumer_offset order by 1, 2, 3") == before


def test_what_was_lost_of_a_consumer_is_applied_again_from_the_start(rig: Rig) -> None:
    rig.emit(20)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(20)
    tell(rig, "delete from effect where place <= 5")
    tell(rig, "delete from eventkit.inbox where aggregate_id not in (select aggregate_id from effect)")
    assert replay(rig).from_start().applied == 5
    assert rig.count("effect") == 20


def test_a_read_state_is_made_anew_with_the_same_rows(rig: Rig) -> None:
    tell(rig, "create table kept (aggregate_id uuid primary key, version int)")
    (first,) = rig.emit(1)
    for _ in range(3):
        rig.correct(first)
    rig.emit(300)
    with rig.running_loops(rig.relay(), rig.consumer(READ_STATE)):
        wait_until(lambda: rig.rows("select max(version), count(*) from kept") == [(4, 301)], "the read state")
    made = replay(rig, READ_STATE).rebuild().tables["kept"]
    assert (made.rows_before, made.checksum_before) == (made.rows_after, made.checksum_after)
    tell(rig, "update kept set version = 9")
    assert replay(rig, READ_STATE, dry_run=True).rebuild().tables["kept"].checksum_after == made.checksum_after
    assert rig.rows("select distinct version from kept") == [(9,)]
    replay(rig, READ_STATE).rebuild()
    assert rig.rows("select max(version), count(*) from kept") == [(4, 301)]


def test_a_service_whose_rows_do_not_follow_from_events_is_not_made_anew(rig: Rig) -> None:
    with pytest.raises(CannotStartError, match="no read state"):
        replay(rig).rebuild()


def test_a_consumer_at_work_takes_no_harm_from_a_replay(rig: Rig) -> None:
    rig.emit(2000)
    with rig.running_loops(rig.relay(), rig.consumer()):
        wait_until(lambda: rig.count("effect") > 0, "the consumer at work")
        for _ in range(3):
            assert replay(rig).from_start().refused == []
        rig.emit(500)
        rig.await_effects(2500)


def test_a_place_that_moves_as_a_replay_begins_is_taken_where_it_came_to(rig: Rig) -> None:
    rig.emit(20)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(20)
    tell(rig, "create table reached as select * from eventkit.consumer_offset")
    tell(rig, "update eventkit.consumer_offset set position = 0")
    with ThreadPoolExecutor(1) as pool:
        with psycopg.connect(rig.sink_settings.database) as at_work:
            at_work.execute(
                "update eventkit.consumer_offset as place set position = reached.position from reached"
                " where (place.topic, place.partition) = (reached.topic, reached.partition)"
            )
            outcome = pool.submit(replay(rig).from_start)
            wait_until(lambda: rig.rows(BLOCKED) != [(0,)], "the replay to wait for the consumer")
        assert outcome.result(20).repeats == 20


def test_a_topic_that_is_shorter_than_the_consumers_place_is_refused(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.emit(5)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(5)
    tell(rig, "update eventkit.consumer_offset set position = position + 7 where position > 0")
    monkeypatch.setattr("luban.eventkit.replaying.MOST_SILENT_POLLS", 2)
    with pytest.raises(CannotStartError, match="end before"):
        replay(rig).from_start()
