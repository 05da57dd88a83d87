"""Traces across services: a request's span goes with its events, and what they cause goes on in the same trace.

The context travels as W3C `traceparent`: journal, record header, event received, events emitted because of it. That
works without any exporter. Spans are made only after `install`, only for traces that whoever began them had sampled,
and at most `MOST_SPANS` in one batch; none has an attribute that could name a person.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

MOST_SPANS = 64
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_installed: list[Tracer] = []


def install(tracer: Tracer | None) -> None:
    """From now on spans are made by this tracer; by none with None."""
    _installed[:] = [tracer] if tracer else []


def tracer() -> Tracer | None:
    """Who makes spans, if anybody does."""
    return _installed[0] if _installed else None


def context_of(traceparent: str | None) -> Context:
    """The context to begin a span in; without a well-formed parent, that of a new trace."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    if found is None:
        return Context()
    trace, span, flags = (int(each, 16) for each in found.groups())
    return set_span_in_context(
        NonRecordingSpan(SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(flags))), Context()
    )


def traceparent_of(span: Span) -> str:
    """What goes with the events of a span's work."""
    return traceparent_of_context(span.get_span_context())


def traceparent_of_context(context: SpanContext) -> str:
    """A span's context as W3C writes it."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags & 1:02x}"


def is_sampled(traceparent: str) -> bool:
    """Whether whoever began the trace wants it recorded."""
    return traceparent[-1:] in tuple("13579bdf")


@contextmanager
def batch_spans(topic: str, traceparents: Iterable[str | None]) -> Iterator[Mapping[str, str]]:
    """One span for each sampled trace that a batch continues, for as long as the block runs.

    Gives the new traceparent by the one that came, for what the batch's events cause.
    """
    making = tracer()
    spans: dict[str, Span] = {}
    if making is not None:
        counts = Counter(each for each in traceparents if each and is_sampled(each))
        spans = {each: _consuming(making, topic, each, counts[each]) for each in list(counts)[:MOST_SPANS]}
    try:
        yield {each: traceparent_of(span) for each, span in spans.items()}
    except BaseException as error:
        for span in spans.values():
            _fail(span, error)
        raise
    finally:
        for span in spans.values():
            span.end()


def _consuming(making: Tracer, topic: str, traceparent: str, count: int) -> Span:
    attributes: dict[str, Any] = {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": topic,
        "messaging.batch.message_count": count,
    }
    return making.start_span(f"process {topic}", context_of(traceparent), SpanKind.CONSUMER, attributes)


@contextmanager
def work_span(name: str, traceparent: str | None) -> Iterator[str | None]:
    """One span that goes on with a sampled trace while the block runs; the traceparent for what follows from it."""
    making = tracer()
    if making is None or traceparent is None or not is_sampled(traceparent):
        yield traceparent
        return
    span = making.start_span(name, context_of(traceparent), SpanKind.INTERNAL)
    try:
        yield traceparent_of(span)
    except BaseException as error:
        _fail(span, error)
        raise
    finally:
        span.end()


def _fail(span: Span, error: BaseException) -> None:
    """The kind of error only: its text may quote a value."""
    span.set_attribute("error.type", type(error).__name__)
    span.set_status(StatusCode.ERROR)
