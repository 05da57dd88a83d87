"""A service made for tests of the supervisor: `migrate` makes its tables, `api` answers, `worker` waits.

Environment: FAKE_MIGRATION=fails lets `migrate` fail, FAKE_API=ends lets `api` end at once.
"""

import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

import psycopg

CLOCK = """
CREATE SCHEMA IF NOT EXISTS eventkit;
CREATE TABLE IF NOT EXISTS eventkit.simulated_clock (
    only_row boolean PRIMARY KEY DEFAULT true, ahead interval NOT NULL DEFAULT '0', allowed boolean NOT NULL);
CREATE OR REPLACE FUNCTION eventkit.now() RETURNS timestamptz LANGUAGE sql
    AS 'SELECT clock_timestamp() + ahead FROM eventkit.simulated_clock';
CREATE TABLE IF NOT EXISTS kept (what text);
"""
SET_ALLOWED = """
INSERT INTO eventkit.simulated_clock (allowed) VALUES (%s)
ON CONFLICT (only_row) DO UPDATE SET allowed = excluded.allowed
"""


def migrate() -> None:
    if os.environ.get("FAKE_MIGRATION") == "fails":
        sys.exit("relation entry has no column level")
    with psycopg.connect(os.environ["LUBAN_DATABASE"]) as connection:
        connection.execute(CLOCK)
        connection.execute(SET_ALLOWED, (os.environ["LUBAN_DEMO"] == "1",))


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
        return


def api() -> None:
    if os.environ.get("FAKE_API") == "ends":
        sys.exit("no key ring")
    subprocess.Popen([sys.executable, __file__, "worker"], start_new_session=True)  # a child that its parent may lose
    HTTPServer((os.environ["LUBAN_HTTP_HOST"], int(os.environ["LUBAN_HTTP_PORT"])), Ready).serve_forever()


def worker() -> None:
    signal.pause()


if __name__ == "__main__":
    {"migrate": migrate, "api": api, "worker": worker}[sys.argv[1]]()
