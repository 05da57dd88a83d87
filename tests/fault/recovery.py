"""Whether a stack is itself again: ready, and with all that was recorded until now sent and applied."""

import gc
import time
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import psycopg
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from luban.cli.fsck.topics import consumed_by, topic_of_owner
from luban.cli.stack import SERVICE_NAMES, Stack
from luban.eventkit.backlog import LIMITS
from tests.fault.scene import PROCESSES, Scene

MOST_SECONDS = 150.0
"""Sanity: a stack that needs longer is broken. What it needs is reported, not judged."""
_EVERY_SECONDS = 0.1

_RECORDED = "select coalesce(max(seq), 0) from eventkit.journal"
_UNSENT = "select count(*) from eventkit.outbox where seq <= %s"
_MARK = "select incarnation from eventkit.relay_mark where topic = %s"
_LAST = "select aggregate_id, max(aggregate_version) from eventkit.journal where seq <= %s group by 1"
_LAST_ON = "select aggregate_id, max(aggregate_version) from eventkit.journal where partition = any(%s) group by 1"
_APPLIED = """
select count(*) from unnest(%s::uuid[], %s::integer[]) as due (aggregate_id, version)
left join eventkit.inbox i using (aggregate_id) where coalesce(i.version, 0) < due.version
"""
_SPREAD = "select partition, count(*) from eventkit.journal where seq <= %s group by 1"
_PLACES = "select partition, position from eventkit.consumer_offset where topic = %s and incarnation = %s"


class NotYet(Exception):  # noqa: N818  # no error: what is still missing
    """The stack is not itself again; the text says why."""


@dataclass(frozen=True)
class Recorded:
    """What a service had recorded when the stack was asked."""

    seq: int
    last: Mapping[UUID, int]
    """The last version, by aggregate."""
    spread: Mapping[int, int]
    """Events, by partition."""


def await_recovery(scene: Scene, since: float) -> float:
    """Waits until the stack is itself again, with all that was recorded by its first look; under load there is always
    something newer. The seconds it took since a moment of the monotonic clock.
    """
    return _await(scene, since, anew=False)


def await_quiet(scene: Scene, since: float) -> float:
    """Waits until nothing waits anywhere; the seconds since a moment of the monotonic clock."""
    return _await(scene, since, anew=True)


def _await(scene: Scene, since: float, *, anew: bool) -> float:
    deadline = since + MOST_SECONDS
    recorded: Mapping[str, Recorded] | None = None
    why = ""
    while time.monotonic() < deadline:
        try:
            with _asking(scene.stack) as (connections, client):
                if anew:
                    _require_nothing_unsent(connections)
                if anew or recorded is None:
                    recorded = {name: _recorded(connections[name]) for name in SERVICE_NAMES}
                _require(scene.stack, connections, client, recorded)
            return time.monotonic() - since
        except (NotYet, psycopg.Error, httpx.HTTPError, KafkaError, OSError) as error:
            why = f"{type(error).__name__}: {error}"
        time.sleep(_EVERY_SECONDS)
    raise AssertionError(f"not itself again after {MOST_SECONDS:.0f} s: {why}")


def behind(stack: Stack, writer: str, reader: str, partitions: Collection[int]) -> int:
    """Aggregates on some partitions of a service's topic that another service has not applied to their last event."""
    with ExitStack() as exits:
        write, read = (
            exits.enter_context(psycopg.connect(stack.databases[name], autocommit=True, **LIMITS))
            for name in (writer, reader)
        )
        last = dict(write.execute(_LAST_ON, (list(partitions),)).fetchall())
        return int(_one(read, _APPLIED, list(last), list(last.values())))


def _require(
    stack: Stack, connections: Mapping[str, Any], client: httpx.Client, recorded: Mapping[str, Recorded]
) -> None:
    """Raises NotYet."""
    for name in SERVICE_NAMES:
        _require_sent(connections[name], name, recorded[name])
    for reader in SERVICE_NAMES:
        for writer in SERVICE_NAMES:
            if topic_of_owner(writer) in consumed_by(reader):
                _require_applied(connections[reader], f"{reader} of {writer}", recorded[writer])
    for process in PROCESSES:
        _require_ready(client, process, stack)
    lives = _lives(stack.broker)
    for name in SERVICE_NAMES:
        _require_life(connections, name, lives[topic_of_owner(name)], recorded[name])


def _require_nothing_unsent(connections: Mapping[str, Any]) -> None:
    """Looked at before what is dearer to look at."""
    for name, connection in connections.items():
        if _one(connection, "select exists (select from eventkit.outbox)"):
            raise NotYet(f"{name} has events to send")


def _require_sent(connection: Any, name: str, recorded: Recorded) -> None:
    unsent = _one(connection, _UNSENT, recorded.seq)
    if unsent:
        raise NotYet(f"{unsent} events of {name} are not sent")


def _require_applied(connection: Any, what: str, recorded: Recorded) -> None:
    late = _one(connection, _APPLIED, list(recorded.last), list(recorded.last.values()))
    if late:
        raise NotYet(f"{what}: {late} aggregates are behind")


def _require_ready(client: httpx.Client, process: str, stack: Stack) -> None:
    service, role = process.split(".")
    answer = client.get(f"{stack.urls[service] if role == 'api' else stack.monitoring[process]}/readyz")
    if answer.status_code != httpx.codes.OK:
        raise NotYet(f"{process}: {answer.text[:300]}")


def _require_life(connections: Mapping[str, Any], writer: str, life: str, recorded: Recorded) -> None:
    """The relay has sent to the topic as it is now, and its readers have read as far as that must reach."""
    topic = topic_of_owner(writer)
    if _one(connections[writer], _MARK, topic) != life:
        raise NotYet(f"the relay of {writer} has not noticed that its topic began anew")
    for reader in SERVICE_NAMES:
        if topic in consumed_by(reader):
            places = dict(connections[reader].execute(_PLACES, (topic, life)).fetchall())
            behind = sum(max(0, count - places.get(place, 0)) for place, count in recorded.spread.items())
            if behind:
                raise NotYet(f"{reader} has {behind} events of {writer} still to read")


def _recorded(connection: Any) -> Recorded:
    seq = _one(connection, _RECORDED)
    last = dict(connection.execute(_LAST, (seq,)).fetchall())
    return Recorded(seq, last, dict(connection.execute(_SPREAD, (seq,)).fetchall()))


def _lives(broker: str) -> Mapping[str, str]:
    try:
        admin = KafkaAdminClient(bootstrap_servers=broker, request_timeout_ms=5_000)
        try:
            described = admin.describe_topics([topic_of_owner(name) for name in SERVICE_NAMES])
        finally:
            admin.close()
    except KafkaError:
        _find_leaks()
        raise
    absent = [topic["name"] for topic in described if topic["error_code"]]
    if absent:
        raise NotYet(f"the broker does not have {', '.join(absent)}")
    return {topic["name"]: topic["topic_id"] for topic in described}


def _find_leaks() -> None:
    """A Kafka client that could not begin leaves its sockets open; they are found here, not by some later test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@contextmanager
def _asking(stack: Stack) -> Iterator[tuple[Mapping[str, Any], httpx.Client]]:
    with ExitStack() as exits:
        client = exits.enter_context(httpx.Client(trust_env=False, timeout=3.0))
        yield (
            {
                name: exits.enter_context(psycopg.connect(url, autocommit=True, **LIMITS))
                for name, url in stack.databases.items()
            },
            client,
        )


def _one(connection: Any, query: str, *values: object) -> Any:
    row = connection.execute(query, values).fetchone()
    return row[0] if row else None
