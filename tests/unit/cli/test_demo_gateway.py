"""The demo's client: what it sends again, and what it takes as it is."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from luban.cli.demo.faults import DemoError
from luban.cli.demo.gateway import Caller, Gateway, wait_for
from tests.unit.cli.stacks import a_stack

Reply = httpx.Response | Exception


class Server:
    """Answers by a list, and remembers what it was sent."""

    def __init__(self, *replies: Reply, then: Callable[[], None] = lambda: None) -> None:
        self._replies = iter(replies)
        self._then = then
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        reply = next(self._replies)
        self._then()
        if isinstance(reply, Exception):
            raise reply
        return reply

    @property
    def keys(self) -> set[str | None]:
        return {request.headers.get("idempotency-key") for request in self.seen}


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    path = tmp_path / "stack.json"
    path.write_text(json.dumps(a_stack().as_json()), encoding="utf-8")
    return path


@pytest.fixture
def caller(stack_file: Path) -> Iterator[Callable[..., Caller]]:
    opened: list[Gateway] = []

    def make(server: Server, credentials: dict[str, str] | None = None) -> Caller:
        gateway = Gateway(stack_file, httpx.MockTransport(server))
        opened.append(gateway)
        return Caller(gateway, "exam", {"Authorization": "Bearer x"} if credentials is None else credentials)

    yield make
    for gateway in opened:
        gateway.__exit__()


def test_a_stack_that_is_away_gets_the_same_command_with_the_same_key(caller: Callable[..., Caller]) -> None:
    server = Server(httpx.ConnectError("away"), httpx.Response(503), httpx.Response(201, json={"sitting_id": "1"}))
    assert caller(server).post("/v1/sittings", {"seats": 30}).json() == {"sitting_id": "1"}
    assert len(server.seen) == 3
    assert len(server.keys) == 1
    assert None not in server.keys


@pytest.mark.parametrize("status", [400, 401, 409, 422, 500])
def test_any_other_answer_is_final(caller: Callable[..., Caller], status: int) -> None:
    server = Server(httpx.Response(status, json={"type": "/problems/room-taken"}))
    with pytest.raises(DemoError, match=f"POST exam/v1/sittings: {status} where 201 was due"):
        caller(server).post("/v1/sittings", {}, expect=(201,))
    assert len(server.seen) == 1


def test_a_refusal_that_is_due_is_an_answer(caller: Callable[..., Caller]) -> None:
    server = Server(httpx.Response(409, json={"type": "/problems/same-person"}))
    assert caller(server).post("/v1/submissions/1/confirm", expect=(409,)).code == "same-person"


def test_every_command_has_a_key_of_its_own_and_nobodys_have_none(caller: Callable[..., Caller]) -> None:
    server = Server(*(httpx.Response(200, json={}) for _ in range(3)))
    somebody = caller(server)
    somebody.put("/v1/candidates/me", {})
    somebody.put("/v1/candidates/me", {})
    assert len(server.keys) == 2
    nobody = Server(httpx.Response(201, json={}))
    caller(nobody, {}).post("/v1/plans/1/objections", {})
    assert nobody.keys == {None}


def test_a_stack_that_came_back_elsewhere_is_found(caller: Callable[..., Caller], stack_file: Path) -> None:
    def move() -> None:
        moved = a_stack(urls={"exam": "http://127.0.0.1:9999"})
        stack_file.write_text(json.dumps(moved.as_json()), encoding="utf-8")

    server = Server(httpx.ConnectError("away"), httpx.Response(200, json={}), then=move)
    caller(server).get("/v1/results")
    assert [request.url.port for request in server.seen] == [8002, 9999]


def test_a_list_is_read_page_by_page(caller: Callable[..., Caller]) -> None:
    first = httpx.Response(200, json={"items": [{"n": 1}, {"n": 2}], "next": "more"})
    server = Server(first, httpx.Response(200, json={"items": [{"n": 3}], "next": None}))
    assert [row["n"] for row in caller(server).all("/v1/results", plan_id="p")] == [1, 2, 3]
    assert [dict(request.url.params).get("cursor") for request in server.seen] == [None, "more"]


def test_what_does_not_come_in_time_is_named() -> None:
    with pytest.raises(DemoError, match="waited 0 s for rain"):
        wait_for("rain", lambda: None, seconds=0)
