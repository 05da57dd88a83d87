"""Scopes and rotation of keys, consents, lawful grounds."""

from importlib.resources import files

from alembic import op

revision = "0002"
down_revision = "0001"

SQL = files("luban.certificate.adapters").joinpath("schema_0002.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Adds what the register and its checks learned since the first release."""
    op.get_bind().connection.driver_connection.execute(SQL)


def downgrade() -> None:
    raise NotImplementedError("a register is restored from a backup, never migrated back")
