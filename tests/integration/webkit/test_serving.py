"""The server as a process: it stops when told, keeps no orphan, and large bodies do not fill its memory."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import IO

import psutil
import pytest

ROOT = Path(__file__).parents[3]


class Server:
    """A running server and the lines it prints."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.webkit.served", str(folder), str(self.port)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.lines: IO[str] = self.process.stdout

    def await_line(self, part: str) -> str:
        """Reads on until a line holds `part`."""
        return next(line for line in self.lines if part in line)

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=20)

    def get(self, path: str) -> bytes:
        """The answer's content, over a connection of its own."""
        with closing(self.connect()) as connection:
            connection.request("GET", path)
            return connection.getresponse().read()

    def stop(self) -> float:
        """Sends SIGTERM; the seconds until the process is gone."""
        began = time.monotonic()
        self.process.terminate()
        self.process.wait(20)
        return time.monotonic() - began


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path)
    started.await_line("listening on")
    while not accepts(started.port):
        assert started.process.poll() is None
    yield started
    started.process.kill()
    started.process.wait()
    started.lines.close()


def accepts(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def test_it_stops_at_once_with_idle_connections_open(server: Server) -> None:
    connection = server.connect()
    connection.request("GET", "/empty")
    assert connection.getresponse().read() == b'{"ok":true}'
    assert server.stop() < 5
    assert server.process.returncode == 0
    assert not accepts(server.port)
    connection.close()


def test_a_request_under_way_is_answered_before_it_stops(server: Server) -> None:
    answers: list[bytes] = []
    asking = threading.Thread(target=lambda: answers.append(server.get("/slow/1.5")))
    asking.start()
    server.await_line("slow has begun")
    assert server.stop() < 5
    asking.join(5)
    assert answers == [b'{"ok":true}']


def test_a_request_without_end_cannot_hold_it(server: Server) -> None:
    connection = server.connect()
    connection.request("GET", "/slow/60")
    server.await_line("slow has begun")
    assert server.stop() < 5
    assert server.process.returncode == 1
    connection.close()


def test_nobody_keeps_the_port_when_it_is_killed(server: Server) -> None:
    assert psutil.Process(server.process.pid).children() == []
    server.process.kill()
    server.process.wait(5)
    assert not accepts(server.port)


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_of_fifty_megabytes_is_refused_without_being_held(server: Server, declared: bool) -> None:
    process = psutil.Process(server.process.pid)
    server.get("/empty")
    before = process.memory_info().rss
    status, sent, document = send_large(server, 50_000_000, declared=declared)
    assert status == 413
    assert document["type"] == "/problems/content-too-large"
    assert sent < 50_000_000
    assert process.memory_info().rss - before < 15_000_000
    assert server.get("/empty") == b'{"ok":true}'


def send_large(server: Server, size: int, *, declared: bool) -> tuple[int, int, dict[str, object]]:
    """Sends a JSON body until the server has had enough; (status, bytes sent, problem)."""
    connection = server.connect()
    connection.putrequest("POST", "/bodies")
    connection.putheader("Content-Type", "application/json")
    connection.putheader(*(("Content-Length", str(size)) if declared else ("Transfer-Encoding", "chunked")))
    connection.endheaders()
    chunk = b'"' + b"x" * 65_535
    framed = chunk if declared else b"10000\r\n" + chunk + b"\r\n"
    sent = 0
    with suppress(OSError):
        while sent < size:
            connection.send(framed)
            sent += len(chunk)
    response = connection.getresponse()
    answer = response.status, sent, json.loads(response.read())
    connection.close()
    return answer


def test_the_log_is_json_without_query_or_token(server: Server) -> None:
    connection = server.connect()
    connection.request("GET", "/empty?id=110101199003070000", headers={"Authorization": "Bearer secret"})
    assert connection.getresponse().status == 401
    line = server.await_line('"request"')
    assert "110101" not in line
    assert "secret" not in line
    logged = json.loads(line)
    assert (logged["service"], logged["path"], logged["status"]) == ("served", "/empty", 401)
    connection.close()
