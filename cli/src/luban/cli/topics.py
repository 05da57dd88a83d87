"""The topics of the catalogue on a broker: made when missing, refused when they have another number of partitions."""

import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from luban.cli.processes import wait_until
from luban.cli.stack import Profile, StackError

_SHOWN_SECONDS = 30.0


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

    Raises StackError when a topic has a number of partitions other than the catalogue's, or fewer replicas than asked
    for, or the broker refuses. With several replicas all but one must have a record before it is acknowledged.
    """
    wanted = {topic.name: topic for topic in topics}
    with _client(broker) as client:
        missing = wanted.keys() - _describe(client, wanted).keys()
        for name in sorted(missing):
            _create(client, wanted[name], wanted[name].partitions(profile), replication)
        found = _await_shown(client, wanted)
    for name, topic in wanted.items():
        _check(name, found[name], topic.partitions(profile), replication)
    return [
        FoundTopic(name, str(found[name]["topic_id"]), len(found[name]["partitions"]), name in missing)
        for name in wanted
    ]


def renew_topic(broker: str, topic: Topic, profile: Profile, replication: int) -> None:
    """Deletes a topic whose log is damaged and makes it anew, with another id.

    Safe at any time: the owner's relay sees the new id and sends the whole journal; consumers drop what they had.
    Raises StackError when there is none, or the broker refuses.
    """
    with _client(broker) as client:
        before = _describe(client, [topic.name])
        if not before:
            raise StackError(f"there is no topic {topic.name} at {broker}")
        client.delete_topics([topic.name])
        _create(client, topic, topic.partitions(profile), replication)
        _await_shown(client, [topic.name], other_than=before[topic.name]["topic_id"])


def _await_shown(client: KafkaAdminClient, names: Iterable[str], other_than: object = None) -> dict[str, Any]:
    """The topics as described, once they are: any broker may answer, and each hears of a change a moment later."""
    described: dict[str, Any] = {}

    def shown() -> bool:
        described.update(found := _describe(client, names))
        return found.keys() >= set(names) and all(each["topic_id"] != other_than for each in found.values())

    if not wait_until(shown, _SHOWN_SECONDS):
        raise StackError(f"{', '.join(names)}: not all there {_SHOWN_SECONDS:.0f} s after they were made")
    return described


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
    configs = dict(topic.config)
    if replication > 1:
        configs["min.insync.replicas"] = str(replication - 1)  # else one broker alone could acknowledge, and be lost
    options = {"num_partitions": partitions, "replication_factor": replication, "configs": configs}
    try:
        client.create_topics({topic.name: options}, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        return  # somebody else made it meanwhile; its partitions are checked like any other's


def _check(name: str, found: Mapping[str, Any], partitions: int, replication: int) -> None:
    if len(found["partitions"]) != partitions:
        raise StackError(
            f"topic {name} has {len(found['partitions'])} partitions, and the catalogue says {partitions}. "
            "The number is a decision for life, as it maps keys to partitions: nothing was changed."
        )
    fewest = min(len(partition["replica_nodes"]) for partition in found["partitions"])
    if fewest < replication:
        raise StackError(
            f"topic {name} has partitions with {fewest} of {replication} replicas, and nothing was changed: give it"
            f" more with kafka-reassign-partitions, or accept it with --replication {fewest}"
        )
