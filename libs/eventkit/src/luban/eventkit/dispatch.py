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
from luban.eventkit.uow import UnitOfWork

Handler = Callable[[UnitOfWork, Sequence[Received[Any]]], None]


class Subscriptions:
    """A consumer's name, the types it handles and the types it knows and ignores: between them, all of its topics."""

    def __init__(self, consumer: str, *, handles: Mapping[type[Message], Handler], ignores: Iterable[type[Message]]):
        self.consumer = consumer
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
    except Exception as error:  # whatever a handler raises concerns its events, unless the database itself is away
        if is_transient(error):
            raise
        if len(events) == 1:
            return [Failure(events[0], _describe(error))]
        middle = len(events) // 2
        return _apply(uow, handler, events[:middle]) + _apply(uow, handler, events[middle:])
    return []


def is_transient(error: BaseException) -> bool:
    """Whether the whole transaction may succeed when tried again: connection, lock, serialisation, shutdown, disk."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (error.orig is not None and is_transient(error.orig))
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)


def _describe(error: Exception) -> str:
    """Type and stable code only: a message may quote what it was about, and that may be a person."""
    code = getattr(error, "code", None) or getattr(getattr(error, "orig", None), "sqlstate", None)
    return f"{type(error).__name__}: {code}" if isinstance(code, str) else type(error).__name__
