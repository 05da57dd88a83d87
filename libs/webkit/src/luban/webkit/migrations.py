"""What the env.py of every service's migrations does."""

from importlib.resources import as_file, files
from importlib.util import find_spec
from typing import Any

from alembic import context
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from luban.eventkit.uow import connect


def run_migrations(metadata: Any) -> None:
    """Runs the pending migrations in one transaction, one process at a time."""
    engine = connect(context.config.attributes["address"], 1)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
        with context.begin_transaction():
            connection.exec_driver_sql("select pg_advisory_xact_lock(19522)")
            context.run_migrations()
    engine.dispose()


def newest_revision(service: str) -> str | None:
    """The schema that this release of a service is written for; None where there is no such service."""
    if find_spec(f"luban.{service}") is None:
        return None
    with as_file(files(f"luban.{service}").joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        return ScriptDirectory.from_config(config).get_current_head()


def has_revision(engine: Engine, expected: str) -> bool:
    """Whether the database was brought to at least this schema; the newer release may have migrated it already."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql("select version_num from alembic_version").scalar()
    return found is not None and str(found) >= expected
