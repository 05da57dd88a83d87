"""Structured logs: one JSON object a line on standard output, never a body, a token or a query string."""

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

from luban.webkit.exchange import CORRELATION_ID


class JsonFormatter(logging.Formatter):
    """Shows an exception as its type and the places it passed, not its text: database errors quote values."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        correlation_id = CORRELATION_ID.get()
        if correlation_id:
            line["correlation_id"] = correlation_id
        if record.exc_info and record.exc_info[1]:
            line["exception"] = describe(record.exc_info[1])
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


def configure_logs(service: str, level: int = logging.INFO) -> None:
    """Sends every log of this process to standard output as JSON lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("kafka").setLevel(logging.WARNING)
