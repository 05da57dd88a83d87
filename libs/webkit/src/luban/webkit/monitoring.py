"""What a process tells its operators, on a port of its own that no proxy leads to: /metrics, and a worker's health.

Nothing personal is shown, and still it is nobody else's business how much a province certifies: the port is bound to
the loopback address unless LUBAN_METRICS_HOST says otherwise.
"""

import json
import logging
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Thread
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

_LOG = logging.getLogger("luban.monitoring")

MOST_AT_ONCE = 8
REQUEST_SECONDS = 5.0

Page = Callable[[], tuple[int, str, bytes]]
"""Status, content type and body."""


disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for every counter, which nobody asks for


def metrics(registry: CollectorRegistry = REGISTRY) -> tuple[int, str, bytes]:
    """Everything this process counts and measures, in Prometheus' text format."""
    return 200, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(registry)


def as_json(answer: Callable[[], tuple[int, Mapping[str, Any]]]) -> Page:
    """A page out of a status and what is to be told."""

    def page() -> tuple[int, str, bytes]:
        status, body = answer()
        return status, "application/json", json.dumps(body).encode()

    return page


class MonitoringServer(ThreadingHTTPServer):
    """Answers GET for the pages it is given, at most `MOST_AT_ONCE` at once; more are turned away unheard."""

    daemon_threads = True

    def __init__(self, host: str, port: int, pages: Mapping[str, Page]) -> None:
        """Raises OSError when the port is taken."""
        self.pages = pages
        self._places = BoundedSemaphore(MOST_AT_ONCE)
        super().__init__((host, port), _Handler)

    def start(self) -> None:
        """Answers from a thread of its own for as long as the process lives."""
        Thread(target=self.serve_forever, name="monitoring", daemon=True).start()

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  # the base class's parameters
        """Called while the error is handled."""
        _LOG.warning("a request to the monitoring port failed", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    timeout = REQUEST_SECONDS
    server_version = "luban"
    sys_version = ""

    def do_GET(self) -> None:  # the base class's name
        assert isinstance(self.server, MonitoringServer)
        page = self.server.pages.get(self.path.partition("?")[0])
        status, kind, body = page() if page else (404, "text/plain", b"")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
        """Probes and scrapes come every few seconds; none is worth a line."""
