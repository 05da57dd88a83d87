"""The ledger: what was about to be sent, and every answer, on disk before the client goes on.

A directory of append-only JSON lines: `run.jsonl` for the run itself and what belongs to no plan, `plans/NNNNN.jsonl`
for each plan. Every line goes to the operating system in one write; a kill leaves at most one torn line at the end of
a file, which nobody counts. Three shapes of lines:

    {"op": "9f3c-12", "do": "entries", "at": 3.217, "sent": {...}}     before the command is sent
    {"op": "9f3c-12", "status": 201, "at": 3.231, "got": {...}}        before the client goes on
    {"fact": "person", ...}                                            what needs no answer

`op` is the command's Idempotency-Key. A command without an answer is in doubt. No secret stands in it: people are
synthetic, keys and tokens are left out. `at` is in seconds since the ledger was opened.
"""

import fcntl
import os
import secrets
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, Self

import orjson

from luban.cli.load.faults import LoadError

FORMAT = 1
RUN = "run"


class Ledger:
    """A ledger that is being written, by this process alone."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._began = time.perf_counter()
        self._tag = secrets.token_hex(3)
        self._numbers = count(1)
        self._books: dict[str, Book] = {}
        self._lock = _hold(directory)

    @classmethod
    def create(cls, directory: Path) -> Self:
        """A new ledger. Raises LoadError when the directory holds one already."""
        if (directory / f"{RUN}.jsonl").exists():
            raise LoadError(
                f"{directory} holds a ledger already: compare it with `luban load --compare {directory}`, "
                "or name another directory for this run"
            )
        (directory / "plans").mkdir(parents=True, exist_ok=True)
        return cls(directory)

    @classmethod
    def reopen(cls, directory: Path) -> Self:
        """The ledger of a run that is over, to add to. Raises LoadError when there is none or a run still writes it."""
        if not (directory / f"{RUN}.jsonl").exists():
            raise LoadError(f"{directory} holds no ledger: there is no {RUN}.jsonl in it")
        return cls(directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for book in self._books.values():
            book.close()
        self._books.clear()
        os.close(self._lock)

    @property
    def run(self) -> "Book":
        """Of what belongs to no plan."""
        return self.book(RUN)

    def book(self, name: str) -> "Book":
        """The book of this name, which stays open until it is closed."""
        if name not in self._books:
            self._books[name] = Book(self, self.directory / f"{name}.jsonl")
        return self._books[name]

    def put_away(self, name: str) -> None:
        """Closes a book that nobody writes any more."""
        if name in self._books:
            self._books.pop(name).close()

    def next_op(self) -> str:
        """A new operation's id; no two of any ledger are alike."""
        return f"{self._tag}-{next(self._numbers)}"

    def at(self) -> float:
        """Seconds since this ledger was opened."""
        return round(time.perf_counter() - self._began, 4)


class Book:
    """One file of the ledger."""

    def __init__(self, ledger: Ledger, path: Path) -> None:
        self._ledger = ledger
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        _drop_torn_line(self._file)

    def intend(self, what: str, sent: Mapping[str, Any]) -> str:
        """Writes down a command that is about to be sent; its operation id."""
        op = self._ledger.next_op()
        self._write({"op": op, "do": what, "at": self._ledger.at(), "sent": sent})
        return op

    def answered(self, op: str, status: int, got: Mapping[str, Any]) -> None:
        """Writes down the answer to a command."""
        self._write({"op": op, "status": status, "at": self._ledger.at(), "got": got})

    def fact(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Writes down what no answer is awaited for."""
        self._write({"fact": kind, **facts})

    def new_name(self) -> str:
        """A name that nothing else in any ledger has, for what must be told apart wherever it shows."""
        return self._ledger.next_op()

    def close(self) -> None:
        """Closes the file."""
        os.close(self._file)

    def _write(self, line: Mapping[str, Any]) -> None:
        """Raises LoadError when the line does not go in whole, for what follows would be sent unrecorded."""
        content = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
        try:
            written = os.write(self._file, content)
        except OSError as error:
            raise LoadError(f"the ledger cannot be written, and nothing is sent unrecorded: {error}") from error
        if written != len(content):
            raise LoadError("the ledger's disk is full, and nothing is sent unrecorded")


def _hold(directory: Path) -> int:
    """The directory's lock, which goes with this process."""
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise LoadError(f"another `luban load` writes the ledger in {directory}") from None
    return lock


def _drop_torn_line(file: int) -> None:
    """Cuts off what a killed process left behind the last whole line."""
    size = os.fstat(file).st_size
    keep = size
    while keep and os.pread(file, 1, keep - 1) != b"\n":
        keep -= 1
    if keep != size:
        os.ftruncate(file, keep)
