"""Consents that checks bear, for a whole batch of checks."""

from collections.abc import Collection
from datetime import datetime

from luban.certificate.domain.consent import Consent, ConsentField
from luban.eventkit.async_uow import AsyncUnitOfWork

BORNE = """
select encode(token_hash, 'hex'), consent_id::text, credit_code, certificate_id::text, fields, purpose,
       expires_at > %(at)s and revoked_at is null, scores
from consent join certificate using (certificate_id)
where token_hash in (select decode(hash, 'hex') from unnest(%(hashes)s::text[]) as borne (hash))
"""


async def borne(uow: AsyncUnitOfWork, at: datetime, hashes: Collection[str]) -> dict[str, Consent]:
    """The consents by the hexadecimal hashes of their tokens; the unknown are missing."""
    if not hashes:
        return {}
    found = await uow.sql(BORNE, {"at": at, "hashes": list(hashes)})
    return {
        row[0]: Consent(row[1], row[2], row[3], tuple(ConsentField(each) for each in row[4]), *row[5:])
        for row in await found.fetchall()
    }
