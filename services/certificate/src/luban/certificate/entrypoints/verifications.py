"""POST /v1/verifications and GET /v1/keys: the register's busiest door, so plain ASGI routes without a dependency.

An Idempotency-Key changes nothing here: a check that is sent again is asked again, and recorded again.
"""

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Any

from fastapi import APIRouter
from prometheus_client import Counter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from luban.certificate.adapters.checks import Overtaken
from luban.certificate.domain.answer import NO_MATCH
from luban.certificate.domain.question import parse_question
from luban.certificate.domain.register import State
from luban.certificate.entrypoints.asking import caller_of, read_json, refused
from luban.certificate.entrypoints.desk import Desk
from luban.certificate.handlers.verify import Answered, Check, KeyUnknown, NumberUsedUp, Outcome, QuotaUsedUp, Verifying
from luban.eventkit.async_uow import AWAY, AsyncUnitsOfWork
from luban.eventkit.sealing import KeyRing
from luban.reference.refusal import Invalid, Refusal
from luban.webkit.address import Network
from luban.webkit.exchange import exchange_of
from luban.webkit.limits import max_body
from luban.webkit.problem import problem_of_http, problem_of_refusal, unavailable

CLERKS = 2
"""Batches of single checks under way at once, each on a connection of its own."""
CONNECTIONS = CLERKS + 2
"""The rest is for checks that come a hundred at a time."""

PATH = "/v1/verifications"
BATCH_PATH = "/v1/verifications:batch"
MAX_BODY = 4 * 1024
MOST_ROWS = 100
LINES = "application/x-ndjson"

_OUTCOME = attrgetter("outcome")
_TURNED_AWAY = (KeyUnknown.outcome, QuotaUsedUp.outcome, NumberUsedUp.outcome)
_COUNTED = Counter("luban_verifications", "Checks that were answered or turned away, by outcome.", ["outcome"])
_VERIFICATIONS = {outcome: _COUNTED.labels(outcome) for outcome in (*State, NO_MATCH, *_TURNED_AWAY)}


class Checks:
    """The routes, with what they answer by."""

    def __init__(
        self,
        units: AsyncUnitsOfWork,
        verifying: Verifying,
        ring: KeyRing,
        published: Mapping[str, Any],
        trusted_proxies: Sequence[Network],
    ) -> None:
        """`published` is the set of all keys that ever signed answers, with their times."""
        self._units = units
        self._trusted = trusted_proxies
        self._verifying = verifying
        self._ring = ring
        self._jwks = published
        self._desk: Desk[Check, Outcome] = Desk(self._answer, CLERKS)

    def router(self) -> APIRouter:
        """The routes; everybody may call them."""
        router = APIRouter()
        router.add_route(PATH, self.verify, methods=["POST"])
        router.add_route(BATCH_PATH, self.verify_many, methods=["POST"])
        router.add_route("/v1/keys", self.keys, methods=["GET"])
        return router

    async def keys(self, _: Request) -> Response:
        """The public keys of answers' signatures, a JWK set: those of before too, with their times."""
        return JSONResponse(self._jwks, headers={"cache-control": "public, max-age=3600"})

    async def _answer(self, batch: Sequence[Check]) -> Sequence[Outcome]:
        outcomes = await self._settled(batch)
        for outcome, count in Tally(map(_OUTCOME, outcomes)).items():
            _VERIFICATIONS[outcome].inc(count)
        return outcomes

    async def _settled(self, batch: Sequence[Check]) -> Sequence[Outcome]:
        """Again for as long as others overtake: each time a bound of somebody's has been reached for good."""
        while True:
            with suppress(Overtaken):
                async with self._units.begin() as uow:
                    return await self._verifying.answer(uow, batch)

    async def verify(self, request: Request) -> Response:
        """A signed answer; 401 for an unknown key, 422 for a malformed question, 429 when a quota is used up."""
        question = parse_question(await read_json(request, MAX_BODY))
        caller, has_key = caller_of(request, self._ring, self._trusted)
        try:
            outcome = await self._desk.ask(Check(question, caller, has_key))
        except AWAY as error:
            raise unavailable() from error
        if isinstance(outcome, Answered):
            return Response(outcome.body, media_type="application/json")
        raise refused(outcome)

    @max_body(MOST_ROWS * MAX_BODY)
    async def verify_many(self, request: Request) -> Response:
        """Up to a hundred checks, each asked, counted, recorded, answered and signed as one alone: a line of JSON each,
        in order. Their one transaction was committed before the first line is sent."""
        rows = _rows(await read_json(request, MOST_ROWS * MAX_BODY))
        caller, has_key = caller_of(request, self._ring, self._trusted)
        lines, checks = dict[int, bytes](), dict[int, Check]()
        for number, row in enumerate(rows, 1):
            try:
                checks[number] = Check(parse_question(row), caller, has_key)
            except Refusal as refusal:
                lines[number] = _line(number, problem_of_refusal(exchange_of(request.scope), refusal))
        lines |= await self._lines(request, checks)
        return Response(b"".join(lines[number] for number in sorted(lines)), media_type=LINES)

    async def _lines(self, request: Request, checks: dict[int, Check]) -> dict[int, bytes]:
        if not checks:
            return {}
        try:
            outcomes = await self._answer(list(checks.values()))
        except AWAY as error:
            raise unavailable() from error
        if isinstance(outcomes[0], KeyUnknown):
            raise refused(outcomes[0])
        exchange = exchange_of(request.scope)
        return {
            number: _answered(number, outcome)
            if isinstance(outcome, Answered)
            else _line(number, problem_of_http(exchange, refused(outcome)))
            for number, outcome in zip(checks, outcomes, strict=True)
        }


def _rows(sent: object) -> list[object]:
    """Raises `Invalid` verification-batch unless it is {"checks": [1 to 100 of them]}."""
    rows = sent.get("checks") if isinstance(sent, dict) and sent.keys() == {"checks"} else None
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ROWS:
        raise Invalid(
            "verification-batch",
            zh="请求应为 checks，内有1至{most}条核验",
            en="send checks, a list of 1 to {most} checks",
            most=MOST_ROWS,
        )
    return rows


def _answered(number: int, outcome: Answered) -> bytes:
    return b'{"row":%d,"status":200,%b\n' % (number, outcome.body[1:])


def _line(number: int, problem: Response) -> bytes:
    return b'{"row":%d,"status":%d,"problem":%b}\n' % (number, problem.status_code, bytes(problem.body))
