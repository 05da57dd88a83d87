"""Identifiers: UUIDv7 everywhere."""

from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7; rises with time within a process."""
    return uuid7()


def new_id_text() -> str:
    """A new UUIDv7 as text, in a sixth of the time."""
    return str(uuid_utils.uuid7())
