"""Sittings, seats and tickets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.rows import one, rows
from luban.exam.domain.sittings import TimeSpan
from luban.reference.refusal import NotFound

COLUMNS = "sitting_id, plan_id, subject_code, form_id, starts_at, ends_at, room, seats, state"
FIND = f"select {COLUMNS} from sitting where sitting_id = %s"  # noqa: S608  # constants only
LOCK = f"{FIND} for update"
OCCUPIED = """
select 1 from sitting join plan using (plan_id)
where plan.body_id = %s and plan.site_code = %s and room = %s and starts_at < %s and ends_at > %s and
      plan.state <> 'CANCELLED' limit 1
"""
UNSEATED = """
select entry_id from entry
where plan_id = %s and state = 'ACCEPTED'
  and not exists (select from seat where seat.entry_id = entry.entry_id and subject_code = %s)
order by seq
"""
COUNT = """
insert into ticket_counter (prefix, last) values (%s, %s)
on conflict (prefix) do update set last = ticket_counter.last + excluded.last returning last
"""
TICKETS = """
select seat.sitting_id, seat.ticket_no, seat.seat_no, sitting.room, sitting.starts_at, sitting.ends_at,
       seat.subject_code, plan.plan_no, plan.plan_id
from seat join entry using (entry_id) join sitting using (sitting_id) join plan on plan.plan_id = sitting.plan_id
where entry.candidate_id = %s and entry.state = 'ACCEPTED' and plan.state <> 'CANCELLED'
  and (%s::text is null or seat.ticket_no > %s)
order by seat.ticket_no limit %s
"""


@dataclass(frozen=True)
class Sitting:
    """A subject of a plan, sat in a room at a time; without a form it is not taken on this system."""

    sitting_id: UUID
    plan_id: UUID
    subject_code: str
    form_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    room: str
    seats: int
    state: str

    @property
    def span(self) -> TimeSpan:
        """When it is held."""
        return TimeSpan(self.starts_at, self.ends_at)


@dataclass(frozen=True)
class Seat:
    """One candidate's place."""

    seat_no: int
    entry_id: UUID
    ticket_no: str


@dataclass(frozen=True)
class Ticket:
    """What a candidate's ticket says."""

    sitting_id: UUID
    ticket_no: str
    seat_no: int
    room: str
    starts_at: datetime
    ends_at: datetime
    subject_code: str
    plan_no: str
    plan_id: UUID


def add_sitting(uow: UnitOfWork, sitting: Sitting) -> None:
    """Keeps a new sitting."""
    uow.sql(
        "insert into sitting (sitting_id, plan_id, subject_code, form_id, starts_at, ends_at, room, seats,"
        " scheduled_by) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            sitting.sitting_id,
            sitting.plan_id,
            sitting.subject_code,
            sitting.form_id,
            sitting.starts_at,
            sitting.ends_at,
            sitting.room,
            sitting.seats,
            uow.cause.actor,
        ),
    )


def find_sitting(uow: UnitOfWork, sitting_id: UUID, *, lock: bool = False) -> Sitting:
    """Raises NotFound sitting-unknown."""
    found = one(uow, Sitting, LOCK if lock else FIND, (sitting_id,))
    if found is None:
        raise NotFound("sitting-unknown", zh="没有这个场次", en="there is no such sitting")
    return found


def room_is_taken(uow: UnitOfWork, body_id: UUID, site_code: str, room: str, span: TimeSpan) -> bool:
    """Whether another sitting of the body is held in the room at some of that time."""
    return uow.sql(OCCUPIED, (body_id, site_code, room, span.ends_at, span.starts_at)).fetchone() is not None


def unseated_entries(uow: UnitOfWork, plan_id: UUID, subject_code: str) -> list[UUID]:
    """Accepted entries of a plan without a seat for a subject, in the order of the plan's list."""
    return [entry_id for (entry_id,) in uow.sql(UNSEATED, (plan_id, subject_code))]


def next_tickets(uow: UnitOfWork, prefix: str, count: int) -> range:
    """Takes so many sequence numbers under the first 14 digits of tickets, for ever."""
    row = uow.sql(COUNT, (prefix, count)).fetchone()
    assert row is not None
    return range(row[0] - count + 1, row[0] + 1)


def last_seat(uow: UnitOfWork, sitting_id: UUID) -> int:
    """The highest seat given; 0 for none."""
    row = uow.sql("select coalesce(max(seat_no), 0) from seat where sitting_id = %s", (sitting_id,)).fetchone()
    assert row is not None
    return int(row[0])


def add_seats(uow: UnitOfWork, sitting: Sitting, seats: Sequence[Seat]) -> None:
    """Gives seats."""
    uow.sql(
        "insert into seat (sitting_id, subject_code, seat_no, entry_id, ticket_no)"
        " select %s, %s, row.* from unnest(%s::smallint[], %s::uuid[], %s::text[]) as row",
        (
            sitting.sitting_id,
            sitting.subject_code,
            [seat.seat_no for seat in seats],
            [seat.entry_id for seat in seats],
            [seat.ticket_no for seat in seats],
        ),
    )


def seats_of(uow: UnitOfWork, sitting_id: UUID) -> list[Seat]:
    """The seats given, by number; 30 a room at most."""
    query = "select seat_no, entry_id, ticket_no from seat where sitting_id = %s order by seat_no"
    return rows(uow, Seat, query, (sitting_id,))


def tickets_of(uow: UnitOfWork, candidate_id: UUID, after: str | None, limit: int) -> list[Ticket]:
    """A candidate's own tickets, by number, beyond `after`."""
    return rows(uow, Ticket, TICKETS, (candidate_id, after, after, limit))


def end_sitting(uow: UnitOfWork, sitting_id: UUID) -> None:
    """Marks a sitting ended."""
    uow.sql("update sitting set state = 'ENDED' where sitting_id = %s", (sitting_id,))
