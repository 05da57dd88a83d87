"""Which certificates a key signed, so that a compromise says whose are to be signed anew."""

from importlib.resources import files

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    script = files("luban.certificate.adapters").joinpath("signatures.sql").read_text(encoding="utf-8")
    op.get_bind().connection.driver_connection.execute(script)


def downgrade() -> None:
    raise NotImplementedError("a register is restored from a backup, never migrated back")
