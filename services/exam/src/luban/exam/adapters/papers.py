"""Papers, their layouts and responses. Saving a response is one select and one statement that writes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.rows import one, rows
from luban.exam.domain.items import ItemType
from luban.exam.domain.papers import Placed
from luban.exam.domain.sittings import TimeSpan

ADMISSION = """
select seat.entry_id, sitting.sitting_id, sitting.form_id, sitting.starts_at, sitting.ends_at,
       entry.state as entry_state, plan.state as plan_state
from seat join sitting using (sitting_id) join entry using (entry_id) join plan on plan.plan_id = sitting.plan_id
where seat.ticket_no = %s and entry.candidate_id = %s
for update of seat for share of sitting
"""
PAPER = """
select paper_id, sitting_id, entry_id, candidate_id, form_id, state, started_at, ends_at, submitted_at, by_clock
from paper
"""
OF_SEAT = f"{PAPER} where sitting_id = %s and entry_id = %s"
OF_CANDIDATE = f"{PAPER} where paper_id = %s and candidate_id = %s"
LOCK_OF_CANDIDATE = f"{OF_CANDIDATE} for update"
SLOT = """
select paper.state = 'OPEN' and paper.ends_at > eventkit.now() as open, layout.types[%(position)s] as type,
       layout.form_positions[%(position)s] as form_position, layout.letters[%(position)s] as letters
from paper join paper_layout as layout using (paper_id)
where paper_id = %(paper)s and candidate_id = %(candidate)s
"""
SAVE = """
with counted as (
    update paper set serial = serial + 1
    where paper_id = %(paper)s and state = 'OPEN' and ends_at > eventkit.now() returning serial
)
insert into response (paper_id, position, form_position, response, chosen, response_sha256, serial, saved_at)
select %(paper)s, %(position)s, %(form_position)s, %(response)s, %(chosen)s, %(sha256)s, serial, eventkit.now()
from counted
on conflict (paper_id, position) do update
set response = excluded.response, chosen = excluded.chosen, response_sha256 = excluded.response_sha256,
    serial = excluded.serial, saved_at = excluded.saved_at
returning serial, saved_at
"""
ANSWERS = """
select paper_id, entry_id, form_id, array_agg(form_position) filter (where form_position is not null) as positions,
       array_agg(chosen) filter (where form_position is not null) as chosen
from paper left join response using (paper_id)
where sitting_id = %s group by paper_id order by paper_id
"""


@dataclass(frozen=True)
class Admission:
    """What a ticket admits its holder to."""

    entry_id: UUID
    sitting_id: UUID
    form_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    entry_state: str
    plan_state: str

    @property
    def span(self) -> TimeSpan:
        """When the sitting is held."""
        return TimeSpan(self.starts_at, self.ends_at)


@dataclass(frozen=True)
class Paper:
    """One candidate's paper; `ends_at` is the end of the candidate's own time."""

    paper_id: UUID
    sitting_id: UUID
    entry_id: UUID
    candidate_id: UUID
    form_id: UUID
    state: str
    started_at: datetime
    ends_at: datetime
    submitted_at: datetime | None = None
    by_clock: bool = False


@dataclass(frozen=True)
class Slot:
    """A place on a paper, and whether it may be answered now; what is there is None beyond the last place."""

    open: bool
    type: str | None
    form_position: int | None
    letters: str | None

    @property
    def placed(self) -> Placed | None:
        """The item at this place."""
        if self.type is None or self.form_position is None or self.letters is None:
            return None
        return Placed(self.form_position, ItemType(self.type), self.letters)


@dataclass(frozen=True)
class Answers:
    """Everything that was answered on a paper: positions in the form, and the bank's letters at each."""

    paper_id: UUID
    entry_id: UUID
    form_id: UUID
    positions: list[int] | None
    chosen: list[str] | None

    @property
    def pairs(self) -> list[tuple[int, str]]:
        """(position in the form, letters chosen)."""
        return list(zip(self.positions or [], self.chosen or [], strict=True))


def admission(uow: UnitOfWork, ticket_no: str, candidate_id: UUID) -> Admission | None:
    """What a candidate's own ticket admits to, its seat locked; None for anybody else's or no ticket."""
    return one(uow, Admission, ADMISSION, (ticket_no, candidate_id))


def paper_of_seat(uow: UnitOfWork, sitting_id: UUID, entry_id: UUID) -> Paper | None:
    """The paper that was begun at a seat."""
    return one(uow, Paper, OF_SEAT, (sitting_id, entry_id))


def paper_of_candidate(uow: UnitOfWork, paper_id: UUID, candidate_id: UUID, *, lock: bool = False) -> Paper | None:
    """A candidate's own paper."""
    return one(uow, Paper, LOCK_OF_CANDIDATE if lock else OF_CANDIDATE, (paper_id, candidate_id))


def add_paper(uow: UnitOfWork, paper: Paper, layout: Sequence[Placed]) -> None:
    """Keeps a paper that begins."""
    uow.sql(
        "insert into paper (paper_id, sitting_id, entry_id, candidate_id, form_id, started_at, ends_at)"
        " values (%s, %s, %s, %s, %s, %s, %s)",
        (
            paper.paper_id,
            paper.sitting_id,
            paper.entry_id,
            paper.candidate_id,
            paper.form_id,
            paper.started_at,
            paper.ends_at,
        ),
    )
    uow.sql(
        "insert into paper_layout (paper_id, types, form_positions, letters) values (%s, %s, %s, %s)",
        (
            paper.paper_id,
            [placed.type.value for placed in layout],
            [placed.form_position for placed in layout],
            [placed.letters for placed in layout],
        ),
    )


def layout_of(uow: UnitOfWork, paper_id: UUID) -> list[Placed]:
    """The paper's items in the order they are shown."""
    row = uow.sql("select types, form_positions, letters from paper_layout where paper_id = %s", (paper_id,)).fetchone()
    assert row is not None
    return [Placed(position, ItemType(type_), letters) for type_, position, letters in zip(*row, strict=True)]


def responses_of(uow: UnitOfWork, paper_id: UUID) -> Mapping[int, Any]:
    """What was saved, by position on the paper."""
    query = "select position, response from response where paper_id = %s order by position"
    return dict(uow.sql(query, (paper_id,)).fetchall())


def slot(uow: UnitOfWork, paper_id: UUID, candidate_id: UUID, position: int) -> Slot | None:
    """A place on a candidate's own paper; None for no such paper."""
    return one(uow, Slot, SLOT, {"paper": paper_id, "candidate": candidate_id, "position": position})


def save_response(
    uow: UnitOfWork, paper_id: UUID, position: int, form_position: int, response: object, chosen: str, sha256: str
) -> tuple[int, datetime] | None:
    """Saves a response if there is still time: (serial, when); None if time is over or the paper handed in."""
    values = {
        "paper": paper_id,
        "position": position,
        "form_position": form_position,
        "response": json.dumps(response),
        "chosen": chosen,
        "sha256": bytes.fromhex(sha256),
    }
    return uow.sql(SAVE, values).fetchone()


def submit_paper(uow: UnitOfWork, paper_id: UUID) -> None:
    """Hands a paper in, by its candidate."""
    query = "update paper set state = 'SUBMITTED', submitted_at = eventkit.now() where paper_id = %s"
    uow.sql(query, (paper_id,))


def submit_by_clock(uow: UnitOfWork, sitting_id: UUID) -> None:
    """Hands in, as they stand, the papers of a sitting that were left open."""
    uow.sql(
        "update paper set state = 'SUBMITTED', submitted_at = ends_at, by_clock = true"
        " where sitting_id = %s and state = 'OPEN'",
        (sitting_id,),
    )


def answers_of_sitting(uow: UnitOfWork, sitting_id: UUID) -> list[Answers]:
    """Every paper of a sitting with what was answered on it."""
    return rows(uow, Answers, ANSWERS, (sitting_id,))


def keep_scores(uow: UnitOfWork, scores: Mapping[UUID, int]) -> None:
    """Keeps tenths of papers."""
    uow.sql(
        "update paper set score_tenths = scored.tenths from unnest(%s::uuid[], %s::integer[])"
        " as scored(paper_id, tenths) where paper.paper_id = scored.paper_id",
        (list(scores), list(scores.values())),
    )
