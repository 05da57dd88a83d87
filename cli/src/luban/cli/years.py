"""Which years the key ring must have keys for."""

from collections.abc import Iterable
from typing import LiteralString

import psycopg

from luban.cli.demo.timetable import BEGINS_ON

_MIGRATED: LiteralString = "SELECT (to_regprocedure('eventkit.now()') IS NOT NULL)::int"
_SIMULATED: LiteralString = "SELECT extract(year FROM eventkit.now() AT TIME ZONE 'Asia/Shanghai')::int"
_REAL: LiteralString = "SELECT extract(year FROM clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::int"
_DEMO_YEARS = 5


def sealing_years(databases: Iterable[str], admin_url: str, *, demo: bool) -> range:
    """This year and the next by the database's clock; in a demo also the year it is set back to, and more to come."""
    first = _number(admin_url, _REAL)
    latest = max((_year_of_service(url, first) for url in databases), default=first)
    return keyed_years(first, latest, demo=demo)


def keyed_years(first: int, latest: int, *, demo: bool) -> range:
    """From `first` to the year after `latest`; in a demo also the year it is set back to, and more to come."""
    if not demo:
        return range(first, latest + 2)
    return range(min(first, BEGINS_ON.year), latest + _DEMO_YEARS + 1)


def is_migrated(url: str) -> bool:
    """Whether a service has made its tables in a database."""
    return bool(_number(url, _MIGRATED))


def _year_of_service(url: str, otherwise: int) -> int:
    return _number(url, _SIMULATED) if is_migrated(url) else otherwise


def _number(url: str, query: LiteralString) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
