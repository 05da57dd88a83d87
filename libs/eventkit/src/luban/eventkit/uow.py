"""The unit of work: one transaction, its clock, and the events it records last. Nothing else commits."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from google.protobuf.message import Message
from sqlalchemy import Engine, create_engine, text
from sqlmodel import Session

from luban.contracts.catalogue import EVENT_TOPICS
from luban.eventkit.envelope import Pending, Received
from luban.eventkit.ids import new_id
from luban.eventkit.journal import append
from luban.eventkit.sealing import KeyRing
from luban.eventkit.settings import Profile, Settings
from luban.events.v1.common_pb2 import PersonalData
from luban.reference.track import Track


@dataclass(frozen=True)
class Cause:
    """Who does something, and what made them: goes into every event of the transaction."""

    actor: str
    reason: str | None = None
    correlation_id: UUID = field(default_factory=new_id)
    causation_id: UUID | None = None
    traceparent: str | None = None


class UnitOfWork:
    """One open transaction. Handlers get it; only `UnitsOfWork` opens and ends it."""

    def __init__(self, session: Session, cause: Cause, keyring: KeyRing, partitions: dict[str, int]) -> None:
        self.session = session
        self.cause = cause
        self.keyring = keyring
        self._partitions = partitions
        self._pending: list[Pending] = []

    def now(self) -> datetime:
        """The database's clock at this moment, with the demo's lead; aware, UTC. The only clock of the product."""
        moment: datetime = self.session.execute(text("select eventkit.now()")).scalar_one()
        return moment

    def new_id(self) -> UUID:
        """A new UUIDv7."""
        return new_id()

    def sql(self, query: str, parameters: Sequence[Any] | dict[str, Any] | None = None) -> psycopg.Cursor[Any]:
        """Runs set-based SQL in this transaction with psycopg's own parameters (%s, arrays as lists)."""
        return self.connection.execute(query, parameters)

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """psycopg's connection of this transaction, for COPY. What the session holds is flushed first."""
        self.session.flush()
        connection = self.session.connection().connection.driver_connection
        assert isinstance(connection, psycopg.Connection)
        return connection

    def emit(
        self,
        payload: Message,
        *,
        aggregate_id: UUID,
        key: UUID,
        track: Track | None = None,
        personal: PersonalData | None = None,
        because: Received[Any] | None = None,
    ) -> None:
        """Records an event of an aggregate that this transaction has locked or made.

        Its version is the next of the aggregate; two transactions that raced for one version fail on the journal's
        unique index, so a handler that forgot the lock loses nothing but its try.
        """
        correlation = because.correlation_id if because else self.cause.correlation_id
        causation = because.event_id if because else self.cause.causation_id
        self._pending.append(
            Pending(payload, aggregate_id, key, track, personal, self.cause.actor, correlation, causation)
        )

    def set_timer(self, kind: str, subject_id: UUID, due_at: datetime) -> None:
        """Sets or moves the timer of a subject; a timer already done is set anew."""
        self.sql(
            "insert into eventkit.timer (kind, subject_id, due_at, try_at) values (%s, %s, %s, %s)"
            " on conflict (kind, subject_id) do update set due_at = excluded.due_at, try_at = excluded.due_at,"
            " attempts = 0, done_at = null",
            (kind, subject_id, due_at, due_at),
        )

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What happens inside is undone, events too, when it raises."""
        kept = len(self._pending)
        nested = self.session.begin_nested()
        try:
            yield
            self.session.flush()
        except BaseException:
            del self._pending[kept:]
            nested.rollback()
            raise
        nested.commit()

    def record_events(self) -> None:
        """Writes what was emitted, last in the transaction, once per transaction. Called by the kernel."""
        if self._pending:
            pending, self._pending = self._pending, []
            append(self.connection, pending, self.keyring, self._partitions, self.cause.traceparent)


class UnitsOfWork:
    """Opens units of work over one database."""

    def __init__(self, engine: Engine, keyring: KeyRing, profile: Profile) -> None:
        self.engine = engine
        self.keyring = keyring
        self._partitions = {topic.name: topic.partitions(profile) for topic in EVENT_TOPICS}

    @contextmanager
    def begin(self, cause: Cause) -> Iterator[UnitOfWork]:
        """A transaction that commits when the block ends and rolls back when it raises."""
        with Session(self.engine) as session:
            unit = UnitOfWork(session, cause, self.keyring, self._partitions)
            yield unit
            session.flush()
            unit.record_events()
            session.commit()

    @contextmanager
    def read(self, cause: Cause) -> Iterator[UnitOfWork]:
        """A transaction that the database itself keeps from changing anything."""
        with Session(self.engine) as session:
            session.connection(execution_options={"postgresql_readonly": True})
            yield UnitOfWork(session, cause, self.keyring, self._partitions)

    def close(self) -> None:
        """Closes the connections."""
        self.engine.dispose()

    def run(self, cause: Cause, handler: Callable[[UnitOfWork], Any]) -> Any:
        """Runs a handler in a unit of work of its own."""
        with self.begin(cause) as unit:
            return handler(unit)


def connect(address: str, pool_size: int = 20) -> Engine:
    """An engine on psycopg 3 for a postgresql:// address; every session speaks UTC."""
    url = address.replace("postgresql://", "postgresql+psycopg://", 1)
    arguments = {"options": "-c timezone=UTC -c synchronous_commit=on"}
    return create_engine(url, pool_size=pool_size, max_overflow=0, pool_pre_ping=True, connect_args=arguments)


def open_units(settings: Settings, pool_size: int = 20) -> UnitsOfWork:
    """The units of work of a service, from its settings."""
    return UnitsOfWork(connect(settings.database, pool_size), KeyRing.load(settings.keyring), settings.profile)
