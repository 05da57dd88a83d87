"""One request by a known caller: what an endpoint gets, and how it runs a command or a reading."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from luban.eventkit.uow import Cause, UnitOfWork, UnitsOfWork
from luban.reference.refusal import Invalid
from luban.webkit import quota
from luban.webkit.address import Network, network_of
from luban.webkit.answer import Answer, answer
from luban.webkit.authentication import ANYBODY, Authenticator, Principal, Role, require
from luban.webkit.exchange import Exchange, exchange_of
from luban.webkit.idempotency import Claimed, IdempotencyKey, claim, keep
from luban.webkit.language import Language
from luban.webkit.media import check_media_type

T = TypeVar("T")
Handler = Callable[[UnitOfWork], T]


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls, in which language, and the way to the database."""

    principal: Principal
    route: str
    """Method and path template, as in "POST /plans/{plan_id}/entries"."""
    units: UnitsOfWork
    exchange: Exchange
    trusted_proxies: Sequence[Network] = ()

    @property
    def language(self) -> Language:
        """The language to answer in."""
        return self.exchange.language

    @property
    def correlation_id(self) -> UUID:
        """Ties the answer, the log lines and the events of this request together."""
        return self.exchange.correlation_id

    @property
    def traceparent(self) -> str | None:
        """The caller's W3C trace context, if well formed."""
        return self.exchange.traceparent

    def spend(self, uow: UnitOfWork, what: str, most: int) -> None:
        """Counts one of the day's uses of `what` by the caller's network; 429 past `most`."""
        network = network_of(self.exchange, self.trusted_proxies)
        quota.spend(uow, what, uow.keyring.lookup_hash("address", network), most)

    def cause(self, reason: str | None = None) -> Cause:
        """What goes into the events of this request."""
        return Cause(self.principal.actor, reason, self.correlation_id, None, self.traceparent)

    def execute(
        self,
        handler: Handler[Any],
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        *,
        reason: str | None = None,
    ) -> Response:
        """Runs one command in one transaction; blocks, so for endpoints that are plain functions.

        With an Idempotency-Key the answer is kept in the same transaction: the same request again gets it with
        `Idempotent-Replayed: true`, another request with that key is Invalid `idempotency-key-reused`. A refusal
        undoes everything, the key as well.
        """
        key = self._idempotency_key()
        try:
            with self.units.begin(self.cause(reason)) as uow:
                claimed = claim(uow, key) if key else None
                given = claimed if isinstance(claimed, Answer) else _accepted(answer(handler(uow), status, headers))
                if isinstance(claimed, Claimed):
                    keep(uow, claimed, given)
        except _Undone as undone:
            given = undone.answer
        return given.response()

    def read(self, handler: Handler[T]) -> T:
        """Runs one reading in a transaction that cannot write; blocks. Staff readings of personal data, which are
        recorded, go through `execute`."""
        with self.units.read(self.cause()) as uow:
            return handler(uow)

    def _idempotency_key(self) -> IdempotencyKey | None:
        key, digest = self.exchange.headers.get("idempotency-key"), self.exchange.digest
        if key is None:
            return None
        if self.principal is ANYBODY or digest is None:
            raise Invalid(
                "idempotency-key-anonymous",
                zh="匿名请求不能使用 Idempotency-Key。",
                en="An anonymous request cannot use an Idempotency-Key.",
            )
        return IdempotencyKey(self.principal.actor, self.route, key, digest.value())


class Allow:
    """The dependency that `allow` makes: lets the roles in and gives the `Call`."""

    def __init__(self, roles: frozenset[Role]) -> None:
        self.roles = roles

    async def __call__(self, request: Request) -> Call:
        exchange = exchange_of(request.scope)
        state = request.app.state
        authenticator: Authenticator = state.authenticator
        principal = await authenticator.authenticate(exchange)
        require(principal, self.roles)
        check_media_type(request.scope["route"], exchange)
        route = f"{request.method} {state.paths.get(request.scope['endpoint'], '')}"
        return Call(principal, route, state.units, exchange, state.trusted_proxies)


def allow(*roles: Role) -> Allow:
    """Who may call an endpoint: `call: Annotated[Call, Depends(allow(Role.CANDIDATE))]`.

    With `Role.PUBLIC` no credentials are needed, but credentials that are sent must be valid.
    """
    if not roles:
        raise ValueError("name at least one role")
    return Allow(frozenset(roles))


class _Undone(Exception):  # noqa: N818  # carries an answer out of a transaction; no error
    def __init__(self, given: Answer) -> None:
        self.answer = given


def _accepted(given: Answer) -> Answer:
    if given.status >= 400:
        raise _Undone(given)
    return given
