"""OpenTelemetry at a process's edges: where spans are sent to, and the span around each request.

FastAPI's own instrumentation stays off: it puts the path and the query of a request into its spans, and those may hold
a certificate's number or a name.
"""

import os
from collections.abc import Mapping

from opentelemetry.trace import Span, SpanKind, StatusCode

from luban.eventkit.starting import CannotStartError
from luban.eventkit.tracing import context_of, install, traceparent_of, tracer
from luban.webkit.exchange import Exchange

__all__ = ["Span", "begin_span", "configure_tracing", "end_span"]

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


def configure_tracing(service: str, process: str, environment: Mapping[str, str] = os.environ) -> None:
    """Sends spans where OpenTelemetry's standard variables say, by OTLP over HTTP; makes none where they say nothing.

    Raises CannotStartError for an exporter or a protocol that is not supported.
    """
    if not _is_wanted(environment):
        return
    # Imported only here: who makes no spans need not carry the SDK and its HTTP client.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    named = {} if environment.get("OTEL_SERVICE_NAME") else {"service.name": f"luban-{service}"}
    provider = TracerProvider(resource=Resource.create({**named, "luban.process": process}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    install(provider.get_tracer("luban"))


def _is_wanted(environment: Mapping[str, str]) -> bool:
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or exporter == "none":
        return False
    if exporter not in ("", "otlp"):
        raise CannotStartError(f"OTEL_TRACES_EXPORTER is {exporter!r}: set it to otlp or none")
    if not exporter and not any(environment.get(name) for name in _ENDPOINTS):
        return False
    protocol = next((environment[name] for name in _PROTOCOLS if environment.get(name)), "http/protobuf")
    if protocol != "http/protobuf":
        raise CannotStartError(f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}: only http/protobuf is supported")
    return True


def begin_span(exchange: Exchange) -> Span | None:
    """Begins a request's span in the trace of its caller, or a new one; what the request causes goes on in it."""
    making = tracer()
    if making is None:
        return None
    span = making.start_span("request", context_of(exchange.traceparent), SpanKind.SERVER)
    exchange.traceparent = traceparent_of(span)
    if span.is_recording():
        span.set_attribute("luban.correlation_id", str(exchange.correlation_id))
    return span


def end_span(span: Span, method: str, route: str, status: int | None) -> None:
    """Ends it, named by its route template."""
    if span.is_recording():
        span.update_name(f"{method} {route}")
        span.set_attributes({"http.request.method": method, "http.route": route})
        if status is not None:
            span.set_attribute("http.response.status_code", status)
        if status is None or status >= 500:
            span.set_status(StatusCode.ERROR)
    span.end()
