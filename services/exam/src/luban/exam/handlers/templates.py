"""The sheet that an enterprise downloads: its plan's own, with the list of people filled in."""

from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.plans import find_plan
from luban.exam.adapters.results_sheet import template
from luban.exam.adapters.roster import named_members
from luban.exam.handlers.access import require_own_body
from luban.reference.refusal import Conflict
from luban.reference.track import Track
from luban.webkit.access_log import record_access
from luban.webkit.authentication import Principal
from luban.webkit.sheets import SheetKind


def results_template(uow: UnitOfWork, principal: Principal, plan_id: UUID, kind: SheetKind) -> bytes:
    """The bytes of the sheet; that its names were read is recorded.

    Raises NotFound plan-unknown, Forbidden not-your-plan, Conflict track-otherwise.
    """
    plan = find_plan(uow, plan_id)
    require_own_body(principal, plan)
    if plan.track is not Track.ENTERPRISE:
        raise Conflict(
            "track-otherwise",
            zh="该类别的计划不以此方式产生成绩",
            en="results of this track come about in another way",
        )
    people = named_members(uow, plan_id)
    candidates = [person.candidate_id for person in people]
    record_access(uow, principal, candidates, "names and document numbers' last 4", "results template")
    return template(kind, plan, people)
