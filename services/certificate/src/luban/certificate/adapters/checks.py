"""SQL of checks, each statement for a whole batch of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    where api_key.revoked_at is null and api_key.scope = 'verification'
),
caller as (
    select convert_to(credit_code, 'UTF8') as caller, sum(n)::integer as n from key group by 1
    union all
    select decode(caller, 'hex'), n from json_to_recordset(%(addresses)s::json) as asked (caller text, n integer)
),
counted as (
    insert into quota_use as old (caller, day, used)
    select caller, (moment.at at time zone 'Asia/Shanghai')::date, n from caller, moment order by caller
    on conflict (caller, day) do update set used = old.used + excluded.used
    returning caller, used
)
select moment.at, coalesce(key.caller, encode(counted.caller, 'hex')), key.key_id, key.credit_code, key.daily_quota,
       counted.used - caller.n
from moment left join (counted join caller using (caller)) on true
left join key on convert_to(key.credit_code, 'UTF8') = counted.caller
"""

FIND = """
select certificate_no, personal, name_hash, id_hash, certificate_id::text, kind, occupation_code, occupation_name,
       trade, level, project_code, project_name, issued_on, body_name, state, withdrawn_on
from certificate where certificate_no = any(%(numbers)s::text[])
"""

RECORD = """
insert into verification (verification_id, at, certificate_id, caller_kind, key_id, credit_code, purpose, factor,
                          outcome)
select verification_id, %(at)s, certificate_id, caller_kind, key_id, credit_code, purpose, factor, outcome
from json_to_recordset(%(rows)s::json)
     as row (verification_id uuid, certificate_id uuid, caller_kind text, key_id uuid, credit_code text, purpose text,
             factor text, outcome text)
"""


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller that may ask, and how often it has asked today before this batch."""

    used: int
    key_id: str | None = None
    credit_code: str | None = None
    daily_quota: int | None = None
    """None for a network address: the service's own quota holds."""


@dataclass(frozen=True, slots=True)
class Found:
    """A certificate with what recognises its holder."""

    personal: bytes
    name_hash: bytes
    id_hash: bytes
    registered: Registered


async def look_up(
    uow: AsyncUnitOfWork, keys: Mapping[str, int], addresses: Mapping[str, int], numbers: Iterable[str]
) -> tuple[datetime, dict[str, Caller], dict[str, Found]]:
    """Counts checks by the hexadecimal hash of key or address, and finds certificates by number.

    The moment, every caller that is known, every certificate there is. Numbers hold letters, digits and hyphens only.
    The certificates are read after the moment, so that every change registered until then is seen.
    """
    counting = await uow.sql(COUNT, {"keys": _tallies(keys), "addresses": _tallies(addresses)})
    finding = await uow.sql(FIND, {"numbers": "{" + ",".join(numbers) + "}"})
    rows = await counting.fetchall()
    callers = {row[1]: Caller(row[5], row[2], row[3], row[4]) for row in rows if row[1] is not None}
    found = {row[0]: Found(row[1], row[2], row[3], Registered(*row[4:])) for row in await finding.fetchall()}
    return rows[0][0], callers, found


async def record(uow: AsyncUnitOfWork, at: datetime, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes what was asked and answered, all at one moment."""
    await uow.sql(RECORD, {"at": at, "rows": orjson.dumps(rows).decode()})


def _tallies(counts: Mapping[str, int]) -> str:
    return orjson.dumps([{"caller": caller, "n": n} for caller, n in counts.items()]).decode()
