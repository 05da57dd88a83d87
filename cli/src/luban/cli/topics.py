"""The topics of the catalogue on a broker: made when missing, refused when they have another number of partitions."""

import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from luban.cli.stack import Profile, StackError


class Topic(Protocol):
    """A row of the catalogue's topic table."""

    @property
    def name(self) -> str: ...
    @property
    def config(self) -> Mapping[str, str]: ...
    def partitions(self, profile: str) -> int: ...


@dataclass(frozen=True)
class FoundTopic:
    """A topic as the broker holds it. `topic_id` is its incarnation: another one means that the log began anew."""

    name: str
    topic_id: str
    partitions: int
    created: bool


def ensure_topics(broker: str, topics: Iterable[Topic], profile: Profile, replication: int) -> list[FoundTopic]:
    """Creates what is missing and checks the rest. Running it again changes nothing.

    Raises StackError when a topic has a number of partitions other than the catalogue's, or the broker refuses.
    """
    wanted = {topic.name: topic for topic in topics}
    with _client(broker) as client:
        missing = wanted.keys() - _describe(client, wanted).keys()
        for name in sorted(missing):
            _create(client, wanted[name], wanted[name].partitions(profile), replication)
        found = _describe(client, wanted)
    for name, topic in wanted.items():
        _check(name, found.get(name), topic.partitions(profile))
    return [
        FoundTopic(name, str(found[name]["topic_id"]), len(found[name]["partitions"]), name in missing)
        for name in wanted
    ]


def _refuse_absent(broker: str) -> None:
    """Raises StackError when nobody listens at any of the addresses: the client would try for long and leak sockets."""
    for address in broker.split(","):
        host, _, port = address.rpartition(":")
        with suppress(OSError, ValueError), socket.create_connection((host, int(port)), timeout=5.0):
            return
    raise StackError(f"no broker answers at {broker}")


@contextmanager
def _client(broker: str) -> Iterator[KafkaAdminClient]:
    _refuse_absent(broker)
    try:
        client = KafkaAdminClient(bootstrap_servers=broker.split(","), request_timeout_ms=10_000)
        try:
            yield client
        finally:
            client.close()
    except KafkaError as error:
        raise StackError(f"the broker at {broker} did not do it: {error}") from error


def _describe(client: KafkaAdminClient, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    return {topic["name"]: topic for topic in client.describe_topics(list(names)) if topic["error_code"] == 0}


def _create(client: KafkaAdminClient, topic: Topic, partitions: int, replication: int) -> None:
    options = {"num_partitions": partitions, "replication_factor": replication, "configs": dict(topic.config)}
    try:
        client.create_topics({topic.name: options}, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        return  # somebody else made it meanwhile; its partitions are checked like any other's


def _check(name: str, found: Mapping[str, Any] | None, partitions: int) -> None:
    if found is None:
        raise StackError(f"the broker does not show topic {name} after creating it")
    if len(found["partitions"]) != partitions:
        raise StackError(
            f"topic {name} has {len(found['partitions'])} partitions, and the catalogue says {partitions}. "
            "The number is a decision for life, as it maps keys to partitions: nothing was changed."
        )
