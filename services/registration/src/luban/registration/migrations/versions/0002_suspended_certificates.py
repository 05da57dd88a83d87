"""Certificates that are suspended do not count for eligibility."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute("alter table prior_certificate add column suspended_on date")


def downgrade() -> None:
    raise NotImplementedError("registrations are restored from a backup, never migrated back")
