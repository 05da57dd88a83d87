"""SQL of checks, each statement for a whole batch of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from luban.certificate.domain.answer import Registered
from luban.eventkit.async_uow import AsyncUnitOfWork

# Counts the day's checks of every caller, which locks their rows in order, and says where each stood before.
COUNT = """
with moment as (select eventkit.now() as at),
key as (
    select asked.caller, asked.n, api_key.key_id::text as key_id, api_key.credit_code, api_key.daily_quota
    from json_to_recordset(%(keys)s::json) as asked (caller text, n integer)
    join api_key on api_key.key_hash = decode(asked.caller, 'hex')
    cross join moment
    where api_key.revoked_at is null and 'verification' = any(api_key.scopes)
          and (api_key.expires_at is null or api_key.expires_at > moment.at)
),
caller as (
    select convert_to(credit_code, 'UTF8') as caller, sum(n)::integer as n from key group by 1
    union all
    select decode(caller, 'hex'), n from json_to_recordset(%(addresses)s::json) as asked (caller text, n integer)
),
counted as (
    insert into webkit.quota_use as old (day, what, caller, used)
    select (moment.at at time zone 'Asia/Shanghai')::date, 'verification', caller, n from caller, moment order by caller
    on conflict (day, what, caller) do update set used = old.used + excluded.used
    returning caller, used
)
select moment.at, coalesce(key.caller, encode(counted.caller, 'hex')), key.key_id, key.credit_code, key.daily_quota,
       counted.used - caller.n
from moment left join (counted join caller using (caller)) on true
left join key on convert_to(key.credit_code, 'UTF8') = counted.caller
"""

# Each number asked for gets the certificate of that number or else the one that follows it, so that an unknown number
# costs the database and the wire what a known one costs. Beside it, how often the number was missed today.
FIND = """
with today as materialized (select (eventkit.now() at time zone 'Asia/Shanghai')::date as day)
select asked.number, asked.tried,
       (select used from webkit.quota_use
        where day = today.day and what = 'verification-miss' and caller = decode(asked.tried, 'hex')),
       near.*
from today cross join json_to_recordset(%(asked)s::json) as asked (number text, tried text)
left join lateral (
    (select certificate_no, personal, name_hash, id_hash, certificate_id::text, kind, occupation_code, occupation_name,
            trade, level, project_code, project_name, issued_on, body_name, state, withdrawn_on, suspended_on,
            authority
     from certificate where certificate_no >= asked.number order by certificate_no limit 1)
    union all
    (select certificate_no, personal, name_hash, id_hash, certificate_id::text, kind, occupation_code, occupation_name,
            trade, level, project_code, project_name, issued_on, body_name, state, withdrawn_on, suspended_on,
            authority
     from certificate order by certificate_no limit 1)
    limit 1
) as near on true
"""

MISS = """
insert into webkit.quota_use as old (day, what, caller, used)
select (%(at)s::timestamptz at time zone 'Asia/Shanghai')::date, 'verification-miss', decode(caller, 'hex'), n
from json_to_recordset(%(missed)s::json) as missed (caller text, n integer) order by decode(caller, 'hex')
on conflict (day, what, caller) do update set used = old.used + excluded.used
"""

RECORD = """
insert into verification (verification_id, at, certificate_id, caller_kind, key_id, credit_code, purpose, factor,
                          outcome, lawful_ground, consent_id)
select verification_id, %(at)s, certificate_id, caller_kind, key_id, credit_code, purpose, factor, outcome,
       lawful_ground, consent_id
from json_to_recordset(%(rows)s::json)
     as row (verification_id uuid, certificate_id uuid, caller_kind text, key_id uuid, credit_code text, purpose text,
             factor text, outcome text, lawful_ground text, consent_id uuid)
"""


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller that may ask, and how often it has asked today before this batch."""

    used: int
    key_id: str | None = None
    credit_code: str | None = None
    daily_quota: int | None = None
    """None for a network address: the service's own quota holds."""


class Found(NamedTuple):
    """A certificate with what recognises its holder."""

    certificate_no: str
    personal: bytes
    name_hash: bytes
    id_hash: bytes
    registered: Registered


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What a batch of checks needs to know."""

    at: datetime
    callers: Mapping[str, Caller]
    """By the hexadecimal hash of key or address; those that may ask."""
    near: Mapping[str, Found]
    """By the number asked for: its certificate, or a neighbour's. Empty register, empty mapping."""
    missed: Mapping[str, int]
    """By the hexadecimal hash of what was tried: wrong factors of today before this batch."""


async def look_up(
    uow: AsyncUnitOfWork, keys: Mapping[str, int], addresses: Mapping[str, int], asked: Mapping[str, str]
) -> LookedUp:
    """Counts checks by the hexadecimal hash of key or address, and finds certificates by number; `asked` has the number
    by the hexadecimal hash of what is tried.

    The certificates are read after the moment, so that every change registered until then is seen.
    """
    counting = await uow.sql(COUNT, {"keys": _tallies(keys), "addresses": _tallies(addresses)})
    numbers = orjson.dumps([{"number": number, "tried": tried} for tried, number in asked.items()])
    finding = await uow.sql(FIND, {"asked": numbers.decode()})
    rows = await counting.fetchall()
    callers = {row[1]: Caller(row[5], row[2], row[3], row[4]) for row in rows if row[1] is not None}
    found = await finding.fetchall()
    near = {row[0]: Found(row[3], row[4], row[5], row[6], Registered(*row[7:])) for row in found if row[3] is not None}
    return LookedUp(rows[0][0], callers, near, {row[1]: row[2] for row in found if row[2] is not None})


async def record(
    uow: AsyncUnitOfWork, at: datetime, rows: Sequence[Mapping[str, Any]], missed: Mapping[str, int]
) -> None:
    """Writes what was asked and answered, all at one moment, and counts what was missed."""
    if missed:
        await uow.sql(MISS, {"at": at, "missed": _tallies(missed)})
    await uow.sql(RECORD, {"at": at, "rows": orjson.dumps(rows).decode()})


def _tallies(counts: Mapping[str, int]) -> str:
    return orjson.dumps([{"caller": caller, "n": n} for caller, n in counts.items()]).decode()
