"""One Apache Kafka broker that is its own controller, or one of a cluster of such (KRaft)."""

import base64
import importlib.resources
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from luban.cli.apache.jars import kafka_jars
from luban.cli.apache.java import java_program
from luban.cli.broker import Broker
from luban.cli.ports import LOOPBACK, free_port
from luban.cli.processes import ProcessError

_HEAP = ("-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData")
_QUICK = ("-XX:TieredStopAtLevel=1",)
"""Half the processor time of a start, for less speed later."""
_FORMAT_SECONDS = 60.0


@dataclass(frozen=True)
class Node:
    """A broker's place in its cluster: its number, and every controller's host:port by number, its own among them."""

    number: int
    controllers: Mapping[int, str]
    cluster_id: str

    @property
    def replicas(self) -> int:
        """Copies of the broker's own topics."""
        return min(3, len(self.controllers))


def new_cluster_id() -> str:
    """A random id in Kafka's own form: 16 bytes, base64url, and no dash before it, which would make an option of it."""
    made = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
    return new_cluster_id() if made.startswith("-") else made


class ApacheBroker(Broker):
    """Apache Kafka over `directory`, which is made at the first start and kept: its log survives a stop or kill.

    `durable=False` trades the promise that an acknowledged record survives a power cut for speed; only tests may, and
    clusters, whose replicas hold it. Without `node` it is a cluster of its own.
    """

    keeps_log = True
    start_seconds = 60.0

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        advertised: str | None = None,
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
        durable: bool = True,
        node: Node | None = None,
    ) -> None:
        super().__init__(directory.resolve(), port=port, advertised=advertised, log=log, environment=environment)
        self.node = node or Node(1, {1: f"{LOOPBACK}:{free_port()}"}, "")
        self._internal = f"{LOOPBACK}:{free_port()}"
        self._durable = durable

    def lose_log(self) -> None:
        """As after the loss of its disk: the next start begins an empty log, and topics made on it have new ids."""
        super().lose_log()
        shutil.rmtree(self._data, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def _command(self) -> tuple[str, ...]:
        self.directory.mkdir(parents=True, exist_ok=True)
        settings = importlib.resources.files("luban.cli.apache") / "log4j2.xml"
        (self.directory / "log4j2.xml").write_bytes(settings.read_bytes())
        if not self._data.exists():
            self._format()
        quick = () if self._durable else _QUICK
        return (*self._java(*quick), "kafka.Kafka", str(self._properties("server.properties", self._data)))

    def _java(self, *options: str) -> tuple[str, ...]:
        logging = f"-Dlog4j2.configurationFile={self.directory / 'log4j2.xml'}"
        return (java_program(), *_HEAP, *options, logging, "-cp", f"{kafka_jars()}/*")

    def _format(self) -> None:
        """Makes the data directory beside its place and moves it there when whole: a kill leaves no half one."""
        draft = self.directory / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        properties = self._properties("format.properties", draft)
        tool = ("kafka.tools.StorageTool", "format", "--cluster-id", self.node.cluster_id or new_cluster_id())
        done = subprocess.run(  # noqa: S603 -- our own program
            [*self._java(*_QUICK), *tool, "--config", str(properties)],
            capture_output=True,
            text=True,
            check=False,
            timeout=_FORMAT_SECONDS,
        )
        if done.returncode:
            raise ProcessError(f"Apache Kafka could not prepare {self._data}:\n{(done.stdout + done.stderr)[-2000:]}")
        draft.rename(self._data)

    def _properties(self, name: str, data: Path) -> Path:
        file = self.directory / name
        file.write_text("".join(f"{key}={value}\n" for key, value in self._settings(data).items()), encoding="utf-8")
        return file

    def _settings(self, data: Path) -> dict[str, str | int]:
        """Three listeners: a proxy may stand before the clients' one, and never between the nodes of a cluster."""
        node = self.node
        controller = node.controllers[node.number]
        settings: dict[str, str | int] = {
            "process.roles": "broker,controller",
            "node.id": node.number,
            "controller.quorum.voters": ",".join(f"{number}@{place}" for number, place in node.controllers.items()),
            "listeners": f"CLIENTS://{self.address},INTERNAL://{self._internal},CONTROLLER://{controller}",
            "advertised.listeners": f"CLIENTS://{self.advertised},INTERNAL://{self._internal}",
            "listener.security.protocol.map": "CLIENTS:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "INTERNAL",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(data),
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": 0,
            # A killed broker is taken back only when its session is over: 9 s by default.
            "broker.session.timeout.ms": 3_000,
            "broker.heartbeat.interval.ms": 500,
            "offsets.topic.num.partitions": 4,
            "log.cleaner.dedupe.buffer.size": 4 * 2**20,
        }
        for topic in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
            settings[f"{topic}.replication.factor"] = node.replicas
        for topic in ("transaction.state.log", "share.coordinator.state.topic"):
            settings[f"{topic}.min.isr"] = max(1, node.replicas - 1)
        if self._durable:
            settings["log.flush.interval.messages"] = 1
        return settings
