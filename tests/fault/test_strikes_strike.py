"""What the matrix strikes with does what it says: else a green matrix would prove nothing."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from luban.cli.ports import LOOPBACK, free_port
from luban.cli.processes import wait_until
from tests.fault.clocks import Clocks
from tests.fault.disks import small_disk
from tests.fault.network import FIRST_GROUP, End, Network, Way, own_network

GROUP = FIRST_GROUP + 99
ECHO = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = server.accept()
    while asked := connection.recv(100):
        connection.sendall(asked.upper())
"""
ASK = """
import socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
for line in sys.stdin:
    connection.sendall(line.encode())
    sys.stdout.write(connection.recv(100).decode())
    sys.stdout.flush()
"""


class Talk:
    """Somebody of a marked group who asks an unmarked server, and a marked server whom we ask."""

    def __init__(self, network: Network) -> None:
        self.network = network
        network.mark([GROUP])
        self.server_port, self.struck_port = free_port(), free_port()
        self.programs = [_python(ECHO, self.server_port), _python(ECHO, self.struck_port, GROUP)]
        for port in (self.server_port, self.struck_port):
            assert wait_until(lambda port=port: _listens(port), 10)  # type: ignore[misc]
        self.asker = _python(ASK, self.server_port, GROUP)
        self.programs.append(self.asker)
        self.caller = socket.create_connection((LOOPBACK, self.struck_port))
        assert self.asked()
        assert self.heard()

    def asked(self, seconds: float = 5.0) -> bool:
        """Whether the struck process gets an answer from its server."""
        assert self.asker.stdin
        assert self.asker.stdout
        self.asker.stdin.write(b"a\n")
        self.asker.stdin.flush()
        os.set_blocking(self.asker.stdout.fileno(), False)
        return wait_until(lambda: bool(self.asker.stdout and self.asker.stdout.read(100)), seconds)

    def heard(self, seconds: float = 5.0) -> bool:
        """Whether the struck server answers us."""
        self.caller.settimeout(seconds)
        try:
            self.caller.sendall(b"a")
            return bool(self.caller.recv(100))
        except TimeoutError:
            return False

    def queued_at(self, port: int) -> int:
        """Bytes that have arrived at a server's port, on all of its connections."""
        found = subprocess.run(["ss", "-Htin", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
        return sum(int(part.split(":")[1]) for part in found.split() if part.startswith("bytes_received:"))

    def end(self) -> None:
        self.caller.close()
        for program in self.programs:
            program.kill()
            program.communicate()


@pytest.fixture
def talk() -> Iterator[Talk]:
    with own_network() as network:
        made = Talk(network)
        yield made
        made.end()


@pytest.mark.parametrize("way", Way)
def test_a_process_that_is_cut_off_gets_no_answer_and_gives_none(talk: Talk, way: Way) -> None:
    """Whichever direction is lost; which it was shows in what arrived at the other end."""
    before = talk.queued_at(talk.server_port), talk.queued_at(talk.struck_port)
    with talk.network.cut_off(End((talk.struck_port,), GROUP), way):
        assert not talk.asked(1.0)
        assert not talk.heard(1.0)
        gone_out = talk.queued_at(talk.server_port) > before[0]
        come_in = talk.queued_at(talk.struck_port) > before[1]
    assert (gone_out, come_in) == (way is Way.IN, way is Way.OUT)
    assert talk.asked()
    assert talk.heard()


def test_a_cut_between_two_leaves_the_rest_alone(talk: Talk) -> None:
    with talk.network.cut_between(GROUP, talk.server_port):
        assert not talk.asked(1.0)
        assert talk.heard()
    assert talk.asked()


@pytest.mark.parametrize("way", Way)
def test_a_cut_everywhere_stops_everybody(talk: Talk, way: Way) -> None:
    with talk.network.cut_everywhere(way):
        assert not talk.asked(1.0)
        assert not talk.heard(1.0)
    assert talk.asked()
    assert talk.heard()


LOOK = "import sys, time, uuid_utils\nfor _ in sys.stdin: print(time.time(), time.monotonic(), flush=True)"


class Watch:
    """A process that looks at its clocks when it is asked."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", LOOK],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def look(self) -> tuple[float, float]:
        """Wall clock and monotonic clock."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        wall, monotonic = map(float, self.process.stdout.readline().split())
        return wall, monotonic

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_a_clock_is_stepped_alone_and_no_monotonic_one_with_it(tmp_path: Path) -> None:
    clocks = Clocks(tmp_path / "clocks", ["this", "other"])
    this, other = Watch(clocks.environment("this")), Watch(clocks.environment("other"))
    for off in (0, 3600, -3600, 0):
        clocks.step(["this"], timedelta(seconds=off))
        (wall, monotonic), (true_wall, true_monotonic) = this.look(), other.look()
        assert wall - true_wall == pytest.approx(off, abs=2)
        assert monotonic == pytest.approx(true_monotonic, abs=2)
    this.end()
    other.end()


def test_a_full_disk_takes_not_a_byte_more_until_it_is_freed(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2) as disk:
        file = tmp_path / "disk" / "file"
        with disk.full(), pytest.raises(OSError, match="No space left"):
            file.write_bytes(b"x" * 5000)
        file.write_bytes(b"x" * 5000)


def _python(program: str, port: int, group: int | None = None) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", program, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, group=group
    )


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False
