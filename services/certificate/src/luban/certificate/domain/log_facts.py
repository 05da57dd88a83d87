"""What the public log commits to: the facts of a certificate after a change, its holder by a commitment of its own."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from luban.certificate.domain.register import Change

FACTS = (
    "kind",
    "occupation_code",
    "occupation_name",
    "trade",
    "level",
    "standard_edition",
    "project_code",
    "project_name",
    "specification_version",
    "body_code",
    "body_name",
    "issued_on",
    "state",
    "withdrawn_on",
    "suspended_on",
)
"""Columns of the certificate that are told as they stand, where there is anything."""


def facts_of(certificate: Mapping[str, Any], change: Change, version: int, day: date, holder: str) -> dict[str, Any]:
    """The facts of a change. `certificate` has the register's columns as they stand now; when the certificate has
    changed again since, only what that change cannot have touched is told, and that it was overtaken."""
    told: dict[str, Any] = {
        "certificate_no": certificate["certificate_no"],
        "version": version,
        "change": change.value,
        "day": day.isoformat(),
    }
    if certificate["register_version"] != version:
        return told | {"overtaken": True}
    told |= {name: _plain(certificate[name]) for name in FACTS if certificate[name] is not None}
    return told | {"holder": holder}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
