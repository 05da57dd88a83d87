"""The interactive page over /openapi.json, for developers."""

from collections.abc import Awaitable, Callable

from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import Response

# Swagger UI comes from a public address and starts from an inline script; no other page of ours may do either.
_POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data: https://fastapi.tiangolo.com; "
    "style-src 'unsafe-inline' https://cdn.jsdelivr.net; script-src 'unsafe-inline' https://cdn.jsdelivr.net; "
    "frame-ancestors 'none'"
)


def documentation(title: str) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of /docs."""

    async def docs(_: Request) -> Response:
        page = get_swagger_ui_html(openapi_url="/openapi.json", title=title)
        page.headers["Content-Security-Policy"] = _POLICY
        return page

    return docs
