"""SQL of checks, each statement for a whole batch of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from luban.certificate.domain.answer import Registered
from luban.eventkit.async_uow import AsyncUnitOfWork

ASKED, MISSED = "verification", "verification-miss"
"""What is counted of a day: checks by caller, wrong factors by what was tried."""

CALLERS = """
with moment as (select eventkit.now() as at),
caller as (
    select asked.caller, api_key.key_id::text as key_id, api_key.credit_code, api_key.daily_quota,
           convert_to(api_key.credit_code, 'UTF8') as counted_as
    from json_array_elements_text(%(keys)s::json) as asked (caller)
    join api_key on api_key.key_hash = decode(asked.caller, 'hex')
    cross join moment
    where api_key.revoked_at is null and 'verification' = any(api_key.scopes)
          and (api_key.expires_at is null or api_key.expires_at > moment.at)
    union all
    select caller, null, null, null, decode(caller, 'hex')
    from json_array_elements_text(%(addresses)s::json) as asked (caller)
)
select moment.at, caller.caller, caller.key_id, caller.credit_code, caller.daily_quota, coalesce(quota_use.used, 0)
from moment left join caller on true
left join webkit.quota_use on quota_use.day = (moment.at at time zone 'Asia/Shanghai')::date
     and quota_use.what = 'verification' and quota_use.caller = caller.counted_as
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

RECORD = """
insert into verification (verification_id, at, certificate_id, caller_kind, key_id, credit_code, purpose, factor,
                          outcome, lawful_ground, consent_id)
select verification_id, %(at)s, certificate_id, caller_kind, key_id, credit_code, purpose, factor, outcome,
       lawful_ground, consent_id
from json_to_recordset(%(rows)s::json)
     as row (verification_id uuid, certificate_id uuid, caller_kind text, key_id uuid, credit_code text, purpose text,
             factor text, outcome text, lawful_ground text, consent_id uuid)
"""

# In order, so that two batches never wait for each other.
COUNT = """
insert into webkit.quota_use as old (day, what, caller, used)
select (%(at)s::timestamptz at time zone 'Asia/Shanghai')::date, what, decode(caller, 'hex'), n
from json_to_recordset(%(uses)s::json) as counted (what text, caller text, n integer)
order by what, decode(caller, 'hex')
on conflict (day, what, caller) do update set used = old.used + excluded.used
returning what, encode(caller, 'hex'), used
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


@dataclass(slots=True)
class Use:
    """What a batch adds to one count of the day."""

    what: str
    """ASKED or MISSED."""
    caller: str
    """Hexadecimal."""
    before: int
    """The count when it was looked up."""
    bounds: set[int] = field(default_factory=set)
    """Those it was held against; keys of one credit code may have quotas of their own."""
    n: int = 0

    def was_overtaken(self, after: int) -> bool:
        """Whether others counted since the look-up, and so that something of this batch should have been refused."""
        return after - self.n != self.before and any(self.before < most < after for most in self.bounds)


class Overtaken(Exception):  # noqa: N818 -- no error: the batch is answered again
    """A count that a batch relied on has reached its bound meanwhile."""


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
    uow: AsyncUnitOfWork, keys: Iterable[str], addresses: Iterable[str], asked: Mapping[str, str]
) -> LookedUp:
    """Finds callers by the hexadecimal hash of key or address, and certificates by number; `asked` has the number by
    the hexadecimal hash of what is tried.

    The certificates are read after the moment, so that every change registered until then is seen.
    """
    calling = await uow.sql(CALLERS, {"keys": _json(list(keys)), "addresses": _json(list(addresses))})
    numbers = _json([{"number": number, "tried": tried} for tried, number in asked.items()])
    finding = await uow.sql(FIND, {"asked": numbers})
    rows = await calling.fetchall()
    callers = {row[1]: Caller(row[5], row[2], row[3], row[4]) for row in rows if row[1] is not None}
    found = await finding.fetchall()
    near = {row[0]: Found(row[3], row[4], row[5], row[6], Registered(*row[7:])) for row in found if row[3] is not None}
    return LookedUp(rows[0][0], callers, near, {row[1]: row[2] for row in found if row[2] is not None})


async def record(uow: AsyncUnitOfWork, at: datetime, rows: Sequence[Mapping[str, Any]], uses: Sequence[Use]) -> None:
    """Writes what was asked and answered, all at one moment, and counts it.

    Counting comes last: from there to the end of the transaction others who count the same wait. Raises Overtaken,
    after which the transaction must be rolled back.
    """
    await uow.sql(RECORD, {"at": at, "rows": _json(rows)})
    counts = [{"what": use.what, "caller": use.caller, "n": use.n} for use in uses]
    counting = await uow.sql(COUNT, {"at": at, "uses": _json(counts)})
    after = {(what, caller): used for what, caller, used in await counting.fetchall()}
    if any(use.was_overtaken(after[use.what, use.caller]) for use in uses):
        raise Overtaken


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
