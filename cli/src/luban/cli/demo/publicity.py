"""From results submitted to results confirmed: a second person, publicity, objections, and the clock."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from luban.cli.demo.cycle import Cycle
from luban.cli.demo.faults import DemoError
from luban.cli.demo.gateway import wait_for
from luban.cli.demo.kinds import Kind
from luban.cli.demo.offices import public_at
from luban.cli.demo.people import Person
from luban.reference.names import mask_name

OBJECTING = (Kind.OBJECTION_RAISES, Kind.OBJECTION_LOWERS, Kind.OBJECTION_DISMISSED)
_OBJECTOR = "赵明远"
_STATEMENTS = {
    Kind.OBJECTION_RAISES: "操作技能第三项漏计分，申请复核",
    Kind.OBJECTION_LOWERS: "操作技能评分与现场录像不符",
    Kind.OBJECTION_DISMISSED: "对其操作技能成绩有疑问",
}


def confirm(cycle: Cycle, submission_id: str) -> None:
    """Another person of the body confirms; the one who submitted may not."""
    path = f"/v1/submissions/{submission_id}/confirm"
    cycle.staff.at("exam").post(path, expect=(409,))
    cycle.second.at("exam").post(path)


def check_public_list(cycle: Cycle) -> None:
    """Raises DemoError unless the public list shows everybody, masked, and nobody in full."""
    answer = public_at(cycle.gateway, "exam")
    shown = sorted((row["name_masked"], row["id_last4"]) for row in answer.all(_list_of(cycle)))
    due = sorted((mask_name(person.name), person.id_no[-4:]) for person in cycle.accepted())
    if shown != due:
        raise DemoError(f"the public list of {cycle.plan_no} does not show {len(due)} masked people: {shown[:3]} …")


def object_and_decide(cycle: Cycle) -> None:
    """Objections under real names, each decided by the province."""
    objecting = cycle.of_kind(*OBJECTING)
    numbers = {row["entry_id"]: row["publicity_no"] for row in cycle.results()}
    for place, person in enumerate(objecting):
        _object(cycle, person, numbers[cycle.entry_ids[person]], place)
    _require_held(cycle, objecting)
    filed = {row["publicity_no"]: row["objection_id"] for row in cycle.province.at("exam").all(_objections_of(cycle))}
    for person in objecting:
        objection_id = filed[numbers[cycle.entry_ids[person]]]
        cycle.province.at("exam").post(f"/v1/objections/{objection_id}/decision", _decision(person))


def last_publicity_end(cycle: Cycle) -> datetime:
    """When the last of the plan's results is out of publicity; one that was corrected has its own."""
    return max(datetime.fromisoformat(row["publicity_ends_at"]) for row in cycle.results())


def wait_until_confirmed(cycle: Cycle) -> None:
    """Until the clock has confirmed every result."""
    wait_for(
        f"the confirmation of every result of {cycle.plan_no}",
        lambda: all(row["state"] == "CONFIRMED" for row in cycle.results()) or None,
    )


def wait_until_list_is_gone(cycle: Cycle) -> None:
    """The list vanishes when publicity ends."""
    public = public_at(cycle.gateway, "exam")
    wait_for(
        f"the end of the public list of {cycle.plan_no}",
        lambda: public.get(_list_of(cycle), expect=(200, 404)).status == 404 or None,
    )


def _objections_of(cycle: Cycle) -> str:
    return f"/v1/plans/{cycle.plan_id}/objections"


def _list_of(cycle: Cycle) -> str:
    return f"/v1/plans/{cycle.plan_id}/publicity"


def _object(cycle: Cycle, person: Person, publicity_no: int, place: int) -> None:
    """Sent again after a lost answer it is told that it was filed already: nobody's requests carry a key."""
    objection = {
        "publicity_no": publicity_no,
        "objector_name": _OBJECTOR,
        "objector_phone": f"139{place:08d}",
        "statement": _STATEMENTS[person.kind],
    }
    public_at(cycle.gateway, "exam").post(_objections_of(cycle), objection, expect=(201, 409))


def _require_held(cycle: Cycle, people: Sequence[Person]) -> None:
    """An objection holds the one result it is about."""
    held = {row["entry_id"] for row in cycle.results() if row["state"] == "HELD"}
    if held != {cycle.entry_ids[person] for person in people}:
        raise DemoError(f"{len(people)} objections were filed in {cycle.plan_no}, and {len(held)} results are held")


def _decision(person: Person) -> dict[str, Any]:
    if person.later is None:
        return {"upheld": False, "reason": "经复核，评分无误", "scores": None}
    return {"upheld": True, "reason": "经复核，评分有误，予以更正", "scores": dict(person.later)}
