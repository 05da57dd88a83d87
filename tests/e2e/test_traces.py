"""One trace goes from a registration through the exam to the certificate, as an OTLP receiver sees it."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from luban.cli.demo.gateway import Gateway, wait_for
from luban.cli.launch import start_stack, stop_stack
from luban.cli.stack import Options, prepare_directory, stack_file
from tests.enterprise import Enterprise, begin

pytestmark = pytest.mark.stack

WAY = {
    ("luban-registration", "api", "POST /v1/plans/{plan_id}/roster"),
    ("luban-exam", "worker", "process luban.registration.v1"),
    ("luban-certificate", "worker", "process luban.exam.v1"),
    ("luban-registration", "worker", "process luban.certificate.v1"),
}
"""Service, process and name of a span at each station. Every process sends its own, in no order among them."""


class Receiver:
    """An OpenTelemetry collector's door, with everything that came through it."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces", self.path
                receiver.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def spans(self) -> Iterator[tuple[str, str, Span]]:
        """Service, process and span of all that came."""
        for body in list(self.bodies):
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                named = {each.key: each.value.string_value for each in resource.resource.attributes}
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        yield named["service.name"], named["luban.process"], span

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Listens, and is what every process of a stack started now will send to."""
    receiver = Receiver()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.address)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield receiver
    receiver.close()


def test_one_trace_goes_from_registration_to_certificate(reachable_directory: Path, receiver: Receiver) -> None:
    directory = prepare_directory(reachable_directory / "stack")
    start_stack(Options(directory, demo=True), seconds=240)
    try:
        with Gateway(stack_file(directory)) as gateway:
            begin(gateway)
            cycle = Enterprise(gateway).cycle(workers=3)
            trace = wait_for("the roster's trace at every station", lambda: _whole_trace(receiver))
    finally:
        stop_stack(directory)
    by_id = {span.span_id: service for service, _, span in trace}
    parents = {service: by_id.get(span.parent_span_id) for service, process, span in trace if process == "worker"}
    assert parents["luban-exam"] == "luban-registration"
    assert parents["luban-certificate"] == "luban-exam"
    assert parents["luban-registration"] == "luban-certificate"
    everything = b"".join(receiver.bodies)
    assert not [needle for needle in cycle.needles if needle.encode() in everything]
    numbers = [each["certificate_no"] for each in cycle.certificates]
    assert numbers
    assert not [number for number in numbers if number.encode() in everything]


def _whole_trace(receiver: Receiver) -> list[tuple[str, str, Span]] | None:
    """The spans of the trace that began with the roster, once every station's have come."""
    traces: dict[bytes, list[tuple[str, str, Span]]] = defaultdict(list)
    for service, process, span in receiver.spans():
        traces[span.trace_id].append((service, process, span))
    for spans in traces.values():
        if {(service, process, span.name) for service, process, span in spans} >= WAY:
            return spans
    return None
