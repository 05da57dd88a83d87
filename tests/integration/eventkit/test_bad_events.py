"""Events that cannot be opened, and events of a later release: no consumer stops, and no byte of them is lost."""

import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from google.protobuf.message import Message
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from luban.eventkit.envelope import received
from luban.eventkit.ids import new_id
from luban.eventkit.relay import Relay
from luban.eventkit.sealing import KeyRing
from luban.eventkit.uow import UnitsOfWork
from luban.events.v1.common_pb2 import PersonalData, PlanFacts
from luban.events.v1.event_pb2 import Event
from luban.events.v1.exam_pb2 import ResultConfirmed
from tests.embedded import AnyBroker
from tests.integration.eventkit.rig import PERSON, Rig, wait_until

Change = Callable[[Event], None]


def unknown(number: int, payload: bytes) -> bytes:
    """A field of a later release, as it stands on the wire: length-delimited, its number above 15."""
    tag = number << 3 | 2
    return bytes([tag & 0x7F | 0x80, tag >> 7]) + bytes([len(payload)]) + payload


def send_changed(rig: Rig, broker: AnyBroker, change: Change) -> bytes:
    """An event of the producing side, changed on its way; its bytes."""
    rig.emit(1)
    with psycopg.connect(rig.source_settings.database) as connection:
        connection.execute("delete from eventkit.outbox")
        row = connection.execute("select value from eventkit.journal order by seq desc limit 1").fetchone()
    assert row is not None
    event = Event.FromString(row[0])
    change(event)
    value = event.SerializeToString()
    send(broker, value)
    return value


def send(broker: AnyBroker, value: bytes) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.address, enable_idempotence=False)
    producer.send("luban.exam.v1", value, partition=0).get(10)
    producer.close()


def flip_a_bit(event: Event) -> None:
    sealed = event.result_confirmed.personal
    sealed.ciphertext = bytes([sealed.ciphertext[0] ^ 1]) + sealed.ciphertext[1:]


def name_another_key(event: Event) -> None:
    event.result_confirmed.personal.key_id = "certificate-2031"


def name_a_person_as_key(event: Event) -> None:
    event.result_confirmed.personal.key_id = PERSON.id_no


def leave_out_the_person(event: Event) -> None:
    event.result_confirmed.ClearField("personal")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (flip_a_bit, r"UnsealError: sealed-message-changed, key certificate-20\d\d"),
        (name_another_key, "UnsealError: sealing-key-missing, key certificate-2031"),
        (name_a_person_as_key, r"UnsealError: sealing-key-missing, key \(none that could be\)"),
        (leave_out_the_person, r"UnsealError: sealing-key-missing, key \(none that could be\)"),
    ],
)
def test_an_event_that_cannot_be_opened_waits_alone_and_ends_as_a_dead_letter(
    rig: Rig, own_broker: AnyBroker, change: Change, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    value = send_changed(rig, own_broker, change)
    rig.emit(20)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(20)
        wait_until(lambda: rig.count("eventkit.parked") == 1, "the event parked")
    while not rig.count("eventkit.dead_letter"):
        assert rig.replay().applied == 0
    ((reason, detail, attempts, kept),) = rig.rows(
        "select reason, detail, attempts, value from eventkit.dead_letter", side="sink"
    )
    assert (reason, attempts, bytes(kept)) == ("refused", 5, value)
    assert re.fullmatch(why, detail), detail
    line = next(record for record in caplog.records if record.message.startswith("refused: UnsealError"))
    fields: dict[str, Any] = line.fields  # type: ignore[attr-defined]  # put there by `extra`
    event = Event.FromString(value)
    assert (fields["event_id"], fields["correlation_id"]) == (event.id, event.correlation_id)
    assert (fields["consumer"], fields["topic"]) == ("certificate", "luban.exam.v1")
    assert PERSON.id_no not in caplog.text + detail


def test_an_event_is_opened_once_its_key_is_back(rig: Rig) -> None:
    ring = rig.sink.keyring
    poor = {key_id: key for key_id, key in ring.sealing.items() if not key_id.startswith("certificate-")}
    without = UnitsOfWork(rig.sink.engine, KeyRing(poor, ring.lookup, ring.current_lookup), "embedded")
    rich, rig.sink = rig.sink, without
    rig.emit(2)
    with rig.running_loops(rig.relay(), rig.consumer()):
        wait_until(lambda: rig.count("eventkit.parked") == 2, "both parked")
    rig.sink = rich
    assert rig.replay().applied == 2
    assert rig.rows("select distinct name from effect") == [("测试甲",)]


def test_fields_of_a_later_release_survive_parking_and_burying(rig: Rig, own_broker: AnyBroker) -> None:
    rig.emit(1)
    with psycopg.connect(rig.source_settings.database) as connection:
        connection.execute("delete from eventkit.outbox")
        row = connection.execute("select aggregate_id, value from eventkit.journal").fetchone()
    assert row is not None
    later = row[1] + unknown(1900, b"of a later release")
    with psycopg.connect(rig.sink_settings.database) as connection:
        connection.execute("insert into forbidden values (%s, 1)", (row[0],))
    send(own_broker, later)
    with rig.running_loops(rig.consumer()):
        wait_until(lambda: rig.count("eventkit.parked") == 1, "the event parked")
    assert [bytes(value) for (value,) in rig.rows("select value from eventkit.parked")] == [later]
    while not rig.count("eventkit.dead_letter"):
        rig.replay()
    with rig.running_loops(Relay("certificate", rig.sink_settings)):
        published = "select count(*) from eventkit.dead_letter where published_in is not null"
        wait_until(lambda: rig.rows(published) == [(1,)], "the dead letter sent")
    assert [bytes(value) for (value,) in rig.rows("select value from eventkit.dead_letter")] == [later]
    assert _only_record(own_broker, "luban.exam.v1.dlq") == later
    with psycopg.connect(rig.sink_settings.database) as connection:
        connection.execute("delete from forbidden")
    assert rig.replay().applied == 1


def _only_record(broker: AnyBroker, topic: str) -> bytes:
    consumer = KafkaConsumer(bootstrap_servers=broker.address, auto_offset_reset="none", enable_auto_commit=False)
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    consumer.seek(place, 0)
    found: list[Any] = []

    def polled() -> bool:
        found.extend(consumer.poll(200).get(place, []))
        return bool(found)

    wait_until(polled, "the record")
    consumer.close()
    (record,) = found
    return bytes(record.value)


@pytest.mark.parametrize("message", [PlanFacts(plan_id="p", plan_no="1"), PersonalData(name="测试甲")])
def test_fields_of_a_later_release_survive_what_takes_a_message_apart_and_together_again(message: Message) -> None:
    later = message.SerializeToString() + unknown(1900, b"of a later release")
    whole = type(message).FromString(later)
    assert whole.SerializeToString() == later, "the exam service keeps a plan's facts, and a person, like this"
    if isinstance(whole, PlanFacts):
        told = ResultConfirmed()
        told.plan.CopyFrom(whole)
        again = ResultConfirmed.FromString(ResultConfirmed(result_id="r", plan=told.plan).SerializeToString())
        assert again.plan.SerializeToString() == later, "a result carries them on like this"
        assert Event(result_confirmed=again).result_confirmed.plan.SerializeToString() == later


def test_a_person_of_a_later_release_is_sealed_whole(rig: Rig) -> None:
    later = PersonalData.FromString(PERSON.SerializeToString() + unknown(1900, b"of a later release"))
    ring, owner = rig.sink.keyring, new_id()
    sealed = ring.seal_column(later, "candidate", 2026, owner)
    assert ring.open_column(sealed, owner).SerializeToString() == later.SerializeToString()


def test_an_event_of_a_later_release_is_handled_by_what_is_known_of_it(rig: Rig, own_broker: AnyBroker) -> None:
    def add_a_field(event: Event) -> None:
        grown = event.result_confirmed.SerializeToString() + unknown(1900, b"of a later release")
        event.result_confirmed.CopyFrom(ResultConfirmed.FromString(grown))

    value = send_changed(rig, own_broker, add_a_field)
    assert b"of a later release" in value
    assert b"of a later release" in received(Event.FromString(value), rig.sink.keyring).payload.SerializeToString()
    with rig.running_loops(rig.consumer()):
        rig.await_effects(1)
    assert rig.rows("select name from effect") == [(PERSON.name,)]
