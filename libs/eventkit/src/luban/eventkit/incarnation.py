"""Which life of a topic the broker holds. A broker that lost its log gives its topics new ids."""

import logging
import time
from collections.abc import Mapping

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from luban.contracts.catalogue import TOPICS
from luban.eventkit import connecting
from luban.eventkit.starting import CannotStartError

log = logging.getLogger(__name__)


class TopicMismatchError(CannotStartError):
    """A topic has another number of partitions than the catalogue says: start nothing."""


class TopicMissingError(KafkaError):  # type: ignore[misc]  # kafka-python ships no types
    """A topic is not there: not yet, not yet again, or not known to the broker that was asked. It passes, like an
    outage."""


class Incarnations:
    """Topic ids as last seen, looked up again at most once in `interval` seconds unless asked to."""

    def __init__(self, broker: str, profile: str, interval: float = 1.0) -> None:
        self._broker = broker
        self._expected = {topic.name: topic.partitions(profile) for topic in TOPICS}
        self._interval = interval
        self._client: KafkaAdminClient | None = None
        self._seen: dict[str, str] = {}
        self._looked_at = 0.0

    def current(self) -> Mapping[str, str]:
        """Topic name to topic id. Raises KafkaError, TopicMismatchError."""
        if not self._seen or time.monotonic() - self._looked_at >= self._interval:
            self.refresh()
        return self._seen

    def refresh(self) -> Mapping[str, str]:
        """Asks the broker now. Raises KafkaError, TopicMismatchError."""
        self._seen = self._describe()
        self._looked_at = time.monotonic()
        return self._seen

    def _describe(self) -> dict[str, str]:
        try:
            self._client = self._client or KafkaAdminClient(
                bootstrap_servers=self._broker, request_timeout_ms=5000, **connecting.BROKER
            )
            described = {topic["name"]: topic for topic in self._client.describe_topics(list(self._expected))}
        except Exception:
            self.close()
            raise
        for name, partitions in self._expected.items():
            _check(name, partitions, described.get(name))
        return {name: described[name]["topic_id"] for name in self._expected}

    @property
    def age(self) -> float:
        """Seconds since the broker last answered; infinite before it did."""
        return time.monotonic() - self._looked_at if self._seen else float("inf")

    def close(self) -> None:
        """Lets the connection go; the next look-up opens another."""
        client, self._client = self._client, None
        if client is not None:
            try:
                client.close()
            except KafkaError:
                return


def _check(name: str, partitions: int, found: Mapping[str, object] | None) -> None:
    if found is None or found["error_code"] != 0:
        log.warning("topic %s is not there; `luban topics` makes it", name)
        raise TopicMissingError(name)
    listed = found["partitions"]
    assert isinstance(listed, list)
    if len(listed) != partitions:
        raise TopicMismatchError(
            f"topic {name} has {len(listed)} partitions, and the catalogue says {partitions}: with another number keys"
            " have other partitions. Start with the LUBAN_PROFILE it was made for, or have it made anew by"
            f" `luban topics --renew {name}`"
        )
