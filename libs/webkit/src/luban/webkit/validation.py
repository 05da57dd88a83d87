"""What was wrong with a request's fields, without ever repeating what was sent: it may be personal data."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from luban.webkit.exchange import Exchange
from luban.webkit.language import Language
from luban.webkit.problem import problem

MAX_ERRORS = 50
"""Errors listed in one answer; a file-sized body of nonsense must not become a file-sized answer."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")

# By pydantic's error type. Pydantic's own sentences are not used: some quote the input.
_REASONS: Mapping[str, tuple[str, str]] = {
    "missing": ("必填", "required"),
    "extra_forbidden": ("不允许的字段", "not an allowed field"),
    "json_invalid": ("不是有效的 JSON", "not valid JSON"),
    "string_too_short": ("长度不得少于 {min_length}", "at least {min_length} characters"),
    "string_too_long": ("长度不得超过 {max_length}", "at most {max_length} characters"),
    "string_pattern_mismatch": ("格式不正确", "not of the required form"),
    "too_short": ("不得少于 {min_length} 项", "at least {min_length} items"),
    "too_long": ("不得超过 {max_length} 项", "at most {max_length} items"),
    "greater_than": ("必须大于 {gt}", "must be greater than {gt}"),
    "greater_than_equal": ("不得小于 {ge}", "must be at least {ge}"),
    "less_than": ("必须小于 {lt}", "must be less than {lt}"),
    "less_than_equal": ("不得大于 {le}", "must be at most {le}"),
    "enum": ("必须是 {expected} 之一", "must be one of {expected}"),
    "literal_error": ("必须是 {expected} 之一", "must be one of {expected}"),
    "timezone_aware": ("必须注明时区", "must name its time zone"),
}  # fmt: skip

_FAMILIES: Sequence[tuple[str, tuple[str, str]]] = (
    ("uuid", ("必须是 UUID", "must be a UUID")),
    ("datetime", ("必须是日期时间（RFC 3339）", "must be a date and time (RFC 3339)")),
    ("date", ("必须是日期（YYYY-MM-DD）", "must be a date (YYYY-MM-DD)")),
    ("int", ("必须是整数", "must be a whole number")),
    ("float", ("必须是数字", "must be a number")),
    ("decimal", ("必须是数字", "must be a number")),
    ("bool", ("必须是 true 或 false", "must be true or false")),
    ("string", ("必须是文本", "must be text")),
    ("list", ("必须是数组", "must be an array")),
    ("dict", ("必须是对象", "must be an object")),
    ("model", ("必须是对象", "must be an object")),
)
_OTHER = ("取值无效", "not a valid value")


def problem_of_validation(exchange: Exchange, errors: Sequence[Mapping[str, Any]]) -> Response:
    """422 `request-invalid` with a list of {field, reason, code}; the first `MAX_ERRORS` of them."""
    listed = [
        {"field": _field(error), "reason": _reason(error, exchange.language), "code": str(error["type"])}
        for error in errors[:MAX_ERRORS]
    ]
    zh, en = f"请求有 {len(errors)} 处错误。", f"The request has {len(errors)} error(s)."
    return problem(
        exchange, 422, "request-invalid", en if exchange.language == "en" else zh, members={"errors": listed}
    )


def _field(error: Mapping[str, Any]) -> str:
    """A path such as body.entries.3.name. What the sender chose (an unknown field's name, a key) shows as *."""
    parts = [part if isinstance(part, int) else _shown(str(part)) for part in error["loc"]]
    if error["type"] == "extra_forbidden" and parts:
        parts[-1] = "*"
    return ".".join(str(part) for part in parts)


def _shown(part: str) -> str:
    return part if _NAME.fullmatch(part) else "*"


def _reason(error: Mapping[str, Any], language: Language) -> str:
    kind = str(error["type"])
    texts = _REASONS.get(kind) or next((texts for prefix, texts in _FAMILIES if kind.startswith(prefix)), _OTHER)
    bounds = {key: value for key, value in error.get("ctx", {}).items() if key in _BOUNDS}
    return texts[language == "en"].format_map(_Bounds(bounds))


_BOUNDS = frozenset({"min_length", "max_length", "gt", "ge", "lt", "le", "expected"})


class _Bounds(dict[str, Any]):
    """The rule's own bounds; one that an error does not carry shows as …."""

    def __missing__(self, key: str) -> str:
        return "…"
