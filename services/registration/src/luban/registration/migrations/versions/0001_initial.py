"""The kernels' tables and the service's own."""

from alembic import op

from luban.eventkit import schema as eventkit
from luban.registration.adapters import schema as registration
from luban.webkit import schema as webkit

revision = "0001"
down_revision = None


def upgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    for script in (eventkit.SQL, webkit.SQL, registration.SQL):
        driver.execute(script)


def downgrade() -> None:
    raise NotImplementedError("registrations are restored from a backup, never migrated back")
