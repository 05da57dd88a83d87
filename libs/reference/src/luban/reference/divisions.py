"""Administrative divisions: provinces (GB/T 2260), Shandong's cities and counties, and the ones that are gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from luban.reference.packaged import packaged_rows
from luban.reference.refusal import Invalid

SHANDONG = "37"


@dataclass(frozen=True, slots=True)
class Division:
    """One division; `level` is province, city, county or stat_zone (a zone that only statistics know)."""

    code: str
    name: str
    level: str
    parent: str
    retired_from: date | None = None
    replaced_by: str = ""


def is_province(code2: str) -> bool:
    return code2 in _provinces()


def province_name(code2: str) -> str:
    """Raises `Invalid` province-unknown."""
    if not is_province(code2):
        raise Invalid("province-unknown", zh="没有省级代码{code}", en="there is no province {code}", code=code2)
    return _provinces()[code2]


def division(code6: str) -> Division:
    """A division of Shandong, retired ones too, because old documents go on naming them.

    Raises `Invalid` division-unknown.
    """
    found = _divisions().get(code6)
    if found is None:
        raise Invalid("division-unknown", zh="没有行政区划代码{code}", en="there is no division {code}", code=code6)
    return found


def current_division(code6: str) -> Division:
    """The division that has taken over a retired one, else the division itself. Raises `Invalid` division-unknown."""
    found = division(code6)
    return division(found.replaced_by) if found.replaced_by else found


def cities() -> tuple[Division, ...]:
    """Shandong's 16 cities of today."""
    return tuple(each for each in _divisions().values() if each.level == "city" and not each.retired_from)


def counties_of(city_code6: str) -> tuple[Division, ...]:
    return tuple(each for each in _divisions().values() if each.level == "county" and each.parent == city_code6)


@cache
def _provinces() -> Mapping[str, str]:
    return {row["gb2260_2"]: row["name"] for row in packaged_rows("province_codes.csv")}


@cache
def _divisions() -> Mapping[str, Division]:
    today = [
        Division(row["code6"], row["name"], row["level"], row["parent_code6"])
        for row in packaged_rows("shandong_divisions.csv")
    ]
    gone = [
        Division(
            code=row["code6"],
            name=row["name"],
            level=row["level"],
            parent=row["parent_code6"],
            retired_from=date.fromisoformat(row["retired_from"]),
            replaced_by=row["replaced_by"],
        )
        for row in packaged_rows("divisions_retired.csv")
    ]
    return {each.code: each for each in today + gone}
