"""Structured logs: one JSON object a line on standard output, never a body, a token or a query string."""

import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

from pydantic_core import to_json

from luban.webkit.exchange import CORRELATION_ID


class JsonFormatter(logging.Formatter):
    """Shows an exception as its type and the places it passed, not its text: database errors quote values."""

    def __init__(self, service: str, process: str = "") -> None:
        """`process` is what the process does for the service: api, worker …"""
        super().__init__()
        self._origin = {"service": service, **({"process": process} if process else {})}

    def format(self, record: logging.LogRecord) -> str:
        """One line; a record that stands for several things has one for each of its `lines`."""
        said = self._said(record)
        lines: list[dict[str, Any]] | None = getattr(record, "lines", None)
        if lines is None:
            return _json(said | _circumstances(record))
        return "\n".join(_json(said | line) for line in lines)

    def _said(self, record: logging.LogRecord) -> dict[str, Any]:
        return {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            **self._origin,
            **({"thread": record.threadName} if record.threadName else {}),
            "logger": record.name,
            "message": record.getMessage(),
        }


def _circumstances(record: logging.LogRecord) -> dict[str, Any]:
    told: dict[str, Any] = dict(getattr(record, "fields", {}))
    if correlation_id := CORRELATION_ID.get():
        told["correlation_id"] = correlation_id
    if record.exc_info and record.exc_info[1]:
        told["exception"] = describe(record.exc_info[1])
    return told


def _json(line: dict[str, Any]) -> str:
    return to_json(line, serialize_unknown=True).decode()


def describe(error: BaseException) -> dict[str, Any]:
    """An exception without its text: type, SQLSTATE, where it passed, and what caused it."""
    frames = traceback.extract_tb(error.__traceback__)
    described: dict[str, Any] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-20:]],
    }
    sqlstate = getattr(error, "sqlstate", None) or getattr(getattr(error, "orig", None), "sqlstate", None)
    if sqlstate:
        described["sqlstate"] = sqlstate
    if error.__cause__:
        described["cause"] = describe(error.__cause__)
    return described


def configure_logs(service: str, process: str = "", level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Sends all that this process has to say to a stream as JSON lines: logs, warnings, what nobody caught.

    By default to standard output; a program whose output is read by people keeps that for its own words.
    """
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter(service, process))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.getLogger("kafka").setLevel(logging.WARNING)
    logging.logProcesses = logging.logMultiprocessing = False  # not shown, so not looked up
    logging.logThreads = process != "api"  # a worker's loop is its thread; an API has a line for every request
    log = logging.getLogger("luban")
    sys.excepthook = lambda kind, error, trace: log.critical("not caught", exc_info=(kind, error, trace))
    threading.excepthook = lambda failed: log.critical("not caught", exc_info=failed.exc_value)
