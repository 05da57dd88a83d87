"""Runs a service's API: one process, one granian server, graceful on SIGTERM."""

import asyncio
import logging
import os
import signal
from importlib import import_module
from threading import Timer
from typing import Any, cast

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from prometheus_client import REGISTRY
from starlette.types import ASGIApp

from luban.eventkit.settings import Settings
from luban.webkit.gauges import CheckGauges

_LOG = logging.getLogger("luban.serving")

GRACE_SECONDS = 4.0
"""How long requests under way may take to end after SIGTERM; then the process ends anyway."""

CONNECTIONS = 16_384
"""Open connections at most; candidates of a whole province start within the same seconds."""


def serve(factory_path: str, settings: Settings) -> None:
    """Serves the application that `module:function` makes from the settings, until SIGTERM or SIGINT.

    The server runs inside this process instead of in a child of it: whoever kills the process has stopped the
    service, and no orphan keeps the port.
    """
    app = load_application(factory_path, settings)
    application = getattr(app, "app", app)  # a layer may stand before it
    readiness = getattr(getattr(application, "state", None), "readiness", None)
    if readiness is not None:
        REGISTRY.register(CheckGauges(readiness))
    uvloop.run(_serve(app, settings.http_host, settings.http_port))


def load_application(factory_path: str, settings: Settings) -> ASGIApp:
    """Imports `module:function` and calls it with the settings."""
    module, _, name = factory_path.partition(":")
    factory = getattr(import_module(module), name)
    return cast("ASGIApp", factory(settings))


async def _serve(app: ASGIApp, host: str, port: int) -> None:
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        backlog=4096,
        backpressure=CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=15_000, max_buffer_size=64 * 1024),
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, server)
    _LOG.info("listening on %s:%d", host, port)
    await server.serve()
    _LOG.info("stopped")


def _stop(server: Any) -> None:
    deadline = Timer(GRACE_SECONDS, _give_up)
    deadline.daemon = True
    deadline.start()
    server.stop()


def _give_up() -> None:
    _LOG.warning("requests still under way after %.0f s; ending", GRACE_SECONDS)
    os._exit(1)
