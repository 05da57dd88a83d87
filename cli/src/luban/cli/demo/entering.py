"""Candidates register and enter a plan by themselves, each in their own way; staff decide what the rules leave open."""

from functools import partial

from luban.cli.demo.cycle import Cycle
from luban.cli.demo.declarations import declared
from luban.cli.demo.faults import DemoError
from luban.cli.demo.gateway import Caller
from luban.cli.demo.kinds import Kind
from luban.cli.demo.people import Person

WRONG_ID, SECOND_ENTRY = "wrong check digit", "second entry"
DECISIONS = {
    Kind.ADMITTED: "经核，所学专业（所从事工作）相关，同意",
    Kind.REFUSED: "经核，所学专业（所从事工作）不相关",
}


def enter_plan(cycle: Cycle) -> None:
    """Everybody of the cycle at once, then the decisions of the body's staff."""
    cycle.gateway.all_at_once(partial(_enter, cycle), cycle.people)
    decide_entries(cycle)


def decide_entries(cycle: Cycle) -> None:
    """Staff admits or refuses whom the rules leave to a person."""
    staff = cycle.staff.at("registration")

    def decide(person: Person) -> None:
        decision = {"accept": person.kind is Kind.ADMITTED, "reason": DECISIONS[person.kind]}
        staff.post(f"/v1/entries/{cycle.entry_ids[person]}/decision", decision)

    cycle.gateway.all_at_once(decide, cycle.of_kind(*DECISIONS))


def _enter(cycle: Cycle, person: Person) -> None:
    me = cycle.candidate(person, "registration")
    if person.kind in (Kind.WRONG_ID, Kind.MISTYPES_ID):
        me.put("/v1/candidates/me", _profile(cycle, person, person.mistyped_id), expect=(422,))
        cycle.note_refusal(WRONG_ID)
    if person.kind is Kind.WRONG_ID:
        return
    me.put("/v1/candidates/me", _profile(cycle, person, person.typed_id))
    _submit(cycle, me, person)


def _submit(cycle: Cycle, me: Caller, person: Person) -> None:
    entry = me.post("/v1/entries", {"plan_id": cycle.plan_id}, expect=(201,)).json()
    cycle.entry_ids[person] = entry["entry_id"]
    due = _state_by_rule(person.kind)
    if entry["state"] != due:
        raise DemoError(f"an entry of kind {person.kind} is {entry['state']}, not {due}: {entry['decision']}")
    if person.kind is Kind.REGISTERS_TWICE:
        me.post("/v1/entries", {"plan_id": cycle.plan_id}, expect=(409,))
        cycle.note_refusal(SECOND_ENTRY)
    if person.kind is Kind.WITHDRAWS:
        me.post(f"/v1/entries/{entry['entry_id']}/withdraw")


def _state_by_rule(kind: Kind) -> str:
    match kind:
        case Kind.NOT_ELIGIBLE:
            return "REJECTED"
        case Kind.ADMITTED | Kind.REFUSED:
            return "NEEDS_DECISION"
        case _:
            return "ACCEPTED"


def _profile(cycle: Cycle, person: Person, id_no: str) -> dict[str, object]:
    return {
        "name": person.name,
        "id_type": "RESIDENT_ID",
        "id_no": id_no,
        "phone": person.phone,
        "facts": declared(person, cycle.body.occupation_code),
    }
