"""The public log: checkpoint and tiles as any web server could serve them (C2SP tlog-tiles), proofs, cosignatures."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from luban.certificate.adapters.proving import Proving
from luban.certificate.handlers import show_log
from luban.certificate.handlers.show_log import LONGEST_TICKET, ConsistencyShown, InclusionShown, Opened
from luban.eventkit.uow import UnitOfWork
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow

T = TypeVar("T")
Anybody = Annotated[Call, Depends(allow(Role.PUBLIC))]

FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}
"""A tile's name says its content."""
A_WHILE = {"cache-control": "public, max-age=300"}
AT_ONCE = {"cache-control": "public, max-age=2"}
DISCLOSURES_A_DAY = 200
"""By one network; each costs some milliseconds."""
LARGEST_INDEX = 2**62


class Ticket(BaseModel):
    """A signed answer of a check that found the certificate."""

    model_config = ConfigDict(extra="forbid")

    jws: str = Field(max_length=LONGEST_TICKET)


class PublicLog:
    """The routes, with what they answer by."""

    def __init__(self, proving: Proving) -> None:
        self._proving = proving

    def router(self) -> APIRouter:
        """All routes under /log; everybody may call them."""
        router = APIRouter(prefix="/log", tags=["public log"])
        router.get("/checkpoint", response_class=Response)(self.checkpoint)
        router.get("/keys")(self.keys)
        router.get("/tile/{path:path}", response_class=Response)(self.tile)
        router.get("/proofs/inclusion")(self.inclusion)
        router.get("/proofs/consistency")(self.consistency)
        router.post("/cosignatures")(self.cosign)
        router.post("/disclosures")(self.disclose)
        return router

    def checkpoint(self, call: Anybody) -> Response:
        """The log's newest state as a signed note, with cosignatures."""
        note = call.read(show_log.checkpoint_note)
        return Response(note, media_type="text/plain; charset=utf-8", headers=AT_ONCE)

    def keys(self, _: Anybody, response: Response) -> dict[str, Any]:
        """Origin, keys, witnesses: what an auditor keeps from the first time on, and compares ever after."""
        response.headers.update(A_WHILE)
        return show_log.log_keys(self._proving)

    def tile(self, call: Anybody, path: str) -> Response:
        """A tile of hashes, or a bundle of entries under tile/entries."""
        content = call.read(lambda uow: show_log.tile(uow, f"tile/{path}"))
        return Response(content, media_type="application/octet-stream", headers=FOR_EVER)

    def inclusion(
        self,
        call: Anybody,
        index: Annotated[int, Query(ge=0, le=LARGEST_INDEX)],
        size: Annotated[int | None, Query(ge=1, le=LARGEST_INDEX)] = None,
    ) -> InclusionShown:
        """That an entry is among the first `size`, else in the whole log."""
        return call.read(lambda uow: show_log.inclusion(uow, self._proving, index, size))

    def consistency(
        self,
        call: Anybody,
        size1: Annotated[int, Query(ge=0, le=LARGEST_INDEX)],
        size2: Annotated[int | None, Query(ge=0, le=LARGEST_INDEX)] = None,
    ) -> ConsistencyShown:
        """That the log of `size1` entries is the beginning of that of `size2`, else of the whole."""
        return call.read(lambda uow: show_log.consistency(uow, self._proving, size1, size2))

    async def cosign(self, call: Anybody, request: Request) -> dict[str, Any]:
        """Takes a checkpoint of ours back with witnesses' signatures under it."""
        note = await request.body()
        return await run_in_threadpool(self._in_one, call, lambda uow: show_log.cosign(uow, self._proving, note))

    def disclose(self, call: Anybody, ticket: Ticket) -> Opened:
        """Opens a certificate's newest entry to whoever passed a check of it."""

        def opened(uow: UnitOfWork) -> Opened:
            call.spend(uow, "disclosure", DISCLOSURES_A_DAY)
            return show_log.disclose(uow, self._proving, ticket.jws)

        return self._in_one(call, opened)

    @staticmethod
    def _in_one(call: Call, handler: Callable[[UnitOfWork], T]) -> T:
        with call.units.begin(call.cause()) as uow:
            return handler(uow)
