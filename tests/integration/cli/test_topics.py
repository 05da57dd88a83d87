"""Topics are made once, found again, and refused with another number of partitions."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from kafka import KafkaAdminClient

from luban.cli.stack import StackError
from luban.cli.topics import ensure_topics
from tests.embedded import AnyBroker


@dataclass(frozen=True)
class SmallTopic:
    name: str = field(default_factory=lambda: f"luban.test.{uuid.uuid4()}")
    config: Mapping[str, str] = field(default_factory=lambda: {"retention.ms": "-1"})

    def partitions(self, profile: str) -> int:
        return {"embedded": 2, "production": 5}[profile]


def test_missing_topics_are_made_with_the_profiles_partitions(broker: AnyBroker) -> None:
    topic = SmallTopic()
    (made,) = ensure_topics(broker.address, [topic], "production", 1)
    assert (made.name, made.partitions, made.created) == (topic.name, 5, True)
    assert uuid.UUID(made.topic_id)


def test_a_topic_is_found_again_and_left_alone(broker: AnyBroker) -> None:
    topic = SmallTopic()
    (made,) = ensure_topics(broker.address, [topic], "embedded", 1)
    (found,) = ensure_topics(broker.address, [topic], "embedded", 1)
    assert (found.topic_id, found.created) == (made.topic_id, False)


def test_another_number_of_partitions_is_refused_and_nothing_is_changed(broker: AnyBroker) -> None:
    topic = SmallTopic()
    ensure_topics(broker.address, [topic], "embedded", 1)
    with pytest.raises(StackError, match="has 2 partitions, and the catalogue says 5"):
        ensure_topics(broker.address, [topic], "production", 1)
    client = KafkaAdminClient(bootstrap_servers=broker.address)
    (described,) = client.describe_topics([topic.name])
    client.close()
    assert len(described["partitions"]) == 2


def test_a_broker_that_is_away_is_named() -> None:
    with pytest.raises(StackError, match=r"no broker answers at 127\.0\.0\.1:1"):
        ensure_topics("127.0.0.1:1", [SmallTopic()], "embedded", 1)
