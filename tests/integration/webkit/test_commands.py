"""Commands over a real database: idempotency keys, recorded readings, transactions."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from fastapi import APIRouter, Depends, Response, UploadFile
from psycopg import errors
from pydantic import BaseModel

from luban.eventkit import schema as kernel
from luban.eventkit.uow import Cause, UnitOfWork
from luban.reference.refusal import Conflict
from luban.webkit import schema as http
from luban.webkit.access_log import record_access
from luban.webkit.answer import Answer
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.idempotency import IdempotencyKey, claim, forget_old
from luban.webkit.uploads import read_upload
from tests.embedded import DatabaseFactory
from tests.unit.webkit.rig import Rig, build_rig

pytestmark = pytest.mark.anyio

Caller = Annotated[Call, Depends(allow(Role.CANDIDATE, Role.PROVINCE_STAFF))]
Anyone = Annotated[Call, Depends(allow(Role.PUBLIC))]
router = APIRouter()


class Note(BaseModel):
    """A body."""

    text: str


def write(uow: UnitOfWork, text: str) -> Note:
    uow.sql("insert into note (id, text) values (%s, %s)", (uow.new_id(), text))
    if text == "refused":
        raise Conflict("some-rule", zh="不行", en="no")
    if text == "broken":
        raise RuntimeError
    return Note(text=text)


@router.post("/notes")
def post(note: Note, call: Caller) -> Response:
    return call.execute(lambda uow: write(uow, note.text), 201, {"Location": "/notes/1"})


@router.post("/notes/{text}")
def post_by_path(text: str, call: Caller) -> Response:
    return call.execute(lambda uow: write(uow, text))


@router.post("/public-notes")
def post_publicly(note: Note, call: Anyone) -> Response:
    return call.execute(lambda uow: write(uow, note.text))


@router.post("/sheets")
def post_sheet(file: UploadFile, call: Caller) -> Response:
    def take(uow: UnitOfWork) -> Answer:
        upload = read_upload(file, max_bytes=1000, kinds={".csv"})
        write(uow, upload.content.decode())
        return Answer(upload.content, "text/csv", 422 if b"bad" in upload.content else 200)

    return call.execute(take)


def write_by_session(uow: UnitOfWork) -> Note:
    uow.session.connection().exec_driver_sql("insert into note (id, text) values (gen_random_uuid(), 'a')")
    return Note(text="a")


@router.post("/session-notes")
def post_by_session(call: Caller) -> Response:
    return call.execute(write_by_session)


@router.post("/session-reads")
def read_by_session(call: Caller) -> Note:
    return call.read(write_by_session)


@router.post("/reads")
def write_in_a_reading(call: Caller) -> Note:
    return call.read(lambda uow: write(uow, "never"))


@router.get("/candidates/{candidate_id}")
def show(candidate_id: UUID, call: Caller) -> Response:
    def read(uow: UnitOfWork) -> Note:
        record_access(uow, call.principal, [candidate_id, candidate_id], "phone", "objection")
        return Note(text="138****0000")

    return call.execute(read)


def tables(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(kernel.SQL)
        connection.execute(http.SQL)
        connection.execute("create table note (id uuid primary key, text text)")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def rig(database: DatabaseFactory, tmp_path: Path) -> Rig:
    return build_rig(tmp_path, [router], database(tables))


@pytest.fixture
async def client(rig: Rig) -> AsyncIterator[httpx.AsyncClient]:
    async with rig.client() as client:
        yield client
    rig.units.engine.dispose()


def rows(rig: Rig, query: str) -> list[Any]:
    with rig.units.read(Cause("test")) as uow:
        return uow.sql(query).fetchall()


def notes(rig: Rig) -> list[str]:
    return [text for (text,) in rows(rig, "select text from note order by id")]


def keyed(rig: Rig, key: str = "k", subject: int = 7) -> dict[str, str]:
    return rig.token(Role.CANDIDATE, subject=UUID(int=subject)) | {"Idempotency-Key": key}


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"].removeprefix("/problems/")


async def test_without_a_key_every_request_is_a_command_of_its_own(rig: Rig, client: httpx.AsyncClient) -> None:
    for _ in range(2):
        await client.post("/notes", json={"text": "a"}, headers=rig.token(Role.CANDIDATE))
    assert notes(rig) == ["a", "a"]


async def test_the_same_request_again_gets_the_stored_answer(rig: Rig, client: httpx.AsyncClient) -> None:
    first, second = [await client.post("/notes", json={"text": "甲"}, headers=keyed(rig)) for _ in range(2)]
    assert notes(rig) == ["甲"]
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["content-type"] == first.headers["content-type"]
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"


async def test_another_body_or_path_with_the_same_key_is_refused(rig: Rig, client: httpx.AsyncClient) -> None:
    await client.post("/notes", json={"text": "a"}, headers=keyed(rig))
    other = await client.post("/notes", json={"text": "b"}, headers=keyed(rig))
    assert code(other) == (422, "idempotency-key-reused")
    await client.post("/notes/c", headers=keyed(rig))
    assert code(await client.post("/notes/d", headers=keyed(rig))) == (422, "idempotency-key-reused")
    assert notes(rig) == ["a", "c"]


async def test_keys_belong_to_their_caller(rig: Rig, client: httpx.AsyncClient) -> None:
    for subject in (7, 9):
        response = await client.post("/notes", json={"text": str(subject)}, headers=keyed(rig, subject=subject))
        assert response.status_code == 201
    assert notes(rig) == ["7", "9"]


@pytest.mark.parametrize(("text", "status"), [("refused", 409), ("broken", 500)])
async def test_what_failed_changed_nothing_and_keeps_no_key(
    rig: Rig, client: httpx.AsyncClient, text: str, status: int
) -> None:
    failed = await client.post("/notes", json={"text": text}, headers=keyed(rig))
    assert failed.status_code == status
    assert notes(rig) == []
    assert (await client.post("/notes", json={"text": "a"}, headers=keyed(rig))).status_code == 201


@pytest.mark.parametrize("key", ["", "k" * 129, "a\tb", "é"])
async def test_a_malformed_key_is_refused(rig: Rig, client: httpx.AsyncClient, key: str) -> None:
    headers = [(name.encode(), value.encode()) for name, value in keyed(rig, key).items()]
    response = await client.post("/notes", json={"text": "a"}, headers=headers)
    assert code(response) == (422, "idempotency-key-invalid")
    assert notes(rig) == []


async def test_strangers_have_no_keys(rig: Rig, client: httpx.AsyncClient) -> None:
    response = await client.post("/public-notes", json={"text": "a"}, headers={"Idempotency-Key": "k"})
    assert code(response) == (422, "idempotency-key-anonymous")
    assert notes(rig) == []


async def test_twenty_at_once_with_one_key_are_one_command(rig: Rig, client: httpx.AsyncClient) -> None:
    headers = keyed(rig)
    answers = await asyncio.gather(*(client.post("/notes", json={"text": "a"}, headers=headers) for _ in range(20)))
    assert notes(rig) == ["a"]
    assert {(answer.status_code, answer.content) for answer in answers} == {(201, b'{"text":"a"}')}
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 19


async def test_an_answer_rests_sealed_and_bound_to_its_key(rig: Rig, client: httpx.AsyncClient) -> None:
    text = "370102199003079010"
    first = await client.post("/notes", json={"text": text}, headers=keyed(rig))
    assert text in first.text
    ((sealed,),) = rows(rig, "select sealed from webkit.idempotency")
    assert text.encode() not in bytes(sealed)
    again = await client.post("/notes", json={"text": text}, headers=keyed(rig))
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    with rig.units.begin(Cause("test")) as uow:
        uow.sql("update webkit.idempotency set key = 'another'")
    moved = await client.post("/notes", json={"text": text}, headers=keyed(rig, "another"))
    assert code(moved) == (500, "internal-error")
    assert text not in moved.text


async def test_a_second_request_waits_for_the_first_and_runs_when_that_fails(
    rig: Rig, client: httpx.AsyncClient
) -> None:
    """The first holds its key open in a transaction; the second may only go on once that is gone."""
    claimed, release = threading.Event(), threading.Event()

    def hold() -> None:
        with suppress(InterruptedError), rig.units.begin(Cause("test")) as uow:
            claim(uow, IdempotencyKey(str(UUID(int=7)), "POST /notes", "k", bytes(32)))
            claimed.set()
            release.wait(30)
            raise InterruptedError

    first = asyncio.create_task(asyncio.to_thread(hold))
    await asyncio.to_thread(claimed.wait, 30)
    second = asyncio.create_task(client.post("/notes", json={"text": "a"}, headers=keyed(rig)))
    while not rows(rig, "select 1 from pg_locks where not granted"):
        await asyncio.sleep(0.01)
    assert not second.done()
    release.set()
    await first
    assert (await second).status_code == 201
    assert notes(rig) == ["a"]


async def test_a_form_sent_again_with_another_boundary_is_the_same(rig: Rig, client: httpx.AsyncClient) -> None:
    answers = [
        await client.post("/sheets", files={"file": ("a.csv", b"1,2")}, headers=keyed(rig))  # a new boundary each time
        for _ in range(2)
    ]
    assert [answer.content for answer in answers] == [b"1,2", b"1,2"]
    assert answers[1].headers["content-type"].startswith("text/csv")
    assert answers[1].headers["idempotent-replayed"] == "true"
    other = await client.post("/sheets", files={"file": ("a.csv", b"1,3")}, headers=keyed(rig))
    assert code(other) == (422, "idempotency-key-reused")
    assert notes(rig) == ["1,2"]


async def test_a_rejected_file_comes_back_and_changes_nothing(rig: Rig, client: httpx.AsyncClient) -> None:
    for _ in range(2):
        rejected = await client.post("/sheets", files={"file": ("a.csv", b"bad")}, headers=keyed(rig))
        assert (rejected.status_code, rejected.content) == (422, b"bad")
        assert "idempotent-replayed" not in rejected.headers
    assert notes(rig) == []
    assert rows(rig, "select 1 from webkit.idempotency") == []


async def test_text_that_postgresql_cannot_hold_is_refused(rig: Rig, client: httpx.AsyncClient) -> None:
    for text in ("a\x00b", "\ud800"):
        body = b'{"text": "' + text.encode("unicode_escape").replace(b"\\x00", b"\\u0000") + b'"}'
        headers = rig.token(Role.CANDIDATE) | {"Content-Type": "application/json"}
        assert code(await client.post("/notes", content=body, headers=headers)) == (422, "request-invalid")
    assert notes(rig) == []


@pytest.mark.parametrize("path", ["/reads", "/session-reads"])
async def test_a_reading_cannot_write(rig: Rig, client: httpx.AsyncClient, path: str) -> None:
    response = await client.post(path, headers=rig.token(Role.CANDIDATE))
    assert code(response) == (500, "internal-error")
    assert notes(rig) == []


@pytest.mark.parametrize("path", ["/notes/a", "/session-notes"])
async def test_a_command_to_a_database_in_recovery_may_be_sent_again(
    rig: Rig, client: httpx.AsyncClient, path: str
) -> None:
    with rig.units.begin(Cause("test")) as uow:
        name = uow.session.connection().exec_driver_sql("select quote_ident(current_database())").scalar_one()
        uow.sql(f"alter database {name} set default_transaction_read_only = on")
    rig.units.close()  # sessions that begin from now on write nothing
    response = await client.post(path, headers=rig.token(Role.CANDIDATE))
    assert code(response) == (503, "temporarily-unavailable")
    assert notes(rig) == []


async def test_ready_with_a_database(client: httpx.AsyncClient) -> None:
    response = await client.get("/readyz")
    assert (response.status_code, response.json()["checks"]) == (200, {"database": True})


async def test_old_answers_are_forgotten_in_batches(rig: Rig, client: httpx.AsyncClient) -> None:
    for number in range(5):
        await client.post("/notes", json={"text": "a"}, headers=keyed(rig, str(number)))
    with rig.units.begin(Cause("test")) as uow:
        uow.sql("update webkit.idempotency set created_at = created_at - interval '8 days' where key < '3'")
    deleted = []
    for _ in range(3):
        with rig.units.begin(Cause("timer")) as uow:
            deleted.append(forget_old(uow, 2))
    assert deleted == [2, 1, 0]
    assert rows(rig, "select key from webkit.idempotency order by key") == [("3",), ("4",)]


async def test_a_reading_by_staff_is_recorded(rig: Rig, client: httpx.AsyncClient) -> None:
    candidate, correlation = uuid4(), uuid4()
    headers = rig.token(Role.PROVINCE_STAFF) | {"X-Correlation-Id": str(correlation)}
    response = await client.get(f"/candidates/{candidate}", headers=headers)
    assert response.json() == {"text": "138****0000"}
    recorded = rows(
        rig, "select actor, role, subject_id, what, purpose, correlation_id from webkit.personal_data_access"
    )
    assert recorded == [(str(UUID(int=7)), "province_staff", candidate, "phone", "objection", correlation)]


@pytest.mark.parametrize(
    "statement",
    ["update webkit.personal_data_access set what = ''", "delete from webkit.personal_data_access",
     "truncate webkit.personal_data_access"],
)  # fmt: skip
async def test_the_record_only_grows(rig: Rig, client: httpx.AsyncClient, statement: str) -> None:
    await client.get(f"/candidates/{uuid4()}", headers=rig.token(Role.PROVINCE_STAFF))
    with pytest.raises(errors.RestrictViolation), rig.units.begin(Cause("test")) as uow:
        uow.sql(statement)
    assert len(rows(rig, "select 1 from webkit.personal_data_access")) == 1
