"""The unit of work: one transaction, its clock, and the events it records last. Nothing else commits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from google.protobuf.message import Message
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from luban.contracts.catalogue import EVENT_TOPICS
from luban.eventkit import arrays, connecting, metrics
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
        self.continued: Mapping[str, str] = {}
        """The traceparent of our own span by the one that an event came with, see `luban.eventkit.tracing`."""
        self._partitions = partitions
        self._pending: list[Pending] = []
        self._last: list[Callable[[], None]] = []
        self._recorded: list[Pending] = []

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
        traceparent: str | None = None,
    ) -> None:
        """Records an event of an aggregate that this transaction has locked or made.

        Its version is the next of the aggregate; two transactions that raced for one version fail on the journal's
        unique index, so a handler that forgot the lock loses nothing but its try. It belongs to the trace of the event
        it was made because of, to the one that is named, or else to that of the cause.
        """
        correlation = because.correlation_id if because else self.cause.correlation_id
        causation = because.event_id if because else self.cause.causation_id
        trace = traceparent or (self.trace_of(because) if because else None) or self.cause.traceparent
        self._pending.append(
            Pending(payload, aggregate_id, key, track, personal, self.cause.actor, correlation, causation, trace)
        )

    def trace_of(self, event: Received[Any]) -> str | None:
        """The traceparent for what follows from an event."""
        came = event.traceparent
        return self.continued.get(came, came) if came else None

    def set_timer(self, kind: str, subject_id: UUID, due_at: datetime) -> None:
        """Sets or moves the timer of a subject; a timer already done is set anew. What it does follows from this."""
        self.sql(
            "insert into eventkit.timer (kind, subject_id, due_at, try_at, correlation_id, traceparent)"
            " values (%s, %s, %s, %s, %s, %s)"
            " on conflict (kind, subject_id) do update set due_at = excluded.due_at, try_at = excluded.due_at,"
            " attempts = 0, done_at = null, correlation_id = excluded.correlation_id,"
            " traceparent = excluded.traceparent",
            (kind, subject_id, due_at, due_at, self.cause.correlation_id, self.cause.traceparent),
        )

    def at_last(self, step: Callable[[], None]) -> None:
        """Runs a step after everything else of the transaction, its events included, right before the commit.

        For the row that everybody waits for. What the step raises undoes the transaction; it must emit nothing.
        """
        self._last.append(step)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What happens inside is undone, events too, when it raises."""
        kept, kept_last = len(self._pending), len(self._last)
        nested = self.session.begin_nested()
        try:
            yield
            self.session.flush()
        except BaseException:
            del self._pending[kept:]
            del self._last[kept_last:]
            nested.rollback()
            raise
        nested.commit()

    def finish(self) -> None:
        """Writes what was emitted, then runs the last steps; once per transaction, by the kernel."""
        self.session.flush()
        if self._pending:
            self._recorded, self._pending = self._pending, []
            append(self.connection, self._recorded, self.keyring, self._partitions)
        steps, self._last = self._last, []  # a step holds this unit, which must not hold it when it is over
        for step in steps:
            step()

    def count_events(self) -> None:
        """Tells the metrics what was recorded, once it is committed. Called by the kernel."""
        if self._recorded:
            metrics.recorded(self._recorded)


class WroteInReadError(Exception):
    """A reading tried to write: the code is wrong. Where it may write, the same refusal says that the server cannot."""


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
            unit.finish()
            session.commit()
            unit.count_events()

    @contextmanager
    def rehearse(self, cause: Cause) -> Iterator[UnitOfWork]:
        """A transaction that does everything but commit: what it told is what would be."""
        with Session(self.engine) as session:
            unit = UnitOfWork(session, cause, self.keyring, self._partitions)
            yield unit
            unit.finish()
            session.rollback()

    @contextmanager
    def read(self, cause: Cause) -> Iterator[UnitOfWork]:
        """A transaction that the database itself keeps from changing anything. Raises WroteInReadError."""
        with Session(self.engine) as session:
            session.connection(execution_options={"postgresql_readonly": True})
            try:
                yield UnitOfWork(session, cause, self.keyring, self._partitions)
            except (DBAPIError, psycopg.Error) as error:
                if isinstance(getattr(error, "orig", error), psycopg.errors.ReadOnlySqlTransaction):
                    raise WroteInReadError from error
                raise

    def close(self) -> None:
        """Closes the connections."""
        self.engine.dispose()

    def run(self, cause: Cause, handler: Callable[[UnitOfWork], Any]) -> Any:
        """Runs a handler in a unit of work of its own."""
        with self.begin(cause) as unit:
            return handler(unit)


def connect(address: str, pool_size: int = 20) -> Engine:
    """An engine on psycopg 3 for a postgresql:// address; every session speaks UTC."""
    arrays.install()
    url = address.replace("postgresql://", "postgresql+psycopg://", 1)
    arguments = {**connecting.CLIENT, "options": connecting.COMMITS}
    engine = create_engine(url, pool_size=pool_size, max_overflow=0, pool_pre_ping=True, connect_args=arguments)
    event.listen(engine, "checkin", _forget_mode)
    return engine


def _forget_mode(connection: psycopg.Connection[Any] | None, _: object) -> None:
    """SQLAlchemy gives back a connection that has read with READ WRITE for its mode. A server in recovery refuses that
    word as a feature it lacks, which nobody waits for, and one that was set to take no writes takes them."""
    if connection is not None and not connection.closed:
        connection.read_only = None


def open_units(settings: Settings, pool_size: int = 20) -> UnitsOfWork:
    """The units of work of a service, from its settings."""
    return UnitsOfWork(connect(settings.database, pool_size), KeyRing.load(settings.keyring), settings.profile)
