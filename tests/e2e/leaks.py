"""Looks for personal texts wherever a stack leaves something, in every form that such a text is usually written in."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import ahocorasick
import httpx
import psycopg
from kafka import KafkaConsumer, TopicPartition
from psycopg import sql

from luban.cli.stack import Stack
from luban.contracts.catalogue import TOPICS

Found = tuple[str, str]
"""Where, and what."""

SHORTEST = 5
"""Bytes: shorter forms (two letters in GBK) are found by chance in anything sealed."""


def _base64_forms(text: bytes) -> Iterator[bytes]:
    """What stands in any base64 text that the bytes are part of: three alignments, their uncertain ends cut off."""
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + text)
        first = 0 if shift == 0 else 4
        last = len(whole) - (4 if (shift + len(text)) % 3 else 0)
        yield whole[first:last]


def _hexadecimal(content: bytes) -> list[bytes]:
    return [content.hex().encode(), content.hex().upper().encode()]


def _json_escapes(text: str) -> list[bytes]:
    escaped = json.dumps(text)[1:-1]
    return [escaped.encode(), escaped.upper().replace("\\U", "\\u").encode()]


_URL_SAFE = bytes.maketrans(b"+/", b"-_")
FORMS: dict[str, Callable[[str], Iterable[bytes]]] = {
    "UTF-8": lambda text: [text.encode()],
    "UTF-16 LE": lambda text: [text.encode("utf-16-le")],
    "UTF-16 BE": lambda text: [text.encode("utf-16-be")],
    "GBK": lambda text: [text.encode("gbk", "ignore")],
    "JSON escapes": _json_escapes,
    "hexadecimal": lambda text: _hexadecimal(text.encode()),
    "hexadecimal UTF-16": lambda text: _hexadecimal(text.encode("utf-16-le")) + _hexadecimal(text.encode("utf-16-be")),
    "percent": lambda text: [quote(text).encode(), quote(text).lower().encode()],
    "octal": lambda text: ["".join(f"\\{byte:03o}" for byte in text.encode()).encode()],
    "base64": lambda text: _base64_forms(text.encode()),
    "base64 URL": lambda text: (form.translate(_URL_SAFE) for form in _base64_forms(text.encode())),
}


class Search:
    """All forms of all texts at once, over bytes."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._automaton = ahocorasick.Automaton()
        for text in texts:
            for forms in FORMS.values():
                for form in forms(text):
                    if len(form) >= SHORTEST:
                        self._automaton.add_word(form.decode("latin-1"), text)
        self._automaton.make_automaton()

    def __call__(self, where: str, content: bytes) -> Iterator[Found]:
        """Every text found in the content."""
        for _, text in self._automaton.iter(content.decode("latin-1")):
            yield where, text


def in_files(search: Search, directory: Path) -> Iterator[Found]:
    """Every file below a directory; PostgreSQL removes some of its own while it runs."""
    for path in sorted(each for each in directory.rglob("*") if each.is_file()):
        with suppress(FileNotFoundError):
            yield from search(str(path), path.read_bytes())


def in_topics(search: Search, broker: str) -> Iterator[Found]:
    """Key, value and headers of every record of every topic there is, dead letters too."""
    consumer = KafkaConsumer(bootstrap_servers=broker, enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        names = {topic.name for topic in TOPICS} | {name for name in consumer.topics() if not name.startswith("__")}
        places = [TopicPartition(name, part) for name in names for part in consumer.partitions_for_topic(name) or ()]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        silent = 0
        while silent < 3:
            polled = consumer.poll(timeout_ms=300)
            silent = 0 if polled else silent + 1
            for records in polled.values():
                for record in records:
                    where = f"{record.topic}/{record.partition}/{record.offset}"
                    parts = [
                        record.key,
                        record.value,
                        *(part for name, value in record.headers for part in (name.encode(), value)),
                    ]
                    for part in parts:
                        yield from search(where, part or b"")
    finally:
        consumer.close()


def in_databases(search: Search, stack: Stack) -> Iterator[Found]:
    """Every column of every table of every database, as it is and as text; and what PostgreSQL keeps of statements."""
    for service, url in stack.databases.items():
        with psycopg.connect(url) as connection:
            for schema, table in _tables(connection):
                named = sql.Identifier(schema, table)
                for form in ("text", "binary"):
                    with connection.cursor().copy(sql.SQL("copy {} to stdout {}").format(named, _AS[form])) as copy:
                        yield from search(f"{service} {schema}.{table} ({form})", b"".join(copy))
            yield from search(f"{service} statistics", _statistics(connection))


_AS = {"text": sql.SQL(""), "binary": sql.SQL("(format binary)")}


def _tables(connection: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    return connection.execute(
        "select table_schema, table_name from information_schema.tables"
        " where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')"
    ).fetchall()


def _statistics(connection: psycopg.Connection[Any]) -> bytes:
    """Samples of columns that the planner keeps, and comments."""
    rows = connection.execute("select row_to_json(s)::text from pg_stats s where schemaname <> 'pg_catalog'").fetchall()
    return "\n".join(text for (text,) in rows).encode()


def in_metrics(search: Search, stack: Stack) -> Iterator[Found]:
    """What every process tells its operators."""
    for process, url in stack.monitoring.items():
        pages = ["/metrics", *(["/readyz", "/healthz"] if process.endswith(".worker") else [])]
        for page in pages:
            yield from search(f"{process}{page}", httpx.get(url + page, trust_env=False, timeout=10).content)
    for service, url in stack.urls.items():
        yield from search(f"{service} /readyz", httpx.get(f"{url}/readyz", trust_env=False, timeout=10).content)
