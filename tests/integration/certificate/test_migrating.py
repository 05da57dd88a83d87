"""A register that is at work is brought to the newest schema with what stands in it."""

from importlib.resources import as_file, files

import psycopg
from alembic import command
from alembic.config import Config

from tests.embedded import DatabaseFactory
from tests.integration.certificate.rig import migrated

ROW = """
insert into certificate (certificate_id, certificate_no, number_prefix, candidate_id, result_id, confirmation_no,
    entry_id, plan_id, track, kind, level, body_id, body_code, body_name, issued_on, state, withdrawn_on,
    withdrawal_reason, register_version, scores, personal, name_hash, id_hash)
values (gen_random_uuid(), %s, '', gen_random_uuid(), '00000000-0000-0000-0000-000000000001', %s, gen_random_uuid(),
    gen_random_uuid(), 'SOCIAL', 'LEVEL', 3, gen_random_uuid(), '', '', '2026-11-20', %s, %s, %s, 1, '[]', '', '', '')
"""


def before_suspension(url: str) -> None:
    """The schema of a release that could not suspend, with a withdrawn certificate and the one that followed it."""
    with as_file(files("luban.certificate").joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.attributes["address"] = url
        command.upgrade(config, "0003")
    with psycopg.connect(url) as connection:
        connection.execute(ROW, ("N1", 1, "WITHDRAWN", "2026-11-21", "result-corrected"))
        connection.execute(ROW, ("N2", 2, "VALID", None, None))


def test_certificates_stay_what_they_were_and_can_be_suspended(database: DatabaseFactory) -> None:
    url = database(before_suspension)
    migrated(url)
    with psycopg.connect(url) as connection:
        rows = "select certificate_no, state, suspended_on, suspension_reason from certificate order by 1"
        assert connection.execute(rows).fetchall() == [("N1", "WITHDRAWN", None, None), ("N2", "VALID", None, None)]
        connection.execute(
            "update certificate set state = 'SUSPENDED', suspended_on = '2026-11-24', suspension_reason = 'report'"
            " where certificate_no = 'N2'"
        )
