"""Synthetic people and the small data of tests: no real person has these numbers."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from luban.reference.identity import resident_check_character

ELECTRICIAN = "6-31-01-03"
LABOUR_RELATIONS = "4-07-03-03"
PHONE = "13800000000"


def resident_id(number: int, born: date = date(1990, 3, 7), division: str = "370102") -> str:
    """A resident ID that its check digit makes valid; another one for every `number` below 1,000 and birth date."""
    shifted = born + timedelta(days=number // 1000)
    first17 = f"{division}{shifted:%Y%m%d}{number % 1000:03d}"
    return first17 + resident_check_character(first17)


def profile(number: int, *, years: int = 10, name: str = "测试甲", **changes: Any) -> dict[str, Any]:
    """The profile of somebody with so many years as an electrician."""
    facts = {"years_in_occupation": [{"occupation_code": ELECTRICIAN, "years": years}], "employed": True}
    sent = {"name": name, "id_type": "RESIDENT_ID", "id_no": resident_id(number), "phone": PHONE, "facts": facts}
    return sent | changes


def body(code: str = "S000037000072", **changes: Any) -> dict[str, Any]:
    """A filing of a social organisation for electricians of all levels."""
    sent = {
        "name": "山东测试评价协会",
        "body_class": "EMPLOYER" if code.startswith("Y") else "SOCIAL",
        "code": code,
        "credit_code": "91350100M000100Y43",
        "division": "370100",
        "scope": [{"occupation_code": ELECTRICIAN, "trade": "", "levels": [5, 4, 3, 2, 1]}],
        "project_ids": [],
        "valid_from": "2025-01-01",
        "valid_to": "2028-12-31",
    }
    return sent | changes


def plan(**changes: Any) -> dict[str, Any]:
    """A social plan for electricians of level 3; the tests' day is 2026-11-23."""
    sent = {
        "track": "SOCIAL",
        "level": {"occupation_code": ELECTRICIAN, "trade": "", "level": 3},
        "site_code": "000072",
        "site_name": "测试考点",
        "division": "370102",
        "capacity": 300,
        "registration_from": "2026-11-23",
        "registration_to": "2026-11-30",
        "exam_from": "2026-12-19",
        "exam_to": "2026-12-20",
    }
    return sent | changes


def uuid(number: int) -> UUID:
    """A UUIDv7-shaped id."""
    return UUID(f"01930000-0000-7000-8000-{number:012x}")
