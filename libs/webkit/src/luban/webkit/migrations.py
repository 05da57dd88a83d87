"""What the env.py of every service's migrations does."""

from typing import Any

from alembic import context

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
