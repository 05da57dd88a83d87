"""The province files the run's bodies; each body publishes its plans."""

from datetime import date
from typing import Any
from uuid import UUID

from luban.cli.load.client import Caller, Command, code_of
from luban.cli.load.faults import LoadError
from luban.cli.load.items import item_file
from luban.cli.load.plans.plan import Plan
from luban.cli.load.values import BLOCKS, BODY_CLASS, Values, first_block
from luban.cli.load.weeks import plan_days
from luban.cli.load.world import Body, World, hire
from luban.reference.track import Track

ELECTRICIAN, LABOUR_RELATIONS = "6-31-01-03", "4-07-03-02"
OCCUPATION = {Track.ENTERPRISE: ELECTRICIAN, Track.SOCIAL: LABOUR_RELATIONS, Track.SPECIAL_ABILITY: None}
LEVELS = (3, 4)
_NAMES = {
    Track.ENTERPRISE: "负载试验机械有限公司",
    Track.SOCIAL: "负载试验评价中心",
    Track.SPECIAL_ABILITY: "负载试验传习所",
}
_LETTERS = {"EMPLOYER": "Y", "SOCIAL": "S"}
_TAKEN = ("body-code-taken", "site-taken")


async def claim_block(world: World, seed: int) -> None:
    """Files the first body under the first free block from where the seed points to. Raises LoadError if none is."""
    for offset in range(BLOCKS):
        world.values = Values((first_block(seed) + offset) % BLOCKS, seed)
        body = await _file_body(world, Track.ENTERPRISE, None)
        if body is not None:
            world.bodies[Track.ENTERPRISE] = body
            world.ledger.run.fact("block", {"block": world.values.block, "seed": seed})
            return
    raise LoadError("this stack has seen as many loads as there are blocks of values: start a fresh one")


async def file_bodies(world: World) -> None:
    """The other bodies, and the project that the special-ability one runs."""
    project_id = await _publish_project(world)
    for track, project in ((Track.SOCIAL, None), (Track.SPECIAL_ABILITY, project_id)):
        body = await _file_body(world, track, project)
        if body is None:
            raise LoadError(f"the body code of block {world.values.block} on track {track} is another body's")
        world.bodies[track] = body


async def fill_bank(world: World) -> None:
    """Imports the run's items and has another person approve them."""
    world.bank = f"load-{world.values.block:04d}"
    author, reviewer = (world.caller(hire(role), world.ledger.run) for role in ("item_author", "item_reviewer"))
    content = item_file(world.values.block)
    path = f"/v1/banks/{world.bank}/imports?format=luban"
    importing = Command("filings", "exam", "POST", path, file=("items.json", content))
    made = await author.do(importing, {"bank": world.bank}, lambda told: {"items": told["items"]})
    approving = Command("filings", "exam", "POST", f"/v1/imports/{made['import_id']}/approve")
    await reviewer.do(approving, {"import_id": made["import_id"]}, lambda told: {"state": told["state"]})


async def publish(plan: Plan) -> None:
    """The body publishes the plan, and names the raters where there are any."""
    staff = plan.world.caller(plan.staff, plan.book)
    order = _order(plan)
    plan.book.fact("plan", _facts(plan))
    publishing = Command("plans", "registration", "POST", "/v1/plans", order)
    told = await staff.do(publishing, {"capacity": order["capacity"]}, lambda told: {"plan_id": told["plan_id"]})
    plan.plan_id = told["plan_id"]


def _facts(plan: Plan) -> dict[str, Any]:
    return {
        "track": plan.track.value,
        "body_id": str(plan.body.body_id),
        "level": plan.level,
        "raters": [str(rater.subject) for rater in plan.raters],
        "staff": str(plan.staff.subject),
    }


def _order(plan: Plan) -> dict[str, Any]:
    days, occupation = plan_days(plan.filed, plan.exam), OCCUPATION[plan.track]
    return {
        "track": plan.track.value,
        "level": {"occupation_code": occupation, "trade": "", "level": plan.level} if occupation else None,
        "project_id": plan.body.project_id,
        "site_code": plan.body.site_code,
        "site_name": f"{plan.body.name}考点",
        "division": plan.body.division,
        "capacity": len(plan.people),
        "registration_from": days.filed.isoformat(),
        "registration_to": days.registration_closes.isoformat(),
        "exam_from": days.exam.isoformat(),
        "exam_to": days.exam.isoformat(),
    }


async def _file_body(world: World, track: Track, project_id: str | None) -> Body | None:
    """None when its code is another's."""
    filing = _filing(world.values, track, project_id)
    command = Command("filings", "registration", "POST", "/v1/bodies", filing, expect=(201, 409))
    told = await _province(world).do(
        command, {"track": track.value, "code": filing["code"]}, lambda told: {"body_id": told.get("body_id")}
    )
    if code_of(told) in _TAKEN:
        return None
    values = world.values
    serial = values.serial(list(Track).index(track))
    return Body(track, UUID(told["body_id"]), filing["name"], serial, values.division, project_id)


def _filing(values: Values, track: Track, project_id: str | None) -> dict[str, Any]:
    place, occupation = list(Track).index(track), OCCUPATION[track]
    return {
        "name": f"{_NAMES[track]}{values.block:04d}",
        "body_class": BODY_CLASS[track],
        "code": f"{_LETTERS[BODY_CLASS[track]]}000037{values.serial(place)}",
        "credit_code": values.credit_code("B", place),
        "division": values.division,
        "scope": [{"occupation_code": occupation, "trade": "", "levels": list(LEVELS)}] if occupation else [],
        "project_ids": [project_id] if project_id else [],
        "valid_from": date(2025, 1, 1).isoformat(),
        "valid_to": date(2028, 12, 31).isoformat(),
    }


async def _publish_project(world: World) -> str:
    project = {
        "code": f"SD-LD-{world.values.block:04d}",
        "name": f"负载试验项目{world.values.block:04d}",
        "category": "手工制作",
        "specification_version": 1,
        "definition": "只用于负载试验。",
    }
    command = Command("filings", "registration", "POST", "/v1/projects", project)
    told = await _province(world).do(command, {"code": project["code"]}, lambda told: {"id": told["project_id"]})
    return str(told["project_id"])


def _province(world: World) -> Caller:
    return world.caller(world.province, world.ledger.run)
