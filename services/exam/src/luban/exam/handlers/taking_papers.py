"""A candidate takes a paper: starts or resumes it, saves responses, hands it in. The clock is the server's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters import papers
from luban.exam.adapters.forms import find_form, printed_items
from luban.exam.adapters.papers import Admission, Paper
from luban.exam.domain.items import OPTION_KEYS
from luban.exam.domain.papers import Placed, chosen_letters, lay_out
from luban.exam.domain.sittings import paper_end, require_time_to_start, sitting_ended
from luban.exam.handlers.receipts import Receipt, make_receipt, response_sha256, sign
from luban.reference.refusal import Conflict, NotFound
from luban.reference.rules import rule
from luban.reference.shanghai import shanghai_day
from luban.reference.ticket import parse_ticket


@dataclass(frozen=True, slots=True)
class ShownItem:
    """An item as it stands on the paper; its options are lettered anew, and there is no key."""

    position: int
    type: str
    stem: str
    options: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class ShownPaper:
    """A paper as its candidate sees it. Items and responses are shown while it may be answered."""

    paper_id: UUID
    state: str
    started_at: datetime
    ends_at: datetime
    submitted_at: datetime | None
    items: list[ShownItem]
    responses: Mapping[int, Any]


@dataclass(frozen=True, slots=True)
class Saved:
    """The receipt of a saved response, and its signature."""

    receipt: Receipt
    signature: str


def start_paper(uow: UnitOfWork, candidate_id: UUID, ticket_no: str) -> tuple[bool, ShownPaper]:
    """Starts a candidate's paper, or resumes it; whether it is new, and the paper.

    Raises NotFound ticket-unknown for anybody else's ticket too; Conflict sitting-not-started, sitting-late,
    sitting-ended, sitting-without-paper, paper-submitted, plan-cancelled.
    """
    admission = papers.admission(uow, str(parse_ticket(ticket_no)), candidate_id)
    if admission is None:
        raise NotFound("ticket-unknown", zh="没有这个准考证号", en="there is no such ticket of yours")
    _require_admissible(admission)
    now = uow.now()
    begun = papers.paper_of_seat(uow, admission.sitting_id, admission.entry_id)
    if begun is not None:
        _require_open(begun, now)
        return False, _shown(uow, begun, now)
    require_time_to_start(admission.span, now, rule("sitting.late_entry_minutes", shanghai_day(now)))
    return True, _shown(uow, _begin(uow, admission, candidate_id, now), now)


def show_paper(uow: UnitOfWork, candidate_id: UUID, paper_id: UUID) -> ShownPaper:
    """A candidate's own paper. Raises NotFound paper-unknown."""
    paper = papers.paper_of_candidate(uow, paper_id, candidate_id)
    if paper is None:
        raise _unknown()
    return _shown(uow, paper, uow.now())


def save_response(uow: UnitOfWork, candidate_id: UUID, paper_id: UUID, position: int, response: object) -> Saved:
    """Saves one response, over an earlier one to the same item.

    Raises NotFound paper-unknown, position-unknown, Invalid response-type, response-option, Conflict sitting-ended.
    """
    slot = papers.slot(uow, paper_id, candidate_id, position)
    if slot is None:
        raise _unknown()
    if not slot.open:
        raise sitting_ended()
    placed = slot.placed
    if placed is None:
        raise NotFound("position-unknown", zh="试卷没有这道题", en="the paper has no such item")
    chosen, sha256 = chosen_letters(placed, response), response_sha256(response)
    saved = papers.save_response(uow, paper_id, position, placed.form_position, response, chosen, sha256)
    if saved is None:
        raise sitting_ended()
    serial, saved_at = saved
    at = saved_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    receipt = make_receipt(paper_id, position, sha256, at, serial)
    return Saved(receipt, sign(uow.keyring, receipt))


def submit_paper(uow: UnitOfWork, candidate_id: UUID, paper_id: UUID) -> ShownPaper:
    """Hands a paper in; handing in again changes nothing. Raises NotFound paper-unknown, Conflict sitting-ended."""
    paper = papers.paper_of_candidate(uow, paper_id, candidate_id, lock=True)
    if paper is None:
        raise _unknown()
    if paper.state == "OPEN":
        _require_open(paper, uow.now())
        papers.submit_paper(uow, paper_id)
    return show_paper(uow, candidate_id, paper_id)


def _require_admissible(admission: Admission) -> None:
    if admission.plan_state == "CANCELLED":
        raise Conflict("plan-cancelled", zh="该计划已取消", en="the plan was called off")
    if admission.entry_state != "ACCEPTED":
        raise Conflict("entry-withdrawn", zh="该报名已撤回", en="the entry was withdrawn")


def _require_open(paper: Paper, now: datetime) -> None:
    if paper.state != "OPEN":
        raise Conflict("paper-submitted", zh="试卷已交", en="the paper was handed in")
    if now >= paper.ends_at:
        raise sitting_ended()


def _begin(uow: UnitOfWork, admission: Admission, candidate_id: UUID, now: datetime) -> Paper:
    if admission.form_id is None:
        zh, en = "该科目不在本系统作答", "the subject is not taken on this system"
        raise Conflict("sitting-without-paper", zh=zh, en=en)
    form = find_form(uow, admission.form_id)
    ends_at = paper_end(admission.span, now, form.minutes)
    paper = Paper(
        uow.new_id(), admission.sitting_id, admission.entry_id, candidate_id, form.form_id, "OPEN", now, ends_at
    )
    items = [item.to_lay_out for item in printed_items(uow, form.form_id)]
    papers.add_paper(uow, paper, lay_out(items, form.seed, paper.paper_id))
    return paper


def _shown(uow: UnitOfWork, paper: Paper, now: datetime) -> ShownPaper:
    answerable = paper.state == "OPEN" and now < paper.ends_at
    return ShownPaper(
        paper.paper_id,
        paper.state,
        paper.started_at,
        paper.ends_at,
        paper.submitted_at,
        _shown_items(uow, paper) if answerable else [],
        papers.responses_of(uow, paper.paper_id) if answerable else {},
    )


def _shown_items(uow: UnitOfWork, paper: Paper) -> list[ShownItem]:
    printed = {item.position: item for item in printed_items(uow, paper.form_id)}
    layout = papers.layout_of(uow, paper.paper_id)
    return [
        ShownItem(
            position,
            placed.type.value,
            printed[placed.form_position].stem,
            _shown_options(placed, printed[placed.form_position].options),
        )
        for position, placed in enumerate(layout, 1)
    ]


def _shown_options(placed: Placed, options: list[dict[str, str]]) -> list[dict[str, str]]:
    texts = {option["key"]: option["text"] for option in options}
    return [{"key": shown, "text": texts[letter]} for shown, letter in zip(OPTION_KEYS, placed.letters, strict=False)]


def _unknown() -> NotFound:
    return NotFound("paper-unknown", zh="没有这份试卷", en="there is no such paper of yours")
