"""Which events a service handles, and how a batch of them is applied, with the guilty one found by halving."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from google.protobuf.message import Message
from sqlalchemy.exc import DBAPIError

from luban.contracts.catalogue import EVENTS, SPEC_OF_PAYLOAD
from luban.eventkit.envelope import Received
from luban.eventkit.starting import CannotStartError
from luban.eventkit.uow import UnitOfWork

Handler = Callable[[UnitOfWork, Sequence[Received[Any]]], None]


class Subscriptions:
    """A consumer's name, the types it handles and the types it knows and ignores: between them, all of its topics.

    `read_state` names the tables that follow from its events alone, if its handlers write to no others.
    """

    def __init__(
        self,
        consumer: str,
        *,
        handles: Mapping[type[Message], Handler],
        ignores: Iterable[type[Message]],
        read_state: tuple[str, ...] = (),
    ) -> None:
        self.consumer = consumer
        self.read_state = read_state
        self.handlers = {SPEC_OF_PAYLOAD[payload].name: handler for payload, handler in handles.items()}
        self.topics = sorted({SPEC_OF_PAYLOAD[payload].topic.name for payload in handles})
        named = set(handles) | set(ignores)
        forgotten = [spec.name for spec in EVENTS if spec.topic.name in self.topics and spec.payload not in named]
        if forgotten:
            raise ValueError(f"{consumer} neither handles nor ignores {', '.join(forgotten)}")


@dataclass(frozen=True)
class Failure:
    """An event that its handler refused, with why."""

    event: Received[Message]
    detail: str

    @property
    def fields(self) -> Mapping[str, str]:
        """What finds the event, for a log line."""
        return {
            "topic": SPEC_OF_PAYLOAD[type(self.event.payload)].topic.name,
            "event_type": self.event.event_type,
            "event_id": str(self.event.event_id),
            "aggregate_id": str(self.event.aggregate_id),
            "correlation_id": self.event.envelope.correlation_id,
        }


def apply_round(uow: UnitOfWork, handlers: Mapping[str, Handler], events: Sequence[Received[Message]]) -> list[Failure]:
    """Applies one event per aggregate, type by type; what was refused is undone and returned."""
    by_type: dict[str, list[Received[Message]]] = defaultdict(list)
    for event in events:
        if event.event_type in handlers:
            by_type[event.event_type].append(event)
    failures: list[Failure] = []
    for event_type, group in by_type.items():
        failures += _apply(uow, handlers[event_type], group)
    return failures


def _apply(uow: UnitOfWork, handler: Handler, events: Sequence[Received[Message]]) -> list[Failure]:
    try:
        with uow.savepoint():
            handler(uow, events)
    except CannotStartError:  # of this service's own making: no event is to blame
        raise
    except Exception as error:  # whatever a handler raises concerns its events, unless the database itself is away
        if is_transient(error):
            raise
        if len(events) == 1:
            return [Failure(events[0], _describe(error))]
        middle = len(events) // 2
        return _apply(uow, handler, events[:middle]) + _apply(uow, handler, events[middle:])
    return []


_TRANSIENT = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,  # to psycopg an InternalError, though the session is just gone
    psycopg.errors.TransactionTimeout,
    psycopg.errors.ReadOnlySqlTransaction,  # a server that is still replaying its log, or a standby not promoted yet
)


def is_transient(error: BaseException) -> bool:
    """Whether the whole transaction may succeed when tried again: connection, lock, serialisation, shutdown, disk,
    a server in recovery."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (error.orig is not None and is_transient(error.orig))
    return isinstance(error, _TRANSIENT)


def _describe(error: Exception) -> str:
    """Type and stable code only: a message may quote what it was about, and that may be a person."""
    code = getattr(error, "code", None) or getattr(getattr(error, "orig", None), "sqlstate", None)
    return f"{type(error).__name__}: {code}" if isinstance(code, str) else type(error).__name__
