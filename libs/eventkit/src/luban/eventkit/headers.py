"""Record headers: CloudEvents 1.0 Kafka binding (binary mode), and what names the aggregate when the body is broken."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

Headers = list[tuple[str, bytes]]

INCARNATION = "luban_incarnation"
AGGREGATE_ID = "luban_aggregate_id"
AGGREGATE_VERSION = "luban_aggregate_version"
CE_TYPE = "ce_type"
TYPE_PREFIX = "luban.events.v1."


def outgoing(
    event_id: UUID,
    event_type: str,
    source: bytes,
    at: datetime,
    aggregate: tuple[UUID, int],
    incarnation: bytes,
    traceparent: str | None,
) -> Headers:
    """Headers of one record."""
    headers: Headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(event_id).encode()),
        ("ce_source", source),
        (CE_TYPE, (TYPE_PREFIX + event_type).encode()),
        ("ce_time", at.isoformat().encode()),
        ("content-type", b"application/protobuf"),
        (AGGREGATE_ID, str(aggregate[0]).encode()),
        (AGGREGATE_VERSION, str(aggregate[1]).encode()),
        (INCARNATION, incarnation),
    ]
    if traceparent:
        headers.append(("traceparent", traceparent.encode()))
    return headers


def value_of(headers: Iterable[tuple[str, bytes]], name: str) -> str | None:
    """The header's text, or None where it is missing."""
    for key, value in headers:
        if key == name and value is not None:
            return value.decode("utf-8", "replace")
    return None


def readable(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """All headers as text, for a dead letter."""
    return {key: (value or b"").decode("utf-8", "replace") for key, value in headers}


def names_of(headers: Mapping[str, str]) -> tuple[UUID | None, int | None, str | None]:
    """Aggregate id, version and type that the headers name, where the body cannot."""
    try:
        aggregate_id = UUID(headers[AGGREGATE_ID])
        version = int(headers[AGGREGATE_VERSION])
    except (KeyError, ValueError):
        return None, None, headers.get(CE_TYPE)
    return aggregate_id, version, headers.get(CE_TYPE, "").removeprefix(TYPE_PREFIX) or None
