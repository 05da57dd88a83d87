"""Drawing up the results of a plan from its subjects' outcomes (social evaluation, special-ability tests)."""

from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.outcomes import outcomes_of_plan
from luban.exam.adapters.plans import Plan
from luban.exam.adapters.roster import members
from luban.exam.domain.faults import no_outcome
from luban.exam.domain.posting import Checked, Scored
from luban.exam.handlers.posting import Posted, Rejected, open_plan, posted
from luban.reference.track import Track
from luban.webkit.authentication import Principal


def draw_up(uow: UnitOfWork, principal: Principal, plan_id: UUID) -> Posted | Rejected:
    """A submission from outcomes, or who still lacks which subject; refuses as `open_plan` does."""
    plan = open_plan(uow, principal, plan_id, Track.SOCIAL, Track.SPECIAL_ABILITY)
    gathered = gather(uow, plan)
    if gathered.faults:
        return Rejected(gathered.faults)
    return posted(uow, principal, plan, gathered.scored, source="DRAW_UP")


def gather(uow: UnitOfWork, plan: Plan) -> Checked:
    """Everybody on the list with the outcome of every subject, or what is missing."""
    known, gathered = outcomes_of_plan(uow, plan.plan_id), Checked()
    for member in members(uow, plan.plan_id):
        if not member.accepted:
            continue
        outcomes = known.get(member.entry_id, {})
        lacking = [code for code in plan.subject_codes if code not in outcomes]
        gathered.faults += [no_outcome(str(member.entry_id), code) for code in lacking]
        if not lacking:
            gathered.scored.append(Scored(member, {code: outcomes[code] for code in plan.subject_codes}))
    return gathered
