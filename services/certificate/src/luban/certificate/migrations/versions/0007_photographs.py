"""Photographs of holders."""

from importlib.resources import files

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    script = files("luban.certificate.adapters").joinpath("photographs.sql").read_text(encoding="utf-8")
    op.get_bind().connection.driver_connection.execute(script)


def downgrade() -> None:
    raise NotImplementedError("a register is restored from a backup, never migrated back")
