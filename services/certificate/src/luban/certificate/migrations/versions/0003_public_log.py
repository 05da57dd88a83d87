"""The public log: every register entry, those of before too, is queued for it."""

from importlib.resources import files

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    script = files("luban.certificate.adapters").joinpath("public_log.sql").read_text(encoding="utf-8")
    op.get_bind().connection.driver_connection.execute(script)


def downgrade() -> None:
    raise NotImplementedError("a register is restored from a backup, never migrated back")
