"""PostgreSQL and Apache Kafka in containers, with the shape of the embedded ones."""

import gc
import os
import secrets
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Self

from docker.errors import DockerException
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from luban.cli.ports import free_port
from luban.cli.processes import ProcessError, wait_until

KAFKA_VERSION = "4.3.1"
POSTGRES_IMAGE, KAFKA_IMAGE = "postgres:18", f"apache/kafka:{KAFKA_VERSION}"
IMAGES = (POSTGRES_IMAGE, KAFKA_IMAGE)
INITDB = "--encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8"
"""As the embedded server and docker-compose.yml."""
FAST = "postgres -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=100 -c jit=off"
PULL_SECONDS = 120
START_SECONDS = 120.0
CLIENTS_PORT = 19092
DATA = "/var/lib/kafka/data"
# Length 10, API key 18 (ApiVersions) version 0, correlation id "LUBN", no client id; its answer without the length.
QUESTION, ANSWER = b"\0\0\0\x0a\0\x12\0\0LUBN\xff\xff", b"LUBN\0\0"


def what_is_lacking() -> str:
    """Why containers cannot be had, empty where they can. Pulls the images that are missing."""
    engine = _engine()
    if engine is None:
        _forget_sockets()
        return "no Docker engine answers"
    try:
        missing = [image for image in IMAGES if not _have(engine, image)]
        if not missing and not testcontainers_config.ryuk_disabled:
            _do_without_reaper_if_missing(engine)
        return f"there is no image {' and '.join(missing)} here, and pulling it failed" if missing else ""
    finally:
        engine.close()


def _engine() -> Any:
    with suppress(DockerException, OSError):
        engine = DockerClient(timeout=PULL_SECONDS).client
        engine.ping()
        return engine
    return None


def _forget_sockets() -> None:
    """Those of a client that found no engine are left to the garbage collector: here and now, not in some test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def _do_without_reaper_if_missing(engine: Any) -> None:
    """testcontainers' reaper only ends what a killed run leaves behind: no reason to do without containers."""
    if not _have(engine, testcontainers_config.ryuk_image):
        os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"
        testcontainers_config.ryuk_disabled = True


def _have(engine: Any, image: str) -> bool:
    with suppress(DockerException):
        engine.images.get(image)
        return True
    with suppress(DockerException, OSError):
        print(f"pulling {image}")
        engine.images.pull(image)
        return True
    return False


@dataclass(frozen=True)
class PostgresInContainer:
    """A running server."""

    admin_url: str


@contextmanager
def postgres_container() -> Iterator[PostgresInContainer]:
    """A server that trades durability for speed."""
    container = PostgresContainer(
        POSTGRES_IMAGE, username="postgres", password=secrets.token_urlsafe(24), dbname="postgres", driver=None
    )
    with container.with_env("POSTGRES_INITDB_ARGS", INITDB).with_command(FAST) as running:
        yield PostgresInContainer(running.get_connection_url())


class ContainerBroker:
    """Apache Kafka in a container that keeps its log in the container's own volume."""

    keeps_log: ClassVar[bool] = True

    def __init__(self) -> None:
        self._port = free_port()
        self._container: DockerContainer | None = None

    @property
    def address(self) -> str:
        """host:port."""
        return f"{self._host}:{self._port}"

    def start(self) -> None:
        """Starts it, or starts it again, and waits until it takes requests."""
        if self._container is None:
            self._container = self._new()
            self._container.start()
        else:
            self._container.get_wrapped_container().start()
        if not wait_until(self._answers, START_SECONDS, every=0.1):
            said = b"".join(self._container.get_logs())[-2000:].decode(errors="replace")
            raise ProcessError(f"the broker's container did not answer:\n{said}")

    def stop(self) -> None:
        """Ends the broker gracefully; the container stays."""
        if self._container is not None:
            self._container.get_wrapped_container().stop()

    def kill(self) -> None:
        """SIGKILL; the container stays."""
        if self._container is not None:
            self._container.get_wrapped_container().kill()

    def pause(self) -> None:
        """Freezes all its processes."""
        if self._container is not None:
            self._container.get_wrapped_container().pause()

    def resume(self) -> None:
        """Lets them go on."""
        if self._container is not None:
            self._container.get_wrapped_container().unpause()

    def lose_log(self) -> None:
        """Removes the container with its volume: the next start makes another."""
        if self._container is not None:
            self._container.stop()
            self._container = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lose_log()

    @property
    def _host(self) -> str:
        client = DockerClient()
        try:
            return client.host()
        finally:
            client.client.close()

    def _new(self) -> DockerContainer:
        container = DockerContainer(KAFKA_IMAGE).with_bind_ports(CLIENTS_PORT, self._port)
        for name, value in self._settings().items():
            container.with_env(name, value)
        return container

    def _settings(self) -> dict[str, str]:
        single = ("OFFSETS_TOPIC", "TRANSACTION_STATE_LOG", "SHARE_COORDINATOR_STATE_TOPIC")
        return {
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_LISTENERS": f"INTERNAL://:9092,CONTROLLER://:9093,CLIENTS://:{CLIENTS_PORT}",
            "KAFKA_ADVERTISED_LISTENERS": f"INTERNAL://localhost:9092,CLIENTS://{self.address}",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT,CLIENTS:PLAINTEXT",
            "KAFKA_INTER_BROKER_LISTENER_NAME": "INTERNAL",
            "KAFKA_LOG_DIRS": DATA,
            "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
            "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
            "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "4",
            "KAFKA_BROKER_SESSION_TIMEOUT_MS": "3000",
            "KAFKA_BROKER_HEARTBEAT_INTERVAL_MS": "500",
            "KAFKA_HEAP_OPTS": "-Xms64m -Xmx512m",
            "KAFKA_JVM_PERFORMANCE_OPTS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
            **{f"KAFKA_{name}_REPLICATION_FACTOR": "1" for name in single},
            **{f"KAFKA_{name}_MIN_ISR": "1" for name in single[1:]},
        }

    def _answers(self) -> bool:
        """Docker's own proxy accepts before the broker listens: only an answer counts."""
        with suppress(OSError), socket.create_connection((self._host, self._port), timeout=1.0) as connection:
            connection.sendall(QUESTION)
            return connection.recv(10)[4:] == ANSWER
        return False
