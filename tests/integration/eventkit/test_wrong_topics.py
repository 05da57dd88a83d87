"""Topics that are not what they were: each is noticed, and either waited out, read anew, or refused with what to do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient

from luban.cli.apache import ApacheBroker
from luban.contracts.catalogue import EXAM
from luban.eventkit.incarnation import TopicMismatchError
from luban.eventkit.log_ends import LogCutError
from luban.eventkit.uow import Cause
from luban.eventkit.worker import Loop
from tests.embedded import AnyBroker
from tests.integration.eventkit.rig import LEAKS_SOCKETS, Rig, wait_until

pytestmark = LEAKS_SOCKETS

LOOPS: dict[str, Callable[[Rig], Loop]] = {"relay": Rig.relay, "consumer": Rig.consumer}


@pytest.fixture
def admin(own_broker: AnyBroker) -> Any:
    """Whoever may do anything to a broker's topics."""
    client = KafkaAdminClient(bootstrap_servers=own_broker.address)
    yield client
    client.close()


def make_exam_topic(admin: Any, partitions: int) -> None:
    """The exam topic with another number of partitions."""
    admin.delete_topics([EXAM.name])
    admin.create_topics({EXAM.name: {"num_partitions": partitions, "replication_factor": 1}})
    wait_until(lambda: len(admin.describe_topics([EXAM.name])[0]["partitions"]) == partitions, "the other topic")


@pytest.mark.parametrize("kind", LOOPS)
@pytest.mark.parametrize("partitions", [1, 13])
def test_another_number_of_partitions_is_refused_at_the_start(rig: Rig, admin: Any, kind: str, partitions: int) -> None:
    make_exam_topic(admin, partitions)
    rig.emit(10)
    with pytest.raises(TopicMismatchError, match=rf"has {partitions} partitions.*luban topics --renew luban\.exam\.v1"):
        rig.run_alone(LOOPS[kind](rig))
    assert rig.rows("select count(*) from eventkit.outbox", side="source") == [(10,)]
    assert rig.count("effect") == 0


def test_partitions_added_later_end_the_loops(rig: Rig, own_broker: AnyBroker, admin: Any) -> None:
    if not own_broker.keeps_log:
        pytest.skip("the embedded broker cannot add partitions")
    rig.emit(10)
    ended = pytest.raises(AssertionError, match=r"has 24 partitions.*has 24 partitions")
    with ended, rig.running_loops(rig.relay(), rig.consumer()) as loops:
        rig.await_effects(10)
        admin.create_partitions({EXAM.name: 24})
        wait_until(lambda: not any(each.is_alive() for each in loops), "both loops to end")


def test_a_topic_made_anew_under_running_loops_is_filled_and_read_again(rig: Rig) -> None:
    rig.emit(300)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(300)
        rig.renew_topic(EXAM)
        rig.emit(50)
        rig.await_effects(350)
        wait_until(lambda: rig.rows("select count(*) from eventkit.outbox", side="source") == [(0,)], "an empty outbox")
        wait_until(lambda: read_to(rig) >= 350, "the new log read to its end")
    assert rig.count("effect") == 350


def noticed(caplog: pytest.LogCaptureFixture) -> set[str]:
    """The loops that said they wait for a topic."""
    return {record.name for record in caplog.records if record.getMessage().endswith(": TopicMissingError")}


def test_a_topic_that_is_gone_for_a_while_is_waited_for(rig: Rig, admin: Any, caplog: pytest.LogCaptureFixture) -> None:
    rig.emit(20)
    with rig.running_loops(rig.relay(), rig.consumer()) as loops:
        rig.await_effects(20)
        admin.delete_topics([EXAM.name])
        wait_until(lambda: len(noticed(caplog)) == 2, "both loops to notice")
        assert all(each.is_alive() for each in loops)
        rig.emit(20)
        rig.make_topics()
        rig.await_effects(40)


def read_to(rig: Rig) -> int:
    """Records of the exam topic's present life that were read."""
    (life,) = {topic.topic_id for topic in rig.make_topics() if topic.name == EXAM.name}
    ((count,),) = rig.rows(
        f"select coalesce(sum(position), 0) from eventkit.consumer_offset where incarnation = '{life}'"
    )
    return int(count)


def test_a_position_beyond_the_end_of_its_log_is_refused(rig: Rig) -> None:
    rig.emit(50)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(50)
    with rig.sink.begin(Cause("test")) as uow:
        uow.sql("update eventkit.consumer_offset set position = position + 1000")
    with pytest.raises(LogCutError, match="luban topics --renew"):
        rig.run_alone(rig.consumer())


def test_a_log_that_lost_its_end_is_refused_and_nothing_is_skipped(rig: Rig, own_broker: AnyBroker) -> None:
    if not isinstance(own_broker, ApacheBroker):
        pytest.skip("only a broker run here from Maven's jars keeps its log in files that can be cut")
    with rig.running_loops(rig.relay(), rig.consumer()):
        for round_of_sends in range(1, 6):
            rig.emit(60)
            rig.await_effects(60 * round_of_sends)
    own_broker.stop()
    cut_logs(own_broker.directory / "data", EXAM.name)
    own_broker.start()
    with pytest.raises(LogCutError, match="luban topics --renew"):
        rig.run_alone(rig.consumer())
    assert rig.count("effect") == 300


def test_a_log_that_lost_its_end_and_grew_again_is_refused(rig: Rig, own_broker: AnyBroker) -> None:
    if not isinstance(own_broker, ApacheBroker):
        pytest.skip("only a broker run here from Maven's jars keeps its log in files that can be cut")
    with rig.running_loops(rig.relay(), rig.consumer()):
        for round_of_sends in range(1, 6):
            rig.emit(60)
            rig.await_effects(60 * round_of_sends)
    own_broker.stop()
    cut_logs(own_broker.directory / "data", EXAM.name)
    own_broker.start()
    rig.emit(600)
    with rig.running_loops(rig.relay()):
        wait_until(lambda: rig.rows("select count(*) from eventkit.outbox", side="source") == [(0,)], "an empty outbox")
    with pytest.raises(LogCutError, match=r"but not what is there now.*luban topics --renew"):
        rig.run_alone(rig.consumer())
    rig.renew_topic(EXAM)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(900)


def test_a_log_whose_last_read_record_is_a_stranger_is_refused(rig: Rig) -> None:
    rig.emit(200)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(200)
    with rig.sink.begin(Cause("test")) as uow:
        uow.sql("delete from eventkit.inbox")
    with pytest.raises(LogCutError, match="but not what is there now"):
        rig.run_alone(rig.consumer())
    assert rig.count("effect") == 200


def cut_logs(data: Path, topic: str) -> None:
    """As after a power cut that took what was not yet on the disk: half of every log of a topic is gone."""
    for name in (".kafka_cleanshutdown", "recovery-point-offset-checkpoint"):
        (data / name).unlink()
    for log in data.glob(f"{topic}-*/*.log"):
        with log.open("r+b") as file:
            file.truncate(log.stat().st_size // 2)


def test_what_a_cut_log_lost_comes_again_with_a_topic_made_anew(rig: Rig) -> None:
    rig.emit(50)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(50)
    with rig.sink.begin(Cause("test")) as uow:
        uow.sql("update eventkit.consumer_offset set position = position + 1000")
    rig.emit(50)
    rig.renew_topic(EXAM)
    with rig.running_loops(rig.relay(), rig.consumer()):
        rig.await_effects(100)
