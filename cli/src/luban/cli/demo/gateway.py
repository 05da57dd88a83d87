"""HTTP to the services of a stack: one request, sent again with the same key while the stack is away."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import uuid4

import httpx

from luban.cli.demo.faults import DemoError
from luban.cli.stack import Stack

AWAY_SECONDS = 90.0
"""How long a stack that is being restarted is waited for."""
CLIENTS = 8
_POLL_SECONDS = 0.05
_T = TypeVar("_T")
_R = TypeVar("_R")
_Files = Mapping[str, tuple[str, bytes]]


@dataclass(frozen=True)
class Answer:
    """What a service answered."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    request: str

    def json(self) -> Any:
        """The body, which must be JSON."""
        return httpx.Response(self.status, content=self.content).json()

    @property
    def code(self) -> str:
        """The stable last part of a problem's type."""
        return str(self.json().get("type", "")).rsplit("/", 1)[-1].rsplit(":", 1)[-1]

    def expect(self, *statuses: int) -> Self:
        """Itself. Raises DemoError when the status is another."""
        if self.status not in statuses:
            text = self.content.decode(errors="replace")[:600]
            raise DemoError(f"{self.request}: {self.status} where {' or '.join(map(str, statuses))} was due: {text}")
        return self


class Gateway:
    """The services of one stack. Addresses are read again whenever one does not answer: a restart may move them."""

    def __init__(self, stack_file: Path, transport: httpx.BaseTransport | None = None) -> None:
        self._stack_file = stack_file
        self._urls = dict(self.stack().urls)
        limits = httpx.Limits(max_connections=CLIENTS * 4, max_keepalive_connections=CLIENTS * 4)
        self._client = httpx.Client(
            trust_env=False, timeout=httpx.Timeout(30.0, connect=5.0), limits=limits, transport=transport
        )
        self._pool = ThreadPoolExecutor(CLIENTS, "demo-client")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._client.close()

    def stack(self) -> Stack:
        """The stack as its file describes it now."""
        return Stack.read_file(self._stack_file)

    def all_at_once(self, work: Callable[[_T], _R], over: Sequence[_T]) -> list[_R]:
        """`work` over all of them by several clients at a time; the first failure ends it."""
        return list(self._pool.map(work, over))

    def send(
        self,
        service: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        json: object = None,
        params: Mapping[str, Any] | None = None,
        files: _Files | None = None,
    ) -> Answer:
        """One request's answer. No connection and 503 are tried again for `AWAY_SECONDS`; nothing else is."""
        deadline = time.monotonic() + AWAY_SECONDS
        while True:
            try:
                response = self._client.request(
                    method, self._urls[service] + path, headers=headers, json=json, params=params, files=files
                )
                if response.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() >= deadline:
                    request = f"{method} {service}{path}"
                    return Answer(response.status_code, response.headers, response.content, request)
            except httpx.TransportError as error:
                if time.monotonic() >= deadline:
                    raise DemoError(
                        f"{method} {service}{path}: no answer for {AWAY_SECONDS:.0f} s ({error})"
                    ) from error
            time.sleep(_POLL_SECONDS * 4)
            self._urls = dict(self.stack().urls)


@dataclass(frozen=True)
class Caller:
    """Somebody at one service. Without credentials: anybody."""

    gateway: Gateway
    service: str
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)

    def get(self, path: str, *, expect: Sequence[int] = (200,), accept: str = "", **params: Any) -> Answer:
        """A reading."""
        headers = {**self.credentials, **({"Accept": accept} if accept else {})}
        given = {name: value for name, value in params.items() if value is not None}
        return self.gateway.send(self.service, "GET", path, headers=headers, params=given or None).expect(*expect)

    def post(self, path: str, json: object = None, *, expect: Sequence[int] = (200, 201)) -> Answer:
        """A command."""
        return self._command("POST", path, json, expect)

    def put(self, path: str, json: object, *, expect: Sequence[int] = (200, 201)) -> Answer:
        """A command."""
        return self._command("PUT", path, json, expect)

    def upload(
        self,
        path: str,
        name: str,
        content: bytes,
        *,
        expect: Sequence[int] = (200, 201),
        accept: str = "",
        **params: Any,
    ) -> Answer:
        """A file, as the field `file`."""
        headers = self._keyed() | ({"Accept": accept} if accept else {})
        return self.gateway.send(
            self.service, "POST", path, headers=headers, params=params or None, files={"file": (name, content)}
        ).expect(*expect)

    def all(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Every item of a paged list."""
        cursor: str | None = None
        while True:
            page = self.get(path, limit=200, cursor=cursor, **params).json()
            yield from page["items"]
            cursor = page.get("next")
            if cursor is None:
                return

    def _command(self, method: str, path: str, json: object, expect: Sequence[int]) -> Answer:
        return self.gateway.send(self.service, method, path, headers=self._keyed(), json=json).expect(*expect)

    def _keyed(self) -> dict[str, str]:
        """With a key of this command's own; nobody's commands carry none, for a key is remembered by its caller."""
        return {**self.credentials, **({"Idempotency-Key": str(uuid4())} if self.credentials else {})}


def wait_for(what: str, probe: Callable[[], _T | None], seconds: float = AWAY_SECONDS) -> _T:
    """The first answer of `probe` that is not None. Raises DemoError when none comes in time."""
    deadline = time.monotonic() + seconds
    while (found := probe()) is None:
        if time.monotonic() >= deadline:
            raise DemoError(f"waited {seconds:.0f} s for {what}, and it did not come")
        time.sleep(_POLL_SECONDS)
    return found


def despite_restarts(work: Callable[[], _T], *away: type[Exception]) -> _T:
    """What `work` gives; while it raises one of `away` it is done again, for `AWAY_SECONDS`. A DemoError is final."""
    deadline = time.monotonic() + AWAY_SECONDS
    while True:
        try:
            return work()
        except DemoError:
            raise
        except away:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_POLL_SECONDS * 4)
