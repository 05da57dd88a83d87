"""The busiest route, past routing and dependencies, which cost more than its database does.

The route stays in the application's table for everybody who reads it; this layer only takes its requests first, inside
the same envelope (correlation id, security headers, log line) and with the same refusals.
"""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from luban.reference.refusal import Refusal
from luban.webkit.envelope import Envelope
from luban.webkit.exchange import exchange_of
from luban.webkit.problem import HttpRefusal, problem_of_http, problem_of_refusal

Endpoint = Callable[[Request], Awaitable[Response]]


class Shortcut:
    """Stands before an application: one method and path go straight to their endpoint."""

    def __init__(self, app: FastAPI, method: str, path: str, endpoint: Endpoint) -> None:
        self.app = app
        self._method = method
        self._path = path
        self._endpoint = endpoint
        self._direct = Envelope(self._answer, paths={endpoint: path})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == self._path and scope["method"] == self._method:
            scope["endpoint"] = self._endpoint
            await self._direct(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._endpoint(Request(scope, receive))
        except Refusal as refusal:
            response = problem_of_refusal(exchange_of(scope), refusal)
        except HttpRefusal as refusal:
            response = problem_of_http(exchange_of(scope), refusal)
        await response(scope, receive, send)
