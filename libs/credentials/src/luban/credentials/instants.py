"""Instants as credentials write them: XML Schema's dateTimeStamp, always with a zone."""

import re
from datetime import UTC, datetime

from luban.credentials.problems import ProblemType, Refused

_STAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"
)


def parse_instant(value: object, name: str) -> datetime:
    """An aware instant. Raises `Refused` instant-malformed for anything else, a missing zone included.

    `name` is the member's, for the message. Digits beyond microseconds are dropped.
    """
    if isinstance(value, str) and _STAMP.fullmatch(value):
        try:
            return datetime.fromisoformat(re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", value))
        except ValueError:
            pass
    raise Refused(
        ProblemType.MALFORMED_VALUE,
        "instant-malformed",
        zh="{name}须为带时区的时间，如2026-04-08T00:00:00+08:00",
        en="{name} must be an instant with its zone, such as 2026-04-08T00:00:00+08:00",
        name=name,
    )


def print_instant(instant: datetime) -> str:
    """To the second, in the instant's own zone; UTC as Z. Raises ValueError for a naive one."""
    if instant.tzinfo is None:
        raise ValueError("an instant must be aware of its zone")
    text = instant.replace(microsecond=0).isoformat()
    return text.replace("+00:00", "Z") if instant.utcoffset() == UTC.utcoffset(None) else text
