"""Tables as SQLModel sees them, for single rows; entries and rosters go by set-based SQL in `adapters.entries`."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

METADATA = MetaData()
"""The service's own, so that another service's tables of the same names may stand beside it in one process."""


class Table(SQLModel, registry=registry(metadata=METADATA)):
    """Base of the tables below."""


class BodyRow(Table, table=True):
    """A filed body."""

    __tablename__ = "body"

    body_id: UUID = Field(primary_key=True)
    name: str
    body_class: str
    code: str
    credit_code: str
    division: str
    status: str
    valid_from: date
    valid_to: date
    scope: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    """occupation_code, trade, levels (5 to 1)."""
    project_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    site_codes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))


class BodyHistoryRow(Table, table=True):
    """One change of a body."""

    __tablename__ = "body_history"

    id: UUID = Field(primary_key=True)
    body_id: UUID = Field(foreign_key="body.body_id")
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    actor: str
    change: str
    reason: str | None = None


class ProjectRow(Table, table=True):
    """A special-ability project."""

    __tablename__ = "project"

    project_id: UUID = Field(primary_key=True)
    code: str
    name: str
    category: str
    specification_version: int
    definition: str
    status: str


class PlanRow(Table, table=True):
    """A plan without what changes with every entry."""

    __tablename__ = "plan"

    plan_id: UUID = Field(primary_key=True)
    plan_no: str
    body_id: UUID = Field(foreign_key="body.body_id")
    track: str
    occupation_code: str | None = None
    occupation_name: str | None = None
    trade: str | None = None
    level: int | None = None
    standard_edition: str | None = None
    project_id: UUID | None = Field(default=None, foreign_key="project.project_id")
    scheme_key: str
    route: str
    subjects: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    """code, name, pass_tenths."""
    site_code: str
    site_name: str
    division: str
    registration_from: date
    registration_to: date
    exam_from: date
    exam_to: date
    filed_on: date


class PlanIntakeRow(Table, table=True):
    """The rest of a plan: state, version, places."""

    __tablename__ = "plan_intake"

    plan_id: UUID = Field(primary_key=True, foreign_key="plan.plan_id")
    state: str
    plan_version: int
    capacity: int
    taken: int = 0
    accepted: int = 0
    frozen: bool = False
