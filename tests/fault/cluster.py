"""Three Apache Kafka brokers on this machine, each of them a controller too, and what is asked of such a cluster."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from luban.cli.apache import ApacheBroker, Node
from luban.cli.apache.broker import new_cluster_id
from luban.cli.ports import LOOPBACK, free_port
from luban.cli.processes import wait_until

SIZE = REPLICATION = 3
SECONDS = 90.0


class Cluster:
    """Brokers by number. One that is down is in `brokers` too."""

    def __init__(self, directory: Path) -> None:
        numbers = range(1, SIZE + 1)
        controllers = {number: f"{LOOPBACK}:{free_port()}" for number in numbers}
        cluster_id = new_cluster_id()
        self.brokers = {
            number: ApacheBroker(
                directory / f"broker-{number}", durable=False, node=Node(number, controllers, cluster_id)
            )
            for number in numbers
        }

    @property
    def address(self) -> str:
        """All of them, as a client is told."""
        return ",".join(broker.address for broker in self.brokers.values())

    def start(self) -> None:
        """Starts those that are down, together: a single one would wait for a majority."""
        down = [broker for broker in self.brokers.values() if broker.child is None]
        for broker in down:
            broker.launch()
        for broker in down:
            broker.await_start(SECONDS)

    def stop(self) -> None:
        """Ends all of them; the last cannot leave in good order, as nobody is left to lead."""
        for broker in self.brokers.values():
            broker.kill()

    def leader(self, topic: str, partition: int = 0) -> int:
        """The number of the broker that leads a partition, of those that are up."""
        with self._asked() as admin:
            (found,) = admin.describe_topics([topic])
        return next(int(each["leader_id"]) for each in found["partitions"] if each["partition_index"] == partition)

    def active_controller(self) -> int:
        """The number of the broker whose controller leads the quorum."""
        with self._asked() as admin:
            quorum = admin.describe_metadata_quorum()
        return int(quorum["topics"][0]["partitions"][0]["leader_id"])

    def await_full(self) -> None:
        """Waits until every partition has all its replicas in sync again. Raises AssertionError when it does not."""
        assert wait_until(lambda: not self._behind(), SECONDS, every=0.2), self._behind()

    def _behind(self) -> Mapping[str, Any]:
        """Partitions that lack an in-sync replica or a leader."""
        try:
            with self._asked() as admin:
                topics = admin.describe_topics()
        except KafkaError as error:
            return {"cluster": error}
        return {
            f"{topic['name']}/{each['partition_index']}": each["isr_nodes"]
            for topic in topics
            for each in topic["partitions"]
            if len(each["isr_nodes"]) < len(each["replica_nodes"]) or each["leader_id"] < 0
        }

    @contextmanager
    def _asked(self) -> Iterator[Any]:
        admin = KafkaAdminClient(bootstrap_servers=self.address, request_timeout_ms=10_000)
        try:
            yield admin
        finally:
            admin.close()
