"""What a caller of any service sees: problems, limits, roles, headers and logs."""

import json
import logging
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import httpx
import pytest
from anyio import create_task_group, lowlevel
from fastapi import APIRouter, Depends, FastAPI, Form, UploadFile
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.exc import DataError

from luban.reference.refusal import Conflict, Forbidden, Invalid, NotFound
from luban.webkit.application import create_app
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.limits import DEFAULT_MAX_BODY, max_body
from luban.webkit.logs import JsonFormatter
from luban.webkit.problem import too_many_requests
from luban.webkit.routes import UndeclaredRouteError, routes_and_roles
from tests.unit.webkit.rig import Rig, build_rig

pytestmark = pytest.mark.anyio

Anyone = Annotated[Call, Depends(allow(Role.PUBLIC))]
Staff = Annotated[Call, Depends(allow(Role.BODY_STAFF, Role.PROVINCE_STAFF))]
router = APIRouter(prefix="/things")
REFUSALS = {"invalid": Invalid, "missing": NotFound, "forbidden": Forbidden, "conflict": Conflict}
SECRET = "110101199003070000"  # an ID number that no answer and no log may show


class Thing(BaseModel):
    """A body with rules."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=5)
    level: Literal["1", "2"] = "1"
    at: AwareDatetime | None = None
    marks: dict[str, int] = {}
    owner: UUID | None = None


@router.get("/refused/{kind}")
def refused(kind: str, call: Anyone) -> None:
    raise REFUSALS[kind]("some-rule", zh="不行：{limit}", en="no: {limit}", limit=3)


@router.get("/broken")
def broken(call: Anyone) -> None:
    raise RuntimeError(SECRET)


@router.get("/unstorable")
def unstorable(call: Anyone) -> None:
    raise DataError("insert", {}, ValueError(SECRET))


@router.get("/quota")
def quota(call: Anyone) -> None:
    raise too_many_requests(30)


@router.get("/database")
def database(call: Anyone) -> int:
    return call.read(lambda uow: int(uow.sql("select 1").rowcount))


@router.post("")
def make(thing: Thing, call: Staff) -> dict[str, str]:
    return {"by": call.principal.actor}


@router.get("/mine")
def mine(call: Anyone) -> dict[str, Any]:
    return {"by": call.principal.actor, "roles": sorted(call.principal.roles), "language": call.language}


@router.post("/form")
@max_body(200_000)
def form(file: UploadFile, note: Annotated[str, Form()], call: Staff) -> dict[str, Any]:
    return {"size": len(file.file.read()), "note": note}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return build_rig(tmp_path, [router])


@pytest.fixture
async def client(rig: Rig) -> AsyncIterator[httpx.AsyncClient]:
    async with rig.client() as client:
        yield client


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document, checked for what every one of them has."""
    document: dict[str, Any] = response.json()
    assert (response.status_code, document["status"], document["type"]) == (status, status, f"/problems/{code}")
    assert response.headers["content-type"] == "application/problem+json"
    assert document["correlation_id"] == response.headers["x-correlation-id"]
    assert document["instance"] == f"urn:uuid:{document['correlation_id']}"
    assert document["title"]
    assert SECRET not in response.text
    return document


@pytest.mark.parametrize(
    ("kind", "status"), [("invalid", 422), ("missing", 404), ("forbidden", 403), ("conflict", 409)]
)
async def test_a_refusal_is_a_problem_in_either_language(client: httpx.AsyncClient, kind: str, status: int) -> None:
    chinese = problem(await client.get(f"/things/refused/{kind}"), status, "some-rule")
    assert (chinese["detail"], chinese["params"]) == ("不行：3", {"limit": 3})
    english = await client.get(f"/things/refused/{kind}", headers={"Accept-Language": "en"})
    assert problem(english, status, "some-rule")["detail"] == "no: 3"
    assert english.headers["content-language"] == "en"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("GET", "/things/", 404, "not-found"),
        ("DELETE", "/things", 405, "method-not-allowed"),
        ("DELETE", "/things/mine", 405, "method-not-allowed"),
        ("GET", "/things/quota", 429, "too-many-requests"),
        ("GET", "/things/unstorable", 422, "request-invalid"),
        ("GET", "/things/broken", 500, "internal-error"),
        ("GET", "/things/database", 503, "temporarily-unavailable"),
    ],
)
async def test_every_error_is_a_problem(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    response = await client.request(method, path)
    problem(response, status, code)
    assert ("retry-after" in response.headers) == (status in {429, 503})


async def test_the_log_of_a_failure_shows_where_but_not_what(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "luban.http")
    await client.get(f"/things/broken?id={SECRET}")
    await lowlevel.checkpoint()
    lines = [JsonFormatter("test").format(record) for record in caplog.records]
    assert SECRET not in "".join(lines)
    failed = next(json.loads(line) for line in lines if "exception" in line)
    assert failed["exception"]["type"] == "builtins.RuntimeError"
    assert failed["exception"]["at"][-1].endswith(" broken")
    answered = json.loads(lines[-1])
    assert (answered["method"], answered["path"], answered["status"]) == ("GET", "/things/broken", 500)


async def test_each_of_the_requests_that_end_in_one_turn_has_a_line_of_its_own(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "luban.http")
    asked = {str(uuid4()) for _ in range(5)}
    async with create_task_group() as group:
        for each in asked:
            group.start_soon(partial(client.get, "/things/refused/missing", headers={"X-Correlation-Id": each}))
    await lowlevel.checkpoint()
    lines = "\n".join(JsonFormatter("test").format(record) for record in caplog.records).splitlines()
    assert {json.loads(line)["correlation_id"] for line in lines} == asked
    assert len(lines) == len(asked)


async def test_a_path_that_matches_nothing_is_not_logged(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "luban.http")
    await client.get(f"/{SECRET}")
    await lowlevel.checkpoint()
    line = JsonFormatter("test").format(caplog.records[-1])
    assert json.loads(line)["path"] == "-"
    assert SECRET not in line


async def test_wrong_fields_are_named_but_never_repeated(client: httpx.AsyncClient, rig: Rig) -> None:
    body = {
        "name": SECRET,
        "level": SECRET,
        "at": SECRET,
        "marks": {SECRET: SECRET + "X"},
        "owner": SECRET,
        "ZhangSan": 1,
    }
    response = await client.post("/things", json=body, headers=rig.token(Role.BODY_STAFF))
    document = problem(response, 422, "request-invalid")
    assert "ZhangSan" not in response.text
    assert {error["field"]: error["reason"] for error in document["errors"]} == {
        "body.name": "长度不得超过 5",
        "body.level": "必须是 '1' or '2' 之一",
        "body.at": "必须是日期时间（RFC 3339）",
        "body.marks.*": "必须是整数",
        "body.owner": "必须是 UUID",
        "body.*": "不允许的字段",
    }


@pytest.mark.parametrize(
    "body", ["{", "[" * 100_0, '{"name": NaN}', '{"name": "\ud800"}'.encode("utf-8", "surrogatepass")]
)
async def test_a_broken_body_is_a_problem(client: httpx.AsyncClient, rig: Rig, body: str | bytes) -> None:
    headers = rig.token(Role.BODY_STAFF) | {"Content-Type": "application/json"}
    response = await client.post("/things", content=body, headers=headers)
    assert response.status_code in {400, 422}
    problem(response, response.status_code, response.json()["type"].removeprefix("/problems/"))


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/things", "text/plain"),
        ("/things", ""),
        ("/things", "multipart/form-data; boundary=x"),
        ("/things/form", "application/json"),
    ],
)
async def test_a_body_of_the_wrong_kind_is_415(
    client: httpx.AsyncClient, rig: Rig, path: str, content_type: str
) -> None:
    headers = rig.token(Role.BODY_STAFF) | ({"Content-Type": content_type} if content_type else {})
    problem(await client.post(path, content=b"{}", headers=headers), 415, "media-type-unsupported")


class TestRoles:
    """Who gets in."""

    async def test_nobody_gets_401_and_another_role_403(self, client: httpx.AsyncClient, rig: Rig) -> None:
        problem(await client.post("/things", json={"name": "a"}), 401, "unauthenticated")
        refused = await client.post("/things", json={"name": "a"}, headers=rig.token(Role.CANDIDATE))
        problem(refused, 403, "role-not-allowed")
        refused = await client.post("/things", json={"name": "a"}, headers=rig.token())
        problem(refused, 403, "role-not-allowed")

    async def test_either_of_the_roles_gets_in(self, client: httpx.AsyncClient, rig: Rig) -> None:
        for role in (Role.BODY_STAFF, Role.PROVINCE_STAFF):
            response = await client.post("/things", json={"name": "a"}, headers=rig.token(role))
            assert response.json() == {"by": str(UUID(int=7))}

    async def test_the_role_is_looked_at_before_the_body(self, client: httpx.AsyncClient, rig: Rig) -> None:
        refused = await client.post("/things", content=b"{", headers={"Content-Type": "application/json"})
        problem(refused, 401, "unauthenticated")
        large = b"x" * (DEFAULT_MAX_BODY + 1)
        refused = await client.post("/things", content=large, headers=rig.token(Role.CANDIDATE))
        problem(refused, 403, "role-not-allowed")

    async def test_a_public_route_takes_no_token_or_a_good_one(self, client: httpx.AsyncClient, rig: Rig) -> None:
        assert (await client.get("/things/mine")).json()["by"] == "public"
        assert (await client.get("/things/mine", headers=rig.token(Role.RATER))).json()["roles"] == ["rater"]
        assert (await client.get("/things/mine", headers={"X-API-Key": "right"})).json()["roles"] == ["employer"]
        bad = await client.get("/things/mine", headers={"Authorization": "Bearer nonsense"})
        problem(bad, 401, "token-invalid")
        problem(await client.get("/things/mine", headers={"X-API-Key": "wrong"}), 401, "api-key-invalid")

    async def test_routes_tell_their_roles(self, rig: Rig) -> None:
        listed = {(method, path): roles for method, path, roles in routes_and_roles(rig.app)}
        assert listed["POST", "/things"] == {Role.BODY_STAFF, Role.PROVINCE_STAFF}
        assert listed["GET", "/things/mine"] == {Role.PUBLIC}
        assert listed["GET", "/healthz"] == {Role.PUBLIC}

    async def test_a_route_that_names_no_role_stops_the_start(self, rig: Rig) -> None:
        forgotten = APIRouter()
        forgotten.add_api_route("/forgotten", lambda: None, methods=["GET"])
        with pytest.raises(UndeclaredRouteError, match="GET /forgotten"):
            create_app("Test", "test", rig.settings, [forgotten], rig.units)


class TestLimits:
    """How much a caller may send."""

    async def test_a_body_just_within_the_limit_is_read(self, client: httpx.AsyncClient, rig: Rig) -> None:
        body = b'{"name":"a"}'.ljust(DEFAULT_MAX_BODY)
        headers = rig.token(Role.BODY_STAFF) | {"Content-Type": "application/json"}
        assert (await client.post("/things", content=body, headers=headers)).status_code == 200
        too_large = await client.post("/things", content=body + b" ", headers=headers)
        problem(too_large, 413, "content-too-large")
        assert too_large.headers["connection"] == "close"

    async def test_an_endpoint_may_allow_more(self, client: httpx.AsyncClient, rig: Rig) -> None:
        headers, data = rig.token(Role.BODY_STAFF), {"note": "n"}
        allowed = await client.post("/things/form", files={"file": b"x" * 190_000}, data=data, headers=headers)
        assert allowed.json() == {"size": 190_000, "note": "n"}
        refused = await client.post("/things/form", files={"file": b"x" * 200_000}, data=data, headers=headers)
        problem(refused, 413, "content-too-large")

    async def test_a_stream_without_length_is_stopped_at_the_limit(self, rig: Rig) -> None:
        pulled = await stream(rig.app, rig.token(Role.BODY_STAFF), chunk=16_384)
        assert pulled == {"status": 413, "bytes": DEFAULT_MAX_BODY + 16_384}

    async def test_a_declared_length_over_the_limit_is_refused_unread(self, rig: Rig) -> None:
        pulled = await stream(rig.app, rig.token(Role.BODY_STAFF) | {"Content-Length": "50000000"}, chunk=16_384)
        assert pulled == {"status": 413, "bytes": 0}

    async def test_a_stranger_is_turned_away_unread(self, rig: Rig) -> None:
        assert await stream(rig.app, {}, chunk=16_384) == {"status": 401, "bytes": 0}

    async def test_address_and_headers_are_bounded(self, client: httpx.AsyncClient) -> None:
        problem(await client.get("/things/mine?" + "q" * 8200), 414, "address-too-long")
        problem(await client.get("/things/mine", headers={"X-Long": "x" * 33_000}), 431, "headers-too-large")
        many = {f"x-{number}": "1" for number in range(70)}
        problem(await client.get("/things/mine", headers=many), 431, "headers-too-large")


async def stream(app: FastAPI, headers: dict[str, str], chunk: int) -> dict[str, int]:
    """Offers an endless JSON body; the status and how many bytes were taken."""
    taken, status = 0, 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += chunk
        assert taken < 10_000_000, "somebody reads without end"
        return {"type": "http.request", "body": b" " * chunk, "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)

    sent = {"Content-Type": "application/json", "Transfer-Encoding": "chunked", **headers}
    raw = [(name.lower().encode(), value.encode()) for name, value in sent.items()]
    scope = {"type": "http", "method": "POST", "path": "/things", "query_string": b"", "headers": raw, "app": app}
    await app(scope, receive, send)  # type: ignore[arg-type]  # ASGI's message types are mutable mappings
    return {"status": status, "bytes": taken}


class TestEnvelope:
    """What stands around every answer."""

    async def test_the_correlation_id_is_taken_over_or_made(self, client: httpx.AsyncClient) -> None:
        mine = str(uuid4())
        taken = await client.get("/things/mine", headers={"X-Correlation-Id": mine})
        assert taken.headers["x-correlation-id"] == mine
        made = await client.get("/things/mine", headers={"X-Correlation-Id": "<script>"})
        assert UUID(made.headers["x-correlation-id"]).version == 7

    async def test_every_answer_carries_the_security_headers(self, client: httpx.AsyncClient) -> None:
        for path in ("/things/mine", "/nowhere", "/things/broken", "/healthz"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"
            assert "default-src 'none'" in headers["content-security-policy"]

    async def test_a_page_may_set_its_own_policy(self, client: httpx.AsyncClient) -> None:
        assert "cdn.jsdelivr.net" in (await client.get("/docs")).headers["content-security-policy"]
        assert (await client.get("/openapi.json")).json()["info"]["title"] == "Test"

    async def test_health_and_readiness(self, tmp_path: Path, client: httpx.AsyncClient) -> None:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        response = await client.get("/readyz")
        assert (response.status_code, response.json()["checks"]) == (503, {"database": False})
        checks = {"broker": lambda: False, "other": lambda: True}
        async with build_rig(tmp_path, [], checks=checks).client() as other:
            expected = {"database": False, "broker": False, "other": True}
            assert (await other.get("/readyz")).json()["checks"] == expected
