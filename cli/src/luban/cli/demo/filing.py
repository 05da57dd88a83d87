"""The province files bodies and publishes a project; each body publishes its plan."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from luban.cli.demo.cycle import Cycle
from luban.cli.demo.gateway import Gateway
from luban.cli.demo.offices import Offices, Official
from luban.cli.demo.people import make_people
from luban.cli.demo.schemes import BODIES, LEVEL, PROJECT, Body
from luban.cli.demo.timetable import Timetable
from luban.reference.track import Track


def file_everything(
    gateway: Gateway, offices: Offices, timetable: Timetable, candidates: int, seed: int
) -> dict[Track, Cycle]:
    """A cycle for each track, its plan published."""
    province = offices.hire("province_staff")
    project_id = province.at("registration").post("/v1/projects", PROJECT).json()["project_id"]
    cycles = {}
    for body in BODIES:
        body_id = _file_body(province, body, project_id)
        cycles[body.track] = Cycle(
            gateway=gateway,
            timetable=timetable,
            body=body,
            people=make_people(body.track, candidates, seed),
            staff=offices.hire("body_staff", body_id=body_id),
            second=offices.hire("body_staff", body_id=body_id),
            province=province,
        )
        _publish_plan(cycles[body.track], project_id)
    return cycles


def _file_body(province: Official, body: Body, project_id: str) -> Any:
    filing = {
        "name": body.name,
        "body_class": body.body_class,
        "code": body.code,
        "credit_code": body.credit_code,
        "division": body.division,
        "scope": _scope(body),
        "project_ids": [] if body.occupation_code else [project_id],
        "valid_from": date(2025, 1, 1).isoformat(),
        "valid_to": date(2027, 12, 31).isoformat(),
    }
    return province.at("registration").post("/v1/bodies", filing).json()["body_id"]


def _scope(body: Body) -> Sequence[dict[str, Any]]:
    if body.occupation_code is None:
        return []
    return [{"occupation_code": body.occupation_code, "trade": "", "levels": [4, LEVEL]}]


def _publish_plan(cycle: Cycle, project_id: str) -> None:
    body, timetable = cycle.body, cycle.timetable
    level = {"occupation_code": body.occupation_code, "trade": "", "level": LEVEL}
    plan = {
        "track": body.track,
        "level": level if body.occupation_code else None,
        "project_id": None if body.occupation_code else project_id,
        "route": "ASSESSMENT",
        "subjects": None,
        "site_code": body.site_code,
        "site_name": f"{body.name}考点",
        "division": body.division,
        "capacity": len(cycle.people),
        "registration_from": timetable.filed.isoformat(),
        "registration_to": timetable.registration_closes.isoformat(),
        "exam_from": timetable.exam_begins.isoformat(),
        "exam_to": timetable.exam_ends.isoformat(),
    }
    published = cycle.staff.at("registration").post("/v1/plans", plan).json()
    cycle.plan_id, cycle.plan_no = published["plan_id"], published["plan_no"]
