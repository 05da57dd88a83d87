"""Alembic's entry."""

from sqlmodel import SQLModel

from luban.certificate.adapters import tables
from luban.webkit.migrations import run_migrations

assert tables.Certificate.__tablename__ in SQLModel.metadata.tables
run_migrations(SQLModel.metadata)
