"""What every broker promises to those who start, stop and lose it, whichever the run uses."""

import socket
import socketserver
import threading
import uuid
from contextlib import suppress
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from luban.cli.broker import Broker
from luban.cli.ports import LOOPBACK
from luban.cli.processes import ProcessError
from tests.embedded import AnyBroker, new_broker
from tests.servers import Servers


@pytest.fixture
def process(servers: Servers, reachable_directory: Path) -> Broker:
    """A broker of the run's engine as a process of this machine, not started."""
    return new_broker(servers.engine, reachable_directory)


def made_topic(broker: AnyBroker) -> str:
    """The name of a new topic."""
    name = f"t-{uuid.uuid4()}"
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    admin.create_topics({name: {"num_partitions": 2, "replication_factor": 1}})
    admin.close()
    return name


def topic_id(broker: AnyBroker, name: str) -> str | None:
    """Its id, None where the broker has no such topic."""
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    (found,) = admin.describe_topics([name])
    admin.close()
    return str(found["topic_id"]) if found["error_code"] == 0 else None


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_topic_is_there_after_a_restart_exactly_where_the_log_is_kept(own_broker: AnyBroker, end: str) -> None:
    topic = made_topic(own_broker)
    before = topic_id(own_broker, topic)
    getattr(own_broker, end)()
    own_broker.start()
    assert topic_id(own_broker, topic) == (before if own_broker.keeps_log else None)


def test_a_broker_that_lost_its_log_is_empty(own_broker: AnyBroker) -> None:
    topic = made_topic(own_broker)
    own_broker.kill()
    own_broker.lose_log()
    own_broker.start()
    assert topic_id(own_broker, topic) is None


def test_a_broker_that_runs_keeps_its_log(process: Broker) -> None:
    with process, pytest.raises(ProcessError, match="stop or kill it first"):
        process.lose_log()


class Forwarding(socketserver.StreamRequestHandler):
    """A proxy's connection to a broker: bytes pass both ways until either side ends."""

    def handle(self) -> None:
        assert isinstance(self.server, Proxy)
        with socket.create_connection((LOOPBACK, self.server.port_of_broker)) as broker:
            self.server.connections += 1
            back = threading.Thread(target=_pass_on, args=(broker, self.connection))
            back.start()
            _pass_on(self.connection, broker)
            back.join()


class Proxy(socketserver.ThreadingTCPServer):
    """Stands before a broker, and counts who comes."""

    port_of_broker = connections = 0


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while some := source.recv(65536):
            target.sendall(some)
        target.shutdown(socket.SHUT_WR)


def test_clients_are_told_the_advertised_address_and_come_there(process: Broker) -> None:
    with Proxy((LOOPBACK, 0), Forwarding) as proxy:
        process.advertised = f"{LOOPBACK}:{proxy.server_address[1]}"
        proxy.port_of_broker = process.port
        threading.Thread(target=proxy.serve_forever).start()
        with process:
            admin = KafkaAdminClient(bootstrap_servers=process.address)
            (node,) = admin.describe_cluster()["brokers"]
            admin.close()
        proxy.shutdown()
    assert f"{node['host']}:{node['port']}" == process.advertised
    assert proxy.connections


def test_a_broker_that_cannot_listen_says_so_and_leaves_nothing(process: Broker) -> None:
    with socket.create_server(("127.0.0.1", process.port)), pytest.raises(ProcessError, match=r"(?i)address.* in use"):
        process.start()
    assert process.child is None
