"""The load's client on real sockets: what it writes down, what it sends again, what stays in doubt."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from luban.cli.load.client import Caller, Client, Command, Patience
from luban.cli.load.employers import Employer, Employers, Question, ask
from luban.cli.load.faults import InDoubt, LoadError, NotArrived, Refused
from luban.cli.load.figures import Figures
from luban.cli.load.ledger import Ledger
from luban.cli.load.pace import Schedule
from luban.cli.load.plans.sitting import hand_in
from luban.cli.load.reading import Operation, read_book
from luban.cli.load.target import Target
from luban.cli.load.values import Values
from luban.cli.load.world import World
from luban.cli.ports import free_port

Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]
PATIENT = Patience(attempt=0.3, command=5.0, arrival=5.0)


def says(status: int, body: Any, *lines: str) -> Reply:
    """A whole answer."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        content = json.dumps(body).encode()
        head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", *lines]
        writer.write(("\r\n".join(head) + "\r\n\r\n").encode() + content)

    return reply


async def says_in_chunks(writer: asyncio.StreamWriter) -> None:
    """A chunked answer, in pieces."""
    writer.write(b'HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n')
    await writer.drain()
    await asyncio.sleep(0.01)
    writer.write(b"2\r\n1}\r\n0\r\n\r\n")


async def hangs_up(writer: asyncio.StreamWriter) -> None:
    """Half an answer, and the connection is gone."""
    writer.write(b"HTTP/1.1 201 X\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    writer.transport.abort()


async def says_nothing(writer: asyncio.StreamWriter) -> None:
    """As a stopped process."""
    del writer


@dataclass
class Server:
    """Answers by a list, and remembers what it was sent."""

    replies: list[Reply]
    port: int = field(default_factory=free_port)
    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    connections: int = 0
    on_request: Callable[[dict[str, str]], None] = lambda _: None
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _talks: list[asyncio.Task[Any]] = field(default_factory=list)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        listening = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        try:
            yield
        finally:
            listening.close()
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.gather(*self._talks, return_exceptions=True)

    @property
    def keys(self) -> list[str | None]:
        return [headers.get("idempotency-key") for _, headers, _ in self.seen]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.append(talk)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head.strip().split("\r\n")
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
                body = await reader.readexactly(int(headers["content-length"]))
                self.seen.append((first, headers, body))
                self.on_request(headers)
                await self.replies.pop(0)(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@dataclass
class Bench:
    """A client with its ledger beside a server."""

    directory: Path
    server: Server
    patience: Patience = PATIENT
    figures: Figures = field(default_factory=Figures)

    @property
    def stack_file(self) -> Path:
        return self.directory / "stack.json"

    def describe(self, port: int) -> None:
        names = ("registration", "exam", "certificate")
        self.stack_file.write_text(json.dumps({"urls": dict.fromkeys(names, f"http://127.0.0.1:{port}")}))

    def run(self, work: Callable[[Caller], Awaitable[Any]], *, up: bool = True) -> Any:
        """What the work gives, done by somebody with a token."""

        async def act() -> Any:
            client = Client(Target(self.stack_file), self.figures, self.patience)
            async with self.server.serve() if up else nullcontext():
                with Ledger.create(self.directory / "ledger") as ledger:
                    caller = Caller(client, Schedule(), b"Authorization: Bearer x\r\n", ledger.run)
                    try:
                        return await work(caller)
                    finally:
                        client.close()

        self.describe(self.server.port)
        return asyncio.run(act())

    def operations(self) -> list[Operation]:
        return list(read_book(self.directory / "ledger/run.jsonl").operations.values())


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., Bench]:
    return lambda *replies, patience=PATIENT: Bench(tmp_path, Server(list(replies)), patience)


ENTRY = Command("entries", "registration", "POST", "/v1/entries", {"plan_id": "p"})


async def enter(caller: Caller, command: Command = ENTRY) -> Any:
    return await caller.do(command, {"who": 1}, lambda told: {"entry_id": told.get("entry_id")})


def test_an_answer_is_written_down_and_its_connection_kept(bench: Callable[..., Bench]) -> None:
    both = bench(says(201, {"entry_id": "e1"}), says(201, {"entry_id": "e2"}))

    async def twice(caller: Caller) -> list[Any]:
        return [await enter(caller), await enter(caller)]

    assert both.run(twice) == [{"entry_id": "e1"}, {"entry_id": "e2"}]
    assert both.server.connections == 1
    assert len(set(both.server.keys)) == 2
    first, headers, body = both.server.seen[0]
    assert first == "POST /v1/entries HTTP/1.1"
    assert (headers["authorization"], headers["content-type"]) == ("Bearer x", "application/json")
    assert json.loads(body) == {"plan_id": "p"}
    assert [each.got for each in both.operations()] == [{"entry_id": "e1"}, {"entry_id": "e2"}]
    assert [each.op for each in both.operations()] == both.server.keys


def test_a_command_stands_in_the_ledger_before_it_is_sent(bench: Callable[..., Bench]) -> None:
    both, written = bench(says(201, {"entry_id": "e1"})), []
    both.server.on_request = lambda headers: written.append(
        headers["idempotency-key"] in (both.directory / "ledger/run.jsonl").read_text()
    )
    both.run(enter)
    assert written == [True]


def test_a_chunked_answer_is_read(bench: Callable[..., Bench]) -> None:
    assert bench(says_in_chunks).run(enter) == {"a": 1}


def test_a_server_that_closes_after_its_answer_is_connected_to_anew(bench: Callable[..., Bench]) -> None:
    both = bench(says(201, {}, "Connection: close"), says(201, {}))

    async def twice(caller: Caller) -> None:
        await enter(caller)
        await enter(caller)

    both.run(twice)
    assert both.server.connections == 2
    assert both.figures.of("entries").as_json(1.0)["errors"] == {}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(hangs_up, "lost"), (says_nothing, "timeout"), (says(503, {}), "http-503"), (says(500, {}), "http-500")],
)
def test_a_command_without_an_answer_is_sent_again_with_the_same_key(
    bench: Callable[..., Bench], fault: Reply, kind: str
) -> None:
    both = bench(fault, fault, says(201, {"entry_id": "e1"}, "Idempotent-Replayed: true"))
    assert both.run(enter) == {"entry_id": "e1"}
    assert len(both.server.keys) == 3
    assert len(set(both.server.keys)) == 1
    assert [each.acknowledged for each in both.operations()] == [True]
    found = both.figures.of("entries").as_json(1.0)
    assert (found["count"], found["errors"], found["retries"], found["replayed"]) == (1, {kind: 2}, 2, 1)


def test_a_service_that_is_away_is_waited_for(bench: Callable[..., Bench]) -> None:
    both = bench(says(201, {"entry_id": "e1"}))

    async def come_back(caller: Caller) -> Any:
        entering = asyncio.create_task(enter(caller))
        while not both.figures.of("entries").errors["connect"]:
            await asyncio.sleep(0.01)
        async with both.server.serve():
            return await entering

    assert both.run(come_back, up=False) == {"entry_id": "e1"}


def test_a_service_that_was_restarted_elsewhere_is_found(bench: Callable[..., Bench]) -> None:
    both = bench(says(201, {"entry_id": "e1"}))

    async def move(caller: Caller) -> Any:
        elsewhere = Server([says(201, {"entry_id": "e2"})])
        async with elsewhere.serve():
            both.describe(elsewhere.port)
            return await enter(caller)

    assert both.run(move, up=False) == {"entry_id": "e2"}


def test_a_command_whose_patience_ends_stays_in_doubt(bench: Callable[..., Bench]) -> None:
    both = bench(*[says(503, {})] * 50, patience=Patience(attempt=0.3, command=0.3, arrival=5.0))
    with pytest.raises(InDoubt, match=re.escape("POST registration/v1/entries: no answer (http-503)")):
        both.run(enter)
    assert [each.in_doubt for each in both.operations()] == [True]
    assert both.figures.of("entries").in_doubt == 1


def test_a_definite_refusal_is_written_down_and_never_sent_again(bench: Callable[..., Bench]) -> None:
    both = bench(says(409, {"type": "/problems/plan-full"}))
    with pytest.raises(Refused, match="409 plan-full"):
        both.run(enter)
    (operation,) = both.operations()
    assert (operation.status, operation.got) == (409, {"code": "plan-full"})
    assert both.figures.of("entries").errors == {"409 plan-full": 1}


def test_what_is_not_possible_yet_is_tried_until_it_is(bench: Callable[..., Bench]) -> None:
    not_yet = says(409, {"type": "/problems/plan-open"})
    both = bench(not_yet, not_yet, says(200, {"entry_id": "e1"}))
    command = Command("seats", "exam", "POST", "/v1/sittings/1/seats", not_yet=("plan-open",))
    assert both.run(lambda caller: enter(caller, command)) == {"entry_id": "e1"}
    assert len(set(both.server.keys)) == 1
    assert both.figures.of("seats").as_json(1.0)["errors"] == {}


def test_what_never_becomes_possible_is_told(bench: Callable[..., Bench]) -> None:
    both = bench(*[says(409, {"type": "/problems/plan-open"})] * 50, patience=Patience(0.3, 5.0, arrival=0.1))
    command = Command("seats", "exam", "POST", "/v1/sittings/1/seats", not_yet=("plan-open",))
    with pytest.raises(NotArrived, match="still plan-open"):
        both.run(lambda caller: enter(caller, command))


def test_a_check_without_an_answer_is_another_check_for_another_purpose(bench: Callable[..., Bench]) -> None:
    both = bench(says_nothing, says(200, {"jws": "signed"}))
    question = Question("S000037000072264000001", "name", "王伟", "MATCH", 1)
    told = both.run(lambda caller: ask(caller, question, Employer("k1", b"X-API-Key: k\r\n")))
    assert told == {"jws": "signed"}
    purposes = {json.loads(body)["purpose"] for _, _, body in both.server.seen}
    assert len(purposes) == 2
    assert both.server.keys == [None, None]
    assert [each.in_doubt for each in both.operations()] == [True, False]


def test_employers_who_were_refused_a_key_get_it_at_the_next_turn(bench: Callable[..., Bench]) -> None:
    key, refusal = says(201, {"key_id": "k", "key": "s"}), says(401, {"type": "/problems/token-invalid"})
    both = bench(key, key, key, key, refusal, key, key, says(200, {"revoked_at": "now"}))

    async def turn(caller: Caller) -> None:
        world = SimpleNamespace(values=Values(0, 1), province=None, ledger=SimpleNamespace(run=caller.book))
        world.caller = lambda *_: caller
        employers = Employers(cast("World", world))
        await employers.invite()
        with pytest.raises(Refused, match="401 token-invalid"):
            await employers.turn_over(None)
        await employers.turn_over(None)
        await employers.turn_over(None)

    both.run(turn)
    assert [each.status for each in both.operations()] == [201, 201, 201, 201, 401, 201, 201, 200]


@pytest.mark.parametrize(("items", "facts"), [([{"position": 1}], 1), ([], 0)])
def test_a_paper_that_shows_nothing_because_its_time_is_over_was_not_read_back(
    bench: Callable[..., Bench], items: list[Any], facts: int
) -> None:
    both = bench(
        says(200, {"items": items, "responses": {}}), says(200, {"state": "SUBMITTED", "submitted_at": "2026-05-06"})
    )
    both.run(lambda caller: hand_in(caller, Values(0, 1).person(0), "p"))
    assert (both.directory / "ledger/run.jsonl").read_text().count('"fact":"seen"') == facts


def test_latency_counts_every_attempt(bench: Callable[..., Bench]) -> None:
    both = bench(says_nothing, says(201, {}))
    both.run(enter)
    assert both.figures.of("entries").as_json(1.0)["latency_ms"]["max"] >= 300


def test_a_stack_whose_databases_do_not_answer_is_refused(tmp_path: Path) -> None:
    urls = dict.fromkeys(("registration", "exam", "certificate"), "http://127.0.0.1:1")
    databases = {"exam": "postgresql://x:x@127.0.0.1:1/x"}
    path = tmp_path / "stack.json"
    path.write_text(json.dumps({"urls": urls, "issuer_key": "/k", "demo": True, "databases": databases}))
    with pytest.raises(LoadError, match="its clock cannot be moved"):
        Target(path).require_whole_cycle()
