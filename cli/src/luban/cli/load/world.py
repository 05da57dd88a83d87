"""What everybody in a load shares: the stack, the client, the ledger, the values, and who works where."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from uuid import UUID, uuid4

from luban.cli.load.client import Caller, Client
from luban.cli.load.crew import Crew
from luban.cli.load.faults import Stopped
from luban.cli.load.figures import Figures
from luban.cli.load.ledger import Book, Ledger
from luban.cli.load.pace import Schedule
from luban.cli.load.target import Target
from luban.cli.load.values import Values
from luban.cli.tokens import LocalIssuer
from luban.reference.track import Track

MOST_REASONS = 100
OFFICE = Schedule()
"""Offices do what is due when it is due, beside the schedule: lists, plans, seats, results."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body of the run, for one track; the certificates it is named on are its own run's alone."""

    track: Track
    body_id: UUID
    name: str
    site_code: str
    division: str
    project_id: str | None
    """What it assesses on the special-ability track."""


@dataclass(frozen=True, slots=True)
class Official:
    """Somebody with a role, at a body or at the province."""

    subject: UUID
    role: str
    body_id: UUID | None = None


def hire(role: str, body_id: UUID | None = None) -> Official:
    """Somebody new. Two people never share a subject."""
    return Official(uuid4(), role, body_id)


class Credentials:
    """Gives everybody their token."""

    def __init__(self, target: Target) -> None:
        self._issuer = LocalIssuer(target.stack())

    def of(self, official: Official) -> bytes:
        """Header lines."""
        token = self._issuer.token(subject=official.subject, roles=(official.role,), body_id=official.body_id)
        return f"Authorization: Bearer {token}\r\n".encode()


@dataclass
class Progress:
    """What the terminal shows."""

    stage: str = "starting"
    people_begun: int = 0
    people_through: int = 0
    certificates: int = 0
    stopped: int = 0
    """How many could not go on."""
    reasons: list[str] = field(default_factory=list)
    """Why, of the first of them."""
    now: datetime | None = None
    """The stack's clock."""

    def stop(self, where: str, why: Stopped) -> None:
        """Somebody or something cannot go on."""
        self.stopped += 1
        if len(self.reasons) < MOST_REASONS:
            self.reasons.append(f"{where}: {why}")


@dataclass
class World:
    """One load."""

    target: Target
    client: Client
    crew: Crew
    ledger: Ledger
    values: Values
    credentials: Credentials
    progress: Progress
    province: Official
    bodies: dict[Track, Body] = field(default_factory=dict)
    bank: str = ""
    numbers: Iterator[int] = field(default_factory=count)
    """Of people, over the run."""
    plan_numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def figures(self) -> Figures:
        """The client's."""
        return self.client.figures

    def caller(self, official: Official, book: Book, schedule: Schedule = OFFICE) -> Caller:
        """An official's way to the services."""
        return Caller(self.client, schedule, self.credentials.of(official), book)

    def on_schedule(self, official: Official, book: Book) -> Caller:
        """The way of somebody who acts among many: a candidate, a rater, an employer, a clerk of the province."""
        return self.caller(official, book, self.crew.schedule)

    def candidate(self, subject: UUID, book: Book) -> Caller:
        """A candidate's way to the services."""
        return self.on_schedule(Official(subject, "candidate"), book)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """What the terminal shows while it lasts."""
        before, self.progress.stage = self.progress.stage, name
        yield
        self.progress.stage = before
