"""A body, its plan and somebody, as the domain knows them."""

from datetime import date
from typing import Any
from uuid import UUID

from luban.reference.batch_calendar import PlanDates
from luban.reference.levels import Level
from luban.reference.track import Track
from luban.registration.domain.body import Body, BodyClass, BodyStatus, ScopeItem
from luban.registration.domain.plan import Plan, PlanState
from luban.registration.domain.scheme import SKILL, THEORY, LevelScheme

ELECTRICIAN = "6-31-01-03"
TODAY = date(2026, 11, 23)
ID = UUID("01930000-0000-7000-8000-000000000001")


def scheme(**changes: Any) -> LevelScheme:
    """Electrician, level 3."""
    fields: dict[str, Any] = {
        "occupation_code": ELECTRICIAN,
        "occupation_name": "电工",
        "trade": "",
        "level": Level.THREE,
        "standard_edition": "2023",
    }
    return LevelScheme(**fields | changes)


def body(**changes: Any) -> Body:
    """A social organisation for electricians of levels 5 to 3."""
    fields: dict[str, Any] = {
        "body_id": ID,
        "name": "测试评价协会",
        "body_class": BodyClass.SOCIAL,
        "code": "S000037000072",
        "credit_code": "91350100M000100Y43",
        "division": "370100",
        "status": BodyStatus.ACTIVE,
        "valid_from": date(2025, 1, 1),
        "valid_to": date(2027, 12, 31),
        "scope": (ScopeItem(ELECTRICIAN, "", frozenset({Level.FIVE, Level.FOUR, Level.THREE})),),
        "project_ids": frozenset(),
        "site_codes": frozenset(),
    }
    return Body(**fields | changes)


def plan(**changes: Any) -> Plan:
    """A plan of that body, filed today, with room for ten."""
    fields: dict[str, Any] = {
        "plan_id": ID,
        "plan_no": "26370000720001",
        "plan_version": 1,
        "state": PlanState.OPEN,
        "body_id": ID,
        "track": Track.SOCIAL,
        "scheme": scheme(),
        "subjects": (THEORY, SKILL),
        "site_code": "000072",
        "site_name": "测试考点",
        "division": "370102",
        "dates": PlanDates(TODAY, date(2026, 11, 30), date(2026, 12, 19), date(2026, 12, 20)),
        "filed_on": TODAY,
        "capacity": 10,
    }
    return Plan(**fields | changes)
