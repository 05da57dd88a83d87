"""The tables as SQLModel sees them, for single rows; whole batches go by COPY in `adapters.issuing`."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Certificate(SQLModel, table=True):
    """One certificate of the register."""

    __tablename__ = "certificate"

    certificate_id: UUID = Field(primary_key=True)
    certificate_no: str
    number_prefix: str
    """Printed number without its sequence: what the counter counts under."""
    candidate_id: UUID
    result_id: UUID
    confirmation_no: int
    entry_id: UUID
    plan_id: UUID
    track: str
    kind: str
    occupation_code: str | None = None
    occupation_name: str | None = None
    trade: str | None = None
    level: int | None = None
    standard_edition: str | None = None
    project_code: str | None = None
    project_name: str | None = None
    specification_version: int | None = None
    body_id: UUID
    body_code: str
    body_name: str
    issued_on: date
    state: str
    withdrawn_on: date | None = None
    withdrawal_reason: str | None = None
    register_version: int
    """Changes so far; the version of the newest register entry."""
    scores: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    """subject_code, outcome, score_tenths (0 to 1000; null unless scored or carried over)."""
    personal: bytes
    """PersonalData sealed under the retention class certificate, bound to certificate_id."""
    name_hash: bytes
    id_hash: bytes


class RegisterEntry(SQLModel, table=True):
    """One change of one certificate; never changed itself."""

    __tablename__ = "register_entry"

    certificate_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    at: datetime = Field(sa_type=DateTime(timezone=True))
    actor: str
    change: str
    reason_code: str | None = None
    reason: str | None = None
    decision_ref: str | None = None


class ApiKey(SQLModel, table=True):
    """An employer's key."""

    __tablename__ = "api_key"

    key_id: UUID = Field(primary_key=True)
    key_hash: bytes
    scope: str
    credit_code: str
    employer_name: str
    daily_quota: int
    """Checks per Shanghai day, counted over all keys of the credit code."""
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    created_by: str
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    revoked_by: str | None = None


class Verification(SQLModel, table=True):
    """One answered check."""

    __tablename__ = "verification"

    verification_id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_type=DateTime(timezone=True))
    certificate_id: UUID | None = None
    caller_kind: str
    key_id: UUID | None = None
    credit_code: str | None = None
    purpose: str
    factor: str
    outcome: str
