"""How many certificates a compromised key signed, and how many of them were taken up to be signed anew."""

from dataclasses import asdict, dataclass
from datetime import datetime

import psycopg

COUNTED = """
select count(*) filter (where renewed_at is not null),
       count(*) filter (where renewed_at is null and signed_at >= %(since)s),
       count(*) filter (where renewed_at is null and signed_at < %(since)s)
from signed_certificate where key_id = %(key_id)s
"""


@dataclass(frozen=True)
class Signed:
    """Certificates by what became of them since the compromise."""

    taken_up: int
    waiting: int
    before: int
    """Signed before its moment, and left."""

    def to_json(self) -> dict[str, int]:
        """For scripts."""
        return asdict(self)


def signed_by(database: str, key_id: str, since: datetime) -> Signed | None:
    """None where the certificate service's database cannot be asked."""
    try:
        with psycopg.connect(database, connect_timeout=10) as connection:
            row = connection.execute(COUNTED, {"key_id": key_id, "since": since}).fetchone()
    except psycopg.Error:
        return None
    return Signed(*(row or (0, 0, 0)))
