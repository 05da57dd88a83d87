"""Every refusal as application/problem+json (RFC 9457), in Chinese by default and English by Accept-Language."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response

from luban.reference.refusal import Conflict, Forbidden, Invalid, NotFound, Refusal
from luban.reference.row_faults import RowFault, RowsRefused
from luban.webkit.exchange import Exchange
from luban.webkit.language import Language

MEDIA_TYPE = "application/problem+json"

MOST_ROWS = 1000
"""Faulty rows listed in one answer; `total` says how many there are."""

TITLES: Mapping[int, tuple[str, str]] = {
    400: ("请求有误", "Bad request"),
    401: ("需要登录", "Authentication required"),
    403: ("无权操作", "Not allowed"),
    404: ("未找到", "Not found"),
    405: ("方法不支持", "Method not allowed"),
    406: ("格式不支持", "Not acceptable"),
    409: ("与当前状态冲突", "Conflict with the current state"),
    413: ("内容过大", "Content too large"),
    414: ("地址过长", "Address too long"),
    415: ("媒体类型不支持", "Unsupported media type"),
    422: ("内容不符合规定", "Content breaks a rule"),
    429: ("请求过于频繁", "Too many requests"),
    431: ("请求头过大", "Request headers too large"),
    500: ("内部错误", "Internal error"),
    503: ("暂时无法服务", "Temporarily unavailable"),
}

_PLAIN: Mapping[int, tuple[str, str, str]] = {
    400: ("request-malformed", "无法读取请求内容。", "The request could not be read."),
    401: ("unauthenticated", "请提供有效的访问令牌。", "Send a valid access token."),
    403: ("forbidden", "您无权进行此操作。", "You may not do this."),
    404: ("not-found", "没有这个地址。", "There is nothing at this address."),
    405: ("method-not-allowed", "此地址不支持该方法。", "This address does not support the method."),
    406: ("not-acceptable", "无法提供所要求的格式。", "The requested format is not available."),
    413: ("content-too-large", "请求内容超过上限。", "The request's content exceeds the limit."),
    415: ("media-type-unsupported", "不支持该媒体类型。", "This media type is not supported."),
    422: ("request-invalid", "请求内容无法处理。", "The request's content cannot be processed."),
    429: ("too-many-requests", "请求过于频繁，请稍后再试。", "Too many requests; try again later."),
    500: ("internal-error", "服务器内部错误，请提供关联编号。", "An internal error; quote the correlation id."),
    503: ("temporarily-unavailable", "服务暂时不可用，请稍后再试。", "Temporarily unavailable; try again shortly."),
}

_STATUS: Mapping[type[Refusal], int] = {Invalid: 422, NotFound: 404, Forbidden: 403, Conflict: 409}


class HttpRefusal(HTTPException):
    """A refusal that only HTTP knows of (a token, a quota, a size), with its own code and texts."""

    def __init__(self, status: int, code: str, *, zh: str, en: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, code, dict(headers or {}))
        self.code = code
        self.zh = zh
        self.en = en


def too_many_requests(retry_after_seconds: int) -> HttpRefusal:
    """429 for a caller whose quota is used up."""
    code, zh, en = _PLAIN[429]
    return HttpRefusal(429, code, zh=zh, en=en, headers={"Retry-After": str(retry_after_seconds)})


def unavailable(retry_after_seconds: int = 2) -> HttpRefusal:
    """503 while something this service needs is away."""
    code, zh, en = _PLAIN[503]
    return HttpRefusal(503, code, zh=zh, en=en, headers={"Retry-After": str(retry_after_seconds)})


def problem(
    exchange: Exchange,
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, object] | None = None,
) -> Response:
    """The answer for one problem; `members` are its extension members."""
    titles = TITLES.get(status, ("请求未完成", "Request not completed"))
    document: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": titles[exchange.language == "en"],
        "status": status,
        "detail": detail,
        "instance": exchange.instance,
        "correlation_id": str(exchange.correlation_id),
        **(members or {}),
    }
    shown = {"Content-Language": exchange.language, **(headers or {})}
    return Response(to_json(document, serialize_unknown=True), status, shown, MEDIA_TYPE)


def problem_of_refusal(exchange: Exchange, refusal: Refusal) -> Response:
    """422, 404, 403 or 409 for a rule's refusal, with the parameters of its text."""
    status = next((status for kind, status in _STATUS.items() if isinstance(refusal, kind)), 422)
    detail = refusal.en if exchange.language == "en" else refusal.zh
    members: dict[str, object] = {"params": refusal.params} if refusal.params else {}
    if isinstance(refusal, RowsRefused):
        listed = [_listed(fault, exchange.language) for fault in refusal.faults[:MOST_ROWS]]
        members |= {"rows": listed, "total": len(refusal.faults)}
    return problem(exchange, status, refusal.code, detail, members=members)


def _listed(fault: RowFault, language: Language) -> dict[str, object]:
    reason = fault.en if language == "en" else fault.zh
    listed: dict[str, object] = {"row": fault.row, "column": fault.column, "code": fault.code, "reason": reason}
    return listed | ({"entry_id": fault.entry_id} if fault.entry_id else {})


def problem_of_http(exchange: Exchange, error: HTTPException) -> Response:
    """An HTTP error; a text that is not the kernel's own is never shown."""
    if isinstance(error, HttpRefusal):
        detail = error.en if exchange.language == "en" else error.zh
        return problem(exchange, error.status_code, error.code, detail, error.headers)
    return plain_problem(exchange, error.status_code, error.headers)


def plain_problem(exchange: Exchange, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """The problem that a bare status stands for."""
    code, zh, en = _PLAIN.get(status, (f"http-{status}", "请求未完成。", "The request was not completed."))
    return problem(exchange, status, code, en if exchange.language == "en" else zh, headers)
