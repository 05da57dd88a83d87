"""Lengths of time as people write them."""

import re

from luban.cli.load.faults import LoadError

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
LONGEST = 24 * 3600.0


def seconds_of(text: str) -> float:
    """`90s`, `10m`, `1h30m`, `500ms` in seconds, above 0 and up to a day. Raises LoadError for anything else."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise LoadError(f"{text!r} is no length of time: write 500ms, 90s, 10m or 1h30m")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if not 0 < seconds <= LONGEST:
        raise LoadError(f"{text!r} is not between nothing and a day")
    return seconds
