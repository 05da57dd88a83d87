"""Alembic's entry; what it does is the same for every service."""

from luban.registration.adapters.tables import METADATA
from luban.webkit.migrations import run_migrations

run_migrations(METADATA)
