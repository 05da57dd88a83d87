"""What the two doors of checks have in common: reading a bounded JSON body, knowing the caller, saying a refusal."""

from collections.abc import Sequence

import orjson
from starlette.requests import ClientDisconnect, Request

from luban.certificate.domain.question import token_hash
from luban.certificate.handlers.verify import KeyUnknown, NumberUsedUp, QuotaUsedUp
from luban.eventkit.sealing import KeyRing
from luban.reference.refusal import Invalid
from luban.webkit.address import Network, network_of
from luban.webkit.authentication import MAX_API_KEY
from luban.webkit.exchange import exchange_of
from luban.webkit.limits import declared_length
from luban.webkit.problem import HttpRefusal
from luban.webkit.quota import quota_used_up


def caller_of(request: Request, ring: KeyRing, trusted: Sequence[Network]) -> tuple[str, bool]:
    """Hexadecimal hash of the API key or keyed hash of the network address, and whether it is a key's."""
    exchange = exchange_of(request.scope)
    api_key = exchange.headers.get("x-api-key")
    if api_key is None:
        return ring.lookup_hash("address", network_of(exchange, trusted)).hex(), False
    if not api_key or len(api_key) > MAX_API_KEY:
        raise _key_invalid()
    return token_hash(api_key), True


async def read_json(request: Request, most: int) -> object:
    """The body as JSON; 413 for one of more than `most` bytes, which is never held, 415 and 422 for what is no JSON."""
    return _json(request, await _body(request, most))


def refused(outcome: KeyUnknown | QuotaUsedUp | NumberUsedUp) -> HttpRefusal:
    """How a check that was not answered is told so."""
    match outcome:
        case QuotaUsedUp(quota, seconds):
            return quota_used_up(quota, seconds)
        case NumberUsedUp(_, seconds):
            zh = "该证书编号今日核验不符次数过多，请明日再试。"
            en = "This number was asked for with wrong factors too often today; try again tomorrow."
            return HttpRefusal(429, "number-used-up", zh=zh, en=en, headers={"Retry-After": str(seconds)})
        case _:
            return _key_invalid()


async def _body(request: Request, most: int) -> bytes:
    if declared_length(exchange_of(request.scope)) > most:
        raise _too_large(most)
    body, more = b"", True
    while more:  # by messages: the request's own stream is an async generator, which costs more than parsing
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > most:
            raise _too_large(most)
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


def _too_large(most: int) -> HttpRefusal:
    zh, en = f"请求内容不得超过 {most} 字节。", f"The request's content exceeds {most} bytes."
    return HttpRefusal(413, "content-too-large", zh=zh, en=en, headers={"Connection": "close"})


def _key_invalid() -> HttpRefusal:
    return HttpRefusal(401, "api-key-invalid", zh="接口密钥无效。", en="The API key is not valid.")
