"""Reading a ledger, one book at a time: what was acknowledged, what was refused, what is in doubt."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from luban.cli.load.faults import LoadError
from luban.cli.load.ledger import FORMAT, RUN

HEADER = "load"


@dataclass(slots=True)
class Operation:
    """A command and what was answered."""

    op: str
    what: str
    sent: Mapping[str, Any]
    status: int | None = None
    """None while it is in doubt."""
    got: Mapping[str, Any] = field(default_factory=dict)

    @property
    def acknowledged(self) -> bool:
        """A 2xx was answered."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def in_doubt(self) -> bool:
        """No answer came: it stands once, or not at all."""
        return self.status is None


@dataclass
class Record:
    """What one book holds, in the order of its beginning."""

    operations: dict[str, Operation] = field(default_factory=dict)
    facts: list[Mapping[str, Any]] = field(default_factory=list)

    def of(self, *kinds: str) -> Iterator[Operation]:
        """The operations of these kinds."""
        return (each for each in self.operations.values() if each.what in kinds)

    def facts_of(self, kind: str) -> Iterator[Mapping[str, Any]]:
        """The facts of a kind."""
        return (each for each in self.facts if each["fact"] == kind)


def read_run(directory: Path) -> Record:
    """The run's own book. Raises LoadError when there is none, or of a format that this version does not know."""
    path = directory / f"{RUN}.jsonl"
    if not path.exists():
        raise LoadError(f"{directory} holds no ledger: there is no {RUN}.jsonl in it")
    record = read_book(path)
    header = next(record.facts_of(HEADER), None)
    if header is None or header.get("format") != FORMAT:
        raise LoadError(f"{path} is no ledger that this version reads (format {FORMAT})")
    return record


def plan_books(directory: Path) -> list[str]:
    """The names of the plans' books, in order."""
    return sorted(f"plans/{path.stem}" for path in (directory / "plans").glob("*.jsonl"))


def read_book(path: Path) -> Record:
    """Everything in a book but a torn last line. Raises LoadError for a line that is none of ours."""
    record = Record()
    for number, content in enumerate(_whole_lines(path), 1):
        try:
            _take(record, orjson.loads(content))
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise LoadError(f"{path}, line {number}: not a line of a ledger ({error!r})") from error
    return record


def _whole_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from (line for line in file if line.endswith(b"\n"))


def _take(record: Record, line: Mapping[str, Any]) -> None:
    if "fact" in line:
        record.facts.append(line)
    elif "do" in line:
        record.operations[line["op"]] = Operation(line["op"], line["do"], line["sent"])
    else:
        operation = record.operations[line["op"]]
        operation.status, operation.got = line["status"], line["got"]
