"""Record headers: CloudEvents 1.0 Kafka binding (binary mode), and what names the aggregate when the body is broken."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

Headers = list[tuple[str, bytes]]

INCARNATION = "luban_incarnation"
AGGREGATE_ID = "luban_aggregate_id"
AGGREGATE_VERSION = "luban_aggregate_version"
EVENT_ID = "ce_id"
CE_TYPE = "ce_type"
TRACEPARENT = "traceparent"
TYPE_PREFIX = "luban.events.v1."


class Outgoing:
    """Makes the headers of records that one service sends to topics in their present lives."""

    def __init__(self, source: bytes, lives: Mapping[str, str]) -> None:
        self._before = [("ce_specversion", b"1.0"), ("ce_source", source), ("content-type", b"application/protobuf")]
        self._lives = {topic: (INCARNATION, life.encode()) for topic, life in lives.items()}
        self._types: dict[str, tuple[str, bytes]] = {}
        self._times: dict[datetime, tuple[str, bytes]] = {}

    def headers(
        self,
        topic: str,
        event_id: bytes,
        event_type: str,
        at: datetime,
        aggregate_id: bytes,
        version: int,
        traceparent: str | None,
    ) -> Headers:
        """Headers of one record; ids as text in bytes. Types and times repeat within a batch, so each is made once."""
        kind = self._types.get(event_type)
        if kind is None:
            kind = self._types[event_type] = (CE_TYPE, (TYPE_PREFIX + event_type).encode())
        time = self._times.get(at)
        if time is None:
            time = self._times[at] = ("ce_time", at.isoformat().encode())
        headers = [  # the incarnation first, where every consumer looks for it
            self._lives[topic], *self._before, kind, time,
            (EVENT_ID, event_id), (AGGREGATE_ID, aggregate_id), (AGGREGATE_VERSION, b"%d" % version),
        ]  # fmt: skip
        if traceparent:
            headers.append((TRACEPARENT, traceparent.encode()))
        return headers


def traceparent_of(headers: Sequence[tuple[str, bytes]]) -> str | None:
    """The trace a record belongs to. The relay writes it last, so nothing is searched for the many that have none."""
    if headers and headers[-1][0] == TRACEPARENT and headers[-1][1]:
        return headers[-1][1].decode("ascii", "replace")
    return None


def value_of(headers: Iterable[tuple[str, bytes]], name: str) -> str | None:
    """The header's text, or None where it is missing."""
    for key, value in headers:
        if key == name and value is not None:
            return value.decode("utf-8", "replace")
    return None


def readable(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """All headers as text, for a dead letter."""
    return {key: (value or b"").decode("utf-8", "replace") for key, value in headers}


def packed(headers: Mapping[str, str]) -> Headers:
    """Reverses `readable`; the trace last, wherever it stood."""
    ordered = sorted(headers.items(), key=lambda header: header[0] == TRACEPARENT)
    return [(key, value.encode()) for key, value in ordered]


def names_of(headers: Mapping[str, str]) -> tuple[UUID | None, int | None, str | None]:
    """Aggregate id, version and type that the headers name, where the body cannot."""
    try:
        aggregate_id = UUID(headers[AGGREGATE_ID])
        version = int(headers[AGGREGATE_VERSION])
    except (KeyError, ValueError):
        return None, None, headers.get(CE_TYPE)
    return aggregate_id, version, headers.get(CE_TYPE, "").removeprefix(TYPE_PREFIX) or None
