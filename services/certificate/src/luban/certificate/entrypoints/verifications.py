"""POST /v1/verifications and GET /v1/keys: the register's busiest door, so plain ASGI routes without a dependency.

An Idempotency-Key changes nothing here: a check that is sent again is asked again, and recorded again.
"""

from collections.abc import Sequence
from ipaddress import IPv6Address

import orjson
import psycopg
from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from luban.certificate.adapters.signing import Signer
from luban.certificate.domain.question import parse_question
from luban.certificate.entrypoints.desk import Desk
from luban.certificate.handlers.verify import Answered, Check, KeyUnknown, Outcome, QuotaUsedUp, Verifying, key_hash
from luban.eventkit.async_uow import AsyncUnitsOfWork
from luban.eventkit.sealing import KeyRing
from luban.reference.refusal import Invalid
from luban.webkit.authentication import MAX_API_KEY
from luban.webkit.exchange import exchange_of
from luban.webkit.limits import declared_length
from luban.webkit.problem import HttpRefusal, unavailable

CLERKS = 2
"""Batches under way at once, each on a connection of its own."""

PATH = "/v1/verifications"
MAX_BODY = 4 * 1024


class Checks:
    """The routes, with what they answer by."""

    def __init__(self, units: AsyncUnitsOfWork, verifying: Verifying, ring: KeyRing, signer: Signer) -> None:
        self._units = units
        self._verifying = verifying
        self._ring = ring
        self._jwks = {"keys": [signer.jwk]}
        self._desk: Desk[Check, Outcome] = Desk(self._answer, CLERKS)

    def router(self) -> APIRouter:
        """Both routes; everybody may call them."""
        router = APIRouter()
        router.add_route(PATH, self.verify, methods=["POST"])
        router.add_route("/v1/keys", self.keys, methods=["GET"])
        return router

    async def keys(self, _: Request) -> Response:
        """The public keys of answers' signatures, a JWK set."""
        return JSONResponse(self._jwks, headers={"cache-control": "public, max-age=3600"})

    async def _answer(self, batch: Sequence[Check]) -> Sequence[Outcome]:
        async with self._units.begin() as uow:
            return await self._verifying.answer(uow, batch)

    async def verify(self, request: Request) -> Response:
        """A signed answer; 401 for an unknown key, 422 for a malformed question, 429 when the quota is used up."""
        question = parse_question(_json(request, await _body(request)))
        api_key = exchange_of(request.scope).headers.get("x-api-key")
        caller = self._address(request) if api_key is None else _hashed(api_key)
        try:
            outcome = await self._desk.ask(Check(question, caller, api_key is not None))
        except psycopg.OperationalError as error:
            raise unavailable() from error
        if isinstance(outcome, Answered):
            return Response(outcome.body, media_type="application/json")
        raise _refused(outcome)

    def _address(self, request: Request) -> str:
        """Keyed hash of the peer's address; a header that names another is anybody's word, and is not read."""
        host = request.client.host if request.client else ""
        if ":" in host:  # the network of 64 bits, which is one household's
            host = str(IPv6Address(int(IPv6Address(host)) >> 64 << 64))
        return self._ring.lookup_hash("address", host).hex()


def _hashed(api_key: str) -> str:
    if not api_key or len(api_key) > MAX_API_KEY:
        raise _key_invalid()
    return key_hash(api_key)


async def _body(request: Request) -> bytes:
    """The whole body, at most MAX_BODY bytes: 413 for a larger one, which is never held."""
    if declared_length(exchange_of(request.scope)) > MAX_BODY:
        raise _too_large()
    body, more = b"", True
    while more:  # by messages: the request's own stream is an async generator, which costs more than parsing
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_BODY:
            raise _too_large()
    return body


def _json(request: Request, body: bytes) -> object:
    sent = exchange_of(request.scope).headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != "application/json":
        zh, en = "请以 application/json 发送。", "Send application/json."
        raise HttpRefusal(415, "media-type-unsupported", zh=zh, en=en, headers={"Accept": "application/json"})
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid("request-invalid", zh="请求内容不是有效的 JSON", en="the request is not valid JSON") from error


def _refused(outcome: KeyUnknown | QuotaUsedUp) -> HttpRefusal:
    match outcome:
        case QuotaUsedUp(quota, seconds):
            zh, en = f"今日核验次数（{quota}次）已用完。", f"The {quota} checks of today are used up."
            return HttpRefusal(429, "quota-used-up", zh=zh, en=en, headers={"Retry-After": str(seconds)})
        case _:
            return _key_invalid()


def _too_large() -> HttpRefusal:
    zh, en = f"请求内容不得超过 {MAX_BODY} 字节。", f"The request's content exceeds {MAX_BODY} bytes."
    return HttpRefusal(413, "content-too-large", zh=zh, en=en, headers={"Connection": "close"})


def _key_invalid() -> HttpRefusal:
    return HttpRefusal(401, "api-key-invalid", zh="接口密钥无效。", en="The API key is not valid.")
