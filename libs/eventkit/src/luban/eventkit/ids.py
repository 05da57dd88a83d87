"""Identifiers: UUIDv7 everywhere."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7; rises with time within a process."""
    return uuid7()
