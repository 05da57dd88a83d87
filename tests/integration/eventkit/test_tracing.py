"""A trace goes on through journal, topic and consumer, parked or not; spans are made only for what was sampled."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from luban.eventkit import tracing
from luban.eventkit.dispatch import Subscriptions
from luban.eventkit.envelope import Received
from luban.eventkit.ids import new_id
from luban.eventkit.timers import Timers
from luban.eventkit.uow import Cause, UnitOfWork
from luban.events.v1 import certificate_pb2, exam_pb2
from tests.integration.eventkit.rig import EXAM_EVENTS, Rig, on_corrected, wait_until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SAMPLED, UNSAMPLED = f"00-{TRACE}-00f067aa0ba902b7-01", f"00-{TRACE}-00f067aa0ba902b7-00"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What is made while a test runs."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.install(provider.get_tracer("test"))
    yield exporter
    tracing.install(None)


def emit(rig: Rig, *traceparents: str | None) -> None:
    """One event in each trace."""
    for traceparent in traceparents:
        with rig.source.begin(Cause("test", traceparent=traceparent)) as uow:
            aggregate = new_id()
            payload = exam_pb2.ResultConfirmed(result_id=str(aggregate), confirmation_no=1)
            uow.emit(payload, aggregate_id=aggregate, key=aggregate, personal=None)


def told(rig: Rig) -> list[str | None]:
    """The traces of what the consumer said because of them."""
    return [trace for (trace,) in rig.rows("select traceparent from eventkit.journal order by seq")]


def confirm_and_tell(uow: UnitOfWork, batch: Sequence[Received[Any]]) -> None:
    """The effect, and an event because of each."""
    for event in batch:
        uow.sql("insert into effect (event_id, aggregate_id) values (%s, %s)", (event.event_id, event.aggregate_id))
        told = certificate_pb2.CertificateIssued(certificate_id=str(event.aggregate_id))
        uow.emit(told, aggregate_id=new_id(), key=event.aggregate_id, because=event)


TELLING = Subscriptions(
    "certificate",
    handles={exam_pb2.ResultConfirmed: confirm_and_tell, exam_pb2.ResultCorrected: on_corrected},
    ignores=EXAM_EVENTS,
)


def test_without_a_tracer_the_context_is_handed_on_as_it_came(rig: Rig) -> None:
    emit(rig, SAMPLED, None, UNSAMPLED)
    with rig.running_loops(rig.relay(), rig.consumer(TELLING)):
        rig.await_effects(3)
    assert sorted(told(rig), key=str) == [UNSAMPLED, SAMPLED, None]


def test_one_span_for_each_sampled_trace_of_a_batch(rig: Rig, spans: InMemorySpanExporter) -> None:
    other = "0af7651916cd43dd8448eb211c80319c"
    emit(rig, SAMPLED, SAMPLED, UNSAMPLED, f"00-{other}-b7ad6b7169203331-01", None)
    with rig.running_loops(rig.relay()):
        wait_until(lambda: rig.rows("select 1 from eventkit.outbox", side="source") == [], "everything sent")
    with rig.running_loops(rig.consumer(TELLING)):
        rig.await_effects(5)
    made = spans.get_finished_spans()
    assert {format(span.context.trace_id, "032x") for span in made if span.context} == {TRACE, other}
    assert all(span.kind is SpanKind.CONSUMER and span.name == "process luban.exam.v1" for span in made)
    counts = [(span.attributes or {})["messaging.batch.message_count"] for span in made]
    assert sorted(counts, key=str) == [1, 2]
    own = {tracing.traceparent_of_context(span.context) for span in made if span.context}
    assert own | {UNSAMPLED, None} == set(told(rig))


def test_a_batch_of_many_traces_makes_a_bounded_number_of_spans(spans: InMemorySpanExporter) -> None:
    many = [f"00-{number:032x}-00f067aa0ba902b7-01" for number in range(1, 500)]
    with tracing.batch_spans("t", many) as continued:
        assert len(continued) == tracing.MOST_SPANS
    assert len(spans.get_finished_spans()) == tracing.MOST_SPANS


def test_a_parked_event_keeps_its_trace(rig: Rig, spans: InMemorySpanExporter) -> None:
    emit(rig, SAMPLED)
    ((guilty,),) = rig.rows("select aggregate_id from eventkit.journal", side="source")
    forgiving = Subscriptions(
        "certificate",
        handles={exam_pb2.ResultConfirmed: _refuse, exam_pb2.ResultCorrected: on_corrected},
        ignores=EXAM_EVENTS,
    )
    with rig.running_loops(rig.relay(), rig.consumer(forgiving)):
        wait_until(lambda: rig.count("eventkit.parked") == 1, "the parked event")
    assert rig.rows("select aggregate_id, headers ->> 'traceparent' from eventkit.parked") == [(guilty, SAMPLED)]
    spans.clear()
    assert rig.replay(TELLING).applied == 1
    (made,) = spans.get_finished_spans()
    assert made.context
    assert told(rig) == [tracing.traceparent_of_context(made.context)]


def _refuse(uow: UnitOfWork, batch: Sequence[Received[Any]]) -> None:
    raise ValueError


def test_a_timer_goes_on_in_the_trace_and_correlation_of_who_set_it(rig: Rig, spans: InMemorySpanExporter) -> None:
    correlation, subject = new_id(), new_id()
    seen: list[Cause] = []
    with rig.sink.begin(Cause("somebody", correlation_id=correlation, traceparent=SAMPLED)) as uow:
        uow.set_timer("k", subject, uow.now())
    assert Timers({"k": lambda uow, _: seen.append(uow.cause)}, rig.sink).fire_next()
    (cause,), (made,) = seen, spans.get_finished_spans()
    assert made.context
    assert (cause.actor, cause.correlation_id) == ("timer", correlation)
    assert cause.traceparent == tracing.traceparent_of_context(made.context)
    assert (made.name, format(made.context.trace_id, "032x")) == ("timer k", TRACE)


def test_a_span_that_failed_tells_the_kind_of_error_and_not_its_text(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="110101199003070000"), tracing.work_span("w", SAMPLED):
        raise ValueError("110101199003070000")
    (made,) = spans.get_finished_spans()
    assert made.status.status_code is StatusCode.ERROR
    assert "110101199003070000" not in made.to_json()
    assert (made.attributes or {})["error.type"] == "ValueError"


def test_a_journal_keeps_each_events_trace(rig: Rig) -> None:
    with rig.source.begin(Cause("test", traceparent=UNSAMPLED)) as uow:
        for trace in (SAMPLED, None):
            aggregate = new_id()
            payload = exam_pb2.ResultCorrected(result_id=str(aggregate))
            uow.emit(payload, aggregate_id=aggregate, key=aggregate, traceparent=trace)
    with psycopg.connect(rig.source_settings.database) as connection:
        rows = connection.execute("select traceparent from eventkit.journal order by seq").fetchall()
    assert rows == [(SAMPLED,), (UNSAMPLED,)]
