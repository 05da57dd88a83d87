"""Old idempotent answers and counts go, fresh ones stay."""

import threading
from pathlib import Path

import psycopg

from luban.eventkit import schema as kernel
from luban.eventkit.sealing import KeyRing
from luban.eventkit.uow import UnitsOfWork, connect
from luban.webkit import schema as http
from luban.webkit.housekeeping import BATCH, Housekeeping
from tests.embedded import DatabaseFactory
from tests.integration.eventkit.rig import keyring_file


def tables(url: str) -> None:
    """The kernels' tables alone."""
    with psycopg.connect(url) as connection:
        connection.execute(kernel.SQL.encode())
        connection.execute(http.SQL.encode())


def test_only_what_is_past_its_time_is_forgotten(database: DatabaseFactory, tmp_path: Path) -> None:
    url = database(tables)
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into webkit.idempotency (caller, route, key, request_digest, status, media_type, headers, sealed,"
            " created_at)"
            " select 'somebody', 'POST /', n::text, sha256(n::text::bytea), 200, 'application/json', '[]', '', now()"
            " - case when n <= %s then interval '8 days' else interval '1 day' end from generate_series(1, %s) n",
            (BATCH + 5, BATCH + 10),
        )
        connection.execute(
            "insert into webkit.quota_use (day, what, caller, used)"
            " select current_date - n, 'objection', '\\x01', 1 from generate_series(0, 50) n"
        )
    units = UnitsOfWork(connect(url, 2), KeyRing.load(keyring_file(tmp_path)), "embedded")
    Housekeeping(units).tidy(threading.Event())
    units.close()
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from webkit.idempotency").fetchone() == (5,)
        kept = connection.execute("select count(*), min(current_date - day) from webkit.quota_use").fetchone()
        assert kept is not None
        assert kept[0] in (30, 31)
        assert kept[1] == 0
