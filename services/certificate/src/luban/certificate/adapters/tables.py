"""The tables as SQLModel sees them, for single rows; whole batches go by COPY in `adapters.issuing`."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Column, DateTime, Text
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
    suspended_on: date | None = None
    """Day since when it does not count; None unless it is suspended."""
    suspension_reason: str | None = None
    register_version: int
    """Changes so far; the version of the newest register entry."""
    scores: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    """subject_code, outcome, score_tenths (0 to 1000; null unless scored or carried over)."""
    personal: bytes
    """PersonalData sealed under the retention class certificate, bound to certificate_id."""
    name_hash: bytes
    id_hash: bytes
    print_serial: str | None = None
    """Of the newest paper; None while none was printed."""
    origin: str = "ISSUED"
    authority: str = "MOHRSS"


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
    decided_on: date | None = None
    proof_ref: str | None = None
    before: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    """Columns of the certificate as they stood before this change."""
    personal_before: bytes | None = None


class Appeal(SQLModel, table=True):
    """A holder's appeal against a withdrawal by decision."""

    __tablename__ = "appeal"

    appeal_id: UUID = Field(primary_key=True)
    certificate_id: UUID
    version: int
    """Of the register entry that withdrew."""
    statement: bytes
    filed_at: datetime = Field(sa_type=DateTime(timezone=True))
    filed_by: str
    outcome: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    decided_by: str | None = None


class RegisterImport(SQLModel, table=True):
    """A file of certificates that were issued elsewhere."""

    __tablename__ = "register_import"

    import_id: UUID = Field(primary_key=True)
    authority: str
    file_sha256: bytes
    certificates: int
    content: bytes | None = None
    imported_by: str
    imported_at: datetime = Field(sa_type=DateTime(timezone=True))
    state: str = "PENDING"
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class ApiKey(SQLModel, table=True):
    """An employer's key."""

    __tablename__ = "api_key"

    key_id: UUID = Field(primary_key=True)
    key_hash: bytes
    scopes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    credit_code: str
    employer_name: str
    daily_quota: int
    """Checks per Shanghai day, counted over all keys of the credit code."""
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    created_by: str
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    revoked_by: str | None = None
    expires_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """End of the time in which a rotated key still counts."""
    rotated_from: UUID | None = None
    """The key that this one follows."""


class Consent(SQLModel, table=True):
    """A holder's consent that an employer learns more than the minimum."""

    __tablename__ = "consent"

    consent_id: UUID = Field(primary_key=True)
    certificate_id: UUID
    token_hash: bytes
    credit_code: str
    fields: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    purpose: str
    given_at: datetime = Field(sa_type=DateTime(timezone=True))
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


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
    lawful_ground: str | None = None
    consent_id: UUID | None = None
