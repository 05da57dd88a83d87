"""Events between their Python form and the bytes on the wire."""

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from luban.contracts.catalogue import SPEC_OF_FIELD, SPEC_OF_PAYLOAD
from luban.eventkit.sealing import KeyRing, associated_data, open_from_event, seal_for_event
from luban.events.v1.common_pb2 import PersonalData
from luban.events.v1.common_pb2 import Track as TrackOnWire
from luban.events.v1.event_pb2 import Event
from luban.reference.track import Track

P = TypeVar("P", bound=Message)
NO_PREVIOUS = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """An event that a handler emitted and the unit of work has not written yet."""

    payload: Message
    aggregate_id: UUID
    key: UUID
    track: Track | None
    personal: PersonalData | None
    actor: str
    correlation_id: UUID
    causation_id: UUID | None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the journal."""

    event_id: UUID
    topic: str
    partition: int
    key: UUID
    aggregate_type: str
    aggregate_id: UUID
    aggregate_version: int
    event_type: str
    traceparent: str | None
    value: bytes


class Received(NamedTuple, Generic[P]):
    """An event as a handler gets it."""

    envelope: Event
    event_id: UUID
    aggregate_id: UUID
    version: int
    event_type: str
    payload: P
    keyring: KeyRing
    traceparent: str | None = None
    """The trace that it belongs to, W3C Trace Context."""

    @property
    def correlation_id(self) -> UUID:
        """Ties together everything that followed from one request."""
        return UUID(self.envelope.correlation_id)

    def personal(self) -> PersonalData:
        """Opens the sealed personal data. Raises UnsealError."""
        associated = associated_data(self.event_id, self.event_type, self.aggregate_id)
        return open_from_event(self.keyring, self.payload.personal, associated)  # type: ignore[attr-defined]  # checked per event by the catalogue's contract test


class UnknownPayloadError(Exception):
    """The envelope is sound, its payload is of a type newer than these contracts."""


class MalformedError(Exception):
    """Bytes that are no event, or an event that lacks what every event has."""


def partition_of(key: UUID, partitions: int) -> int:
    """The partition a key belongs to, for life. Ours, because client libraries' defaults differ."""
    return zlib.crc32(key.bytes) % partitions


def encode(
    event_id: UUID, pending: Pending, version: int, previous: UUID | None, at: datetime, ring: KeyRing, local_year: int
) -> bytes:
    """The bytes of the envelope, final. `local_year` is the year in Shanghai that names the sealing key."""
    spec = SPEC_OF_PAYLOAD[type(pending.payload)]
    envelope = Event(
        id=str(event_id),
        occurred_at=_timestamp(at),
        aggregate_type=spec.aggregate,
        aggregate_id=str(pending.aggregate_id),
        aggregate_version=version,
        previous_id=str(previous) if previous else NO_PREVIOUS,
        correlation_id=str(pending.correlation_id),
        causation_id=str(pending.causation_id) if pending.causation_id else "",
        track=TrackOnWire.Value(f"TRACK_{pending.track}" if pending.track else "TRACK_UNSPECIFIED"),
        actor=pending.actor,
    )
    body = getattr(envelope, spec.field)
    body.CopyFrom(pending.payload)
    body.SetInParent()
    if pending.personal is not None:
        key_id = ring.key_id(spec.retention_class, local_year)
        associated = associated_data(event_id, spec.name, pending.aggregate_id)
        body.personal.CopyFrom(seal_for_event(ring, pending.personal, key_id, associated))
    return envelope.SerializeToString()


def parse(value: bytes) -> Event:
    """The envelope alone. Raises MalformedError."""
    try:
        envelope = Event.FromString(value)
    except Exception as error:  # protobuf raises DecodeError, and for some inputs others of its own
        raise MalformedError("not an event") from error
    if envelope.aggregate_version < 1 or not envelope.id or not envelope.aggregate_id:
        raise MalformedError("an event without id, aggregate or version")
    return envelope


def received(envelope: Event, ring: KeyRing, traceparent: str | None = None) -> Received[Message]:
    """The event with its payload. Raises UnknownPayloadError, MalformedError."""
    field = envelope.WhichOneof("payload")
    spec = SPEC_OF_FIELD.get(field) if field else None
    if field is None or spec is None:
        raise UnknownPayloadError(field or envelope.id)
    event_id, aggregate_id = identity(envelope.id), identity(envelope.aggregate_id)
    payload = getattr(envelope, field)
    version = envelope.aggregate_version
    return Received(envelope, event_id, aggregate_id, version, spec.name, payload, ring, traceparent)


def identity(text: str) -> UUID:
    """An id that an envelope names. Raises MalformedError."""
    try:
        return UUID(text)
    except ValueError as error:
        raise MalformedError("an id that is no UUID") from error


def _timestamp(at: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp
