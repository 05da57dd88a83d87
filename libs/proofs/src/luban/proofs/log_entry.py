"""An entry of the public log: one change of one certificate, told so that it shows nothing about a person.

90 bytes, all numbers most significant byte first:

    1   format, 1
    1   change, see `Change`
    4   register version of the certificate: 1, 2, 3 …
    8   when it was logged, microseconds since 1970 UTC; given by the log, never runs backwards
    4   the Shanghai day that the change bears, in days since 1970-01-01
    8   index of the certificate's entry before this one, all ones for the first
    32  tag of the certificate number, see luban.proofs.number_tag
    32  commitment to the facts of the register after the change, see luban.proofs.disclosure

docs/adr/0020 has the reasons.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum

from luban.reference.refusal import Invalid

FORMAT = 1
LAYOUT = struct.Struct(">BBIQIQ32s32s")
ENTRY_BYTES = LAYOUT.size
NO_ENTRY = 2**64 - 1
"""Stands for the entry before the first."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_DAY = date(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_LATEST_MICROSECOND = 2**33 * 1_000_000


class Change(IntEnum):
    """What happened to the certificate."""

    ISSUED = 1
    IMPORTED = 2
    """Issued elsewhere or earlier, and now in this register; its day is that of its issue, however long ago."""
    CORRECTED = 3
    REISSUED = 4
    """The same number on new paper."""
    WITHDRAWN = 5
    SUSPENDED = 6
    REINSTATED = 7
    """Counts again, after a suspension or after an appeal against a withdrawal."""
    SIGNED_ANEW = 8
    """Nothing changed but the key that signs, after a compromise."""


FIRST_CHANGES = frozenset({Change.ISSUED, Change.IMPORTED})

_KEEPS = (Change.CORRECTED, Change.SIGNED_ANEW)


class State(IntEnum):
    """What a certificate is after a change."""

    VALID = 1
    SUSPENDED = 2
    WITHDRAWN = 3


NEXT: dict[tuple[State, Change], State] = {
    **{(state, change): state for state in State for change in _KEEPS},
    (State.VALID, Change.REISSUED): State.VALID,
    (State.VALID, Change.SUSPENDED): State.SUSPENDED,
    (State.VALID, Change.WITHDRAWN): State.WITHDRAWN,
    (State.SUSPENDED, Change.WITHDRAWN): State.WITHDRAWN,
    (State.SUSPENDED, Change.REINSTATED): State.VALID,
    (State.WITHDRAWN, Change.REINSTATED): State.VALID,
}
"""What may follow on what; a change that is not here cannot happen."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Raises `Invalid` log-entry for a field out of its range."""

    change: Change
    version: int
    logged_at: datetime
    """UTC, in microseconds."""
    day: date
    previous: int | None
    """Index of the certificate's entry before this one."""
    tag: bytes
    commitment: bytes

    def __post_init__(self) -> None:
        follows = self.previous is not None
        sound = 1 <= self.version < 2**32 and follows == (self.version > 1) and self.day >= FIRST_DAY
        sound = sound and (self.change in FIRST_CHANGES) == (self.version == 1)
        sound = sound and 0 <= (self.previous or 0) < NO_ENTRY and self.logged_at >= EPOCH
        if not sound or (len(self.tag), len(self.commitment)) != (32, 32):
            raise _malformed()

    def __bytes__(self) -> bytes:
        return LAYOUT.pack(
            FORMAT,
            self.change,
            self.version,
            microseconds(self.logged_at),
            (self.day - FIRST_DAY).days,
            NO_ENTRY if self.previous is None else self.previous,
            self.tag,
            self.commitment,
        )


def parse_entry(content: bytes) -> Entry:
    """Reads 90 bytes. Raises `Invalid` log-entry."""
    if len(content) != ENTRY_BYTES:
        raise _malformed()
    form, change, version, logged_at, day, previous, tag, commitment = LAYOUT.unpack(content)
    try:
        instant, printed = instant_of(logged_at), FIRST_DAY + timedelta(days=day)
        entry = Entry(
            Change(change), version, instant, printed, None if previous == NO_ENTRY else previous, tag, commitment
        )
    except (ValueError, OverflowError) as error:
        raise _malformed() from error
    if form != FORMAT:
        raise _malformed()
    return entry


def microseconds(instant: datetime) -> int:
    """Since 1970 UTC."""
    return (instant - EPOCH) // _MICROSECOND


def instant_of(since_1970: int) -> datetime:
    """The instant of so many microseconds. Raises OverflowError after the year 2242."""
    if since_1970 >= _LATEST_MICROSECOND:
        raise OverflowError(since_1970)
    return EPOCH + since_1970 * _MICROSECOND


def _malformed() -> Invalid:
    return Invalid("log-entry", zh="不是有效的日志条目", en="this is no entry of the log")
