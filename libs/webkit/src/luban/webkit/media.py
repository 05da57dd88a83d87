"""Whether a body is of the kind its route reads."""

from fastapi.params import Form
from fastapi.routing import APIRoute

from luban.webkit.exchange import Exchange
from luban.webkit.limits import declared_length
from luban.webkit.problem import HttpRefusal

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_JSON = "application/json"


def check_media_type(route: object, exchange: Exchange) -> None:
    """415 for a form where the route reads JSON, or the other way round; an absent body is not looked at."""
    empty = not declared_length(exchange) and "transfer-encoding" not in exchange.headers
    if empty or not isinstance(route, APIRoute) or route.body_field is None:
        return
    sent = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
    if isinstance(route.body_field.field_info, Form):
        accepted, expected = sent in _FORMS, _FORMS[0]
    else:
        accepted, expected = _is_json(sent), _JSON
    if not accepted:
        zh, en = f"请以 {expected} 发送。", f"Send {expected}."
        raise HttpRefusal(415, "media-type-unsupported", zh=zh, en=en, headers={"Accept": expected})


def _is_json(media_type: str) -> bool:
    return media_type == _JSON or (media_type.startswith("application/") and media_type.endswith("+json"))
