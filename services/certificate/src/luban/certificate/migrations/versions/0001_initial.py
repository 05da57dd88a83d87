"""The kernel's tables, webkit's, and the register's own."""

from alembic import op

from luban.certificate.adapters import schema as register
from luban.eventkit import schema as eventkit
from luban.webkit import schema as webkit

revision = "0001"
down_revision = None


def upgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    for script in (eventkit.SQL, webkit.SQL, register.SQL):
        driver.execute(script)


def downgrade() -> None:
    raise NotImplementedError("a register is restored from a backup, never migrated back")
