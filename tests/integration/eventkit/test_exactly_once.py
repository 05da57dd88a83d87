"""Every recorded event takes effect once, in order, whatever comes twice, late or never."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import psycopg
import pytest
from kafka import KafkaProducer

from luban.eventkit import positions
from luban.eventkit.consumer import Consumer
from luban.eventkit.dispatch import Subscriptions
from luban.eventkit.envelope import Received
from luban.eventkit.ids import new_id
from luban.eventkit.positions import FencedError
from luban.eventkit.relay import Relay
from luban.eventkit.uow import Cause, UnitOfWork
from luban.events.v1 import exam_pb2
from luban.events.v1.event_pb2 import Event
from tests.embedded import AnyBroker
from tests.integration.eventkit.rig import EXAM_EVENTS, LEAKS_SOCKETS, Rig, on_corrected, wait_until

pytestmark = LEAKS_SOCKETS


def test_every_event_takes_effect_once(rig: Rig) -> None:
    rig.emit(5000)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(5000)
    assert rig.rows("select count(*) from eventkit.outbox", side="source") == [(0,)]
    assert rig.rows("select distinct name from effect") == [("测试甲",)]


def test_events_of_one_aggregate_keep_their_order(rig: Rig) -> None:
    (first,) = rig.emit(1)
    for _ in range(20):
        rig.emit(1, of=first)
        rig.correct(first)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(41)
    assert [version for (version,) in rig.rows("select version from effect order by place")] == list(range(1, 42))


def test_an_aggregate_goes_on_in_later_batches(rig: Rig) -> None:
    (aggregate,) = rig.emit(1)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(1)
        for version in (2, 3, 4):
            rig.emit(1, of=aggregate)
            rig.await_effects(version)
    assert rig.rows("select version from eventkit.inbox") == [(4,)]


def test_a_topic_sent_twice_changes_nothing(rig: Rig) -> None:
    rig.emit(300)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(300)
    with psycopg.connect(rig.source_settings.database) as connection:
        connection.execute("insert into eventkit.outbox select seq, partition from eventkit.journal")
    rig.emit(1)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(301)
        wait_until(lambda: rig.rows("select count(*) from eventkit.outbox", side="source") == [(0,)], "an empty outbox")
    assert rig.count("effect") == 301


def test_an_event_before_its_predecessor_waits_for_it(rig: Rig) -> None:
    (aggregate,) = rig.emit(1)
    rig.emit(1, of=aggregate)
    with psycopg.connect(rig.source_settings.database) as connection:
        (held,) = connection.execute("delete from eventkit.outbox where seq = 1 returning seq").fetchone() or (0,)
    with rig.running_loops(rig.relay(), rig.consumer()):
        wait_until(lambda: rig.count("eventkit.parked") == 1, "the parked event")
        assert rig.count("effect") == 0
        with psycopg.connect(rig.source_settings.database) as connection:
            connection.execute(
                "insert into eventkit.outbox select seq, partition from eventkit.journal where seq = %s", (held,)
            )
        rig.await_effects(2)
    assert rig.rows("select version from effect order by place") == [(1,), (2,)]
    assert rig.count("eventkit.parked") == 0


def test_one_refused_event_stops_its_aggregate_alone(rig: Rig) -> None:
    ids = rig.emit(64)
    guilty = ids[17]
    rig.emit(1, of=guilty)
    with psycopg.connect(rig.sink_settings.database) as connection:
        connection.execute("insert into forbidden values (%s, 1)", (guilty,))
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(63)
        wait_until(lambda: rig.count("eventkit.parked") == 2, "the guilty aggregate's events parked")
    assert rig.rows("select reason, attempts, detail from eventkit.parked order by version") == [
        ("refused", 1, "Invalid: forbidden-by-test"),
        ("gap", 0, ""),
    ]
    with psycopg.connect(rig.sink_settings.database) as connection:
        connection.execute("delete from forbidden")
    assert rig.replay().applied == 2
    assert rig.count("effect") == 65
    assert rig.count("eventkit.parked") == 0


def test_a_replay_that_is_refused_again_loses_nothing_behind_it(rig: Rig) -> None:
    (guilty,) = rig.emit(1)
    rig.emit(2, of=guilty)
    with psycopg.connect(rig.sink_settings.database) as connection:
        connection.execute("insert into forbidden values (%s, 1)", (guilty,))
    with rig.running_loops(rig.relay(), rig.consumer()):
        wait_until(lambda: rig.count("eventkit.parked") == 3, "the refused event and two behind it")
    assert rig.replay().applied == 0
    assert rig.rows("select version, reason from eventkit.parked order by version") == [
        (1, "refused"),
        (2, "gap"),
        (3, "gap"),
    ]
    with psycopg.connect(rig.sink_settings.database) as connection:
        connection.execute("delete from forbidden")
    assert rig.replay().applied == 3
    assert rig.rows("select version from effect order by place") == [(1,), (2,), (3,)]


def test_an_event_refused_too_often_is_a_dead_letter(rig: Rig) -> None:
    (guilty,) = rig.emit(1)
    with psycopg.connect(rig.sink_settings.database) as connection:
        connection.execute("insert into forbidden values (%s, 1)", (guilty,))
    with rig.running_loops(rig.relay(), rig.consumer()):
        wait_until(lambda: rig.count("eventkit.parked") == 1, "the refused event")
    for _ in range(6):
        rig.replay()
    assert rig.rows("select reason, next_attempt_at from eventkit.parked") == [("dead", None)]
    ((reason, attempts, event_type, key, headers, value),) = rig.rows(
        "select reason, attempts, event_type, key, headers, value from eventkit.dead_letter"
    )
    assert (reason, attempts, event_type, bytes(key)) == ("refused", 5, "ResultConfirmed", guilty.bytes)
    assert headers["ce_type"] == "luban.events.v1.ResultConfirmed"
    assert headers["luban_aggregate_id"] == str(guilty)
    assert rig.rows("select value from eventkit.journal", side="source") == [(value,)]


def test_a_retry_is_due_by_itself(rig: Rig) -> None:
    (guilty,) = rig.emit(1)
    with psycopg.connect(rig.sink_settings.database) as connection:
        connection.execute("insert into forbidden values (%s, 1)", (guilty,))
    with rig.running_loops(rig.relay(), rig.consumer(), rig.retries()):
        wait_until(lambda: rig.count("eventkit.parked") == 1, "the refused event")
        with psycopg.connect(rig.sink_settings.database) as connection:
            connection.execute("delete from forbidden")
        rig.await_effects(1)


def test_an_undecodable_message_is_a_dead_letter_at_once(rig: Rig, own_broker: AnyBroker) -> None:
    producer = KafkaProducer(bootstrap_servers=own_broker.address, enable_idempotence=False)
    headers = [("luban_aggregate_id", b"01890000-0000-7000-8000-000000000001"), ("luban_aggregate_version", b"3")]
    producer.send("luban.exam.v1", b"\xff\xffnot an event", partition=0, headers=headers).get(10)
    producer.close()
    rig.emit(10)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(10)
    ((reason, version, value),) = rig.rows("select reason, aggregate_version, value from eventkit.dead_letter")
    assert (reason, version, bytes(value)) == ("undecodable", 3, b"\xff\xffnot an event")


def test_a_dead_letter_reaches_its_topic(rig: Rig, own_broker: AnyBroker) -> None:
    with rig.sink.begin(Cause("test")) as uow:
        uow.sql(
            "insert into eventkit.dead_letter (id, consumer, at, topic, partition, incarnation, position, reason,"
            " detail, attempts, consumer_version, headers, value) values (%s, 'x', now(), 'luban.exam.v1', 0, '', 0,"
            " 'undecodable', '', 1, '0', '{}', 'lost')",
            (uow.new_id(),),
        )

    with rig.running_loops(Relay("certificate", rig.sink_settings)):
        published = "select count(*) from eventkit.dead_letter where published_in is not null"
        wait_until(lambda: rig.rows(published) == [(1,)], "the dead letter sent")


def test_a_consumer_that_ends_while_it_joins_does_not_keep_the_next_from_its_partitions(rig: Rig) -> None:
    rig.emit(10)
    for _ in range(3):
        consumer = rig.consumer()
        with rig.running_loops(consumer):
            wait_until(partial(is_a_member, consumer), "the join to begin")
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(10)


def is_a_member(consumer: Consumer) -> bool:
    """Whether the broker has given it an id, with which it joins."""
    kafka = consumer._kafka
    return kafka is not None and bool(kafka._coordinator._generation.has_member_id())


def test_a_consumer_whose_position_was_moved_is_fenced(rig: Rig) -> None:
    rig.emit(10)
    consumer = rig.consumer()

    lives = {"luban.exam.v1": "a"}
    with rig.sink.begin(Cause("test")) as uow:
        positions.lock(uow, "certificate", {("luban.exam.v1", 0): 0}, lives)
        positions.move(uow, "certificate", {("luban.exam.v1", 0): 7})
    with pytest.raises(FencedError), rig.sink.begin(Cause("test")) as uow:
        positions.lock(uow, "certificate", {("luban.exam.v1", 0): 3}, lives)
    assert rig.rows("select position from eventkit.consumer_offset") == [(7,)]
    assert consumer.fenced == 0


def test_a_broker_that_lost_its_log_gets_the_whole_journal_again(rig: Rig, own_broker: AnyBroker) -> None:
    rig.emit(200)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(200)
        own_broker.kill()
        own_broker.lose_log()
        rig.emit(100)
        own_broker.start()
        rig.make_topics()
        rig.await_effects(300)
        wait_until(lambda: rig.rows("select count(*) from eventkit.outbox", side="source") == [(0,)], "an empty outbox")
    assert rig.count("effect") == 300


def test_a_consumer_that_outlives_an_empty_restart_reads_the_new_log_from_its_start(
    rig: Rig, own_broker: AnyBroker
) -> None:
    rig.emit(50)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(50)
    with psycopg.connect(rig.sink_settings.database) as connection:
        connection.execute("truncate effect, eventkit.inbox")
    own_broker.kill()
    own_broker.lose_log()
    own_broker.start()
    rig.make_topics()
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(50)


def test_two_consumers_share_the_work_and_nothing_is_applied_twice(rig: Rig) -> None:
    rig.emit(4000)
    with rig.running_loops(rig.relay(), rig.consumer(), rig.consumer()):
        rig.await_effects(4000)


def test_a_handler_that_fails_leaves_no_trace(rig: Rig) -> None:
    def explode(uow: UnitOfWork, batch: Sequence[Received[Any]]) -> None:
        uow.sql("insert into effect (event_id) values (%s)", (batch[0].event_id,))
        raise RuntimeError("boom")

    broken = Subscriptions(
        "certificate",
        handles={exam_pb2.ResultConfirmed: explode, exam_pb2.ResultCorrected: on_corrected},
        ignores=EXAM_EVENTS,
    )
    rig.emit(3)
    with rig.running_loops(rig.relay(), rig.consumer(broken)):
        wait_until(lambda: rig.count("eventkit.parked") == 3, "three parked events")
    assert rig.count("effect") == 0
    assert rig.replay(broken).refused


@pytest.mark.parametrize("must_understand", [True, False])
def test_an_event_newer_than_the_consumer_stops_its_aggregate_only_if_it_says_so(
    rig: Rig, own_broker: AnyBroker, must_understand: bool
) -> None:
    newer = _event_of_a_later_release(must_understand)
    producer = KafkaProducer(bootstrap_servers=own_broker.address, enable_idempotence=False)
    producer.send("luban.exam.v1", newer, partition=0).get(10)
    producer.close()
    rig.emit(5)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(5)
        wait_until(lambda: rig.count("eventkit.inbox") + rig.count("eventkit.parked") == 6, "the newer event noted")
    waiting = rig.rows("select reason, value from eventkit.parked")
    assert [(reason, bytes(value)) for reason, value in waiting] == ([("newer-type", newer)] if must_understand else [])


def _event_of_a_later_release(must_understand: bool) -> bytes:
    """A sound envelope whose payload stands in field 1999, which these contracts do not have."""
    known = Event(id=str(new_id()), aggregate_type="result", aggregate_id=str(new_id()), aggregate_version=1)
    known.must_understand = must_understand
    tag, payload = (1999 << 3 | 2), b"\x0a\x03new"
    return known.SerializeToString() + bytes([tag & 0x7F | 0x80, tag >> 7 & 0x7F]) + bytes([len(payload)]) + payload
