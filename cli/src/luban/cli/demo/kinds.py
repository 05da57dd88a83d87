"""The kinds of people in the demo, how many there are of each, and how each kind ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from luban.reference.track import Track

FEWEST = 20
"""Candidates a track needs so that every kind stands in it and most still pass plainly."""


class Kind(StrEnum):
    """What somebody does in the cycle, or what befalls them."""

    PASSES = "PASSES"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"
    ADMITTED = "ADMITTED"
    """No condition decides; staff admits."""
    REFUSED = "REFUSED"
    """No condition decides; staff refuses."""
    MISTYPES_ID = "MISTYPES_ID"
    """A wrong check digit at first, corrected then."""
    WRONG_ID = "WRONG_ID"
    """A wrong check digit, never corrected."""
    REGISTERS_TWICE = "REGISTERS_TWICE"
    WITHDRAWS = "WITHDRAWS"
    FAILS_ONE_SUBJECT = "FAILS_ONE_SUBJECT"
    """Where there are two subjects their average would be enough."""
    ABSENT = "ABSENT"
    """From the first subject."""
    OBJECTION_RAISES = "OBJECTION_RAISES"
    """Failed at first; an objection is upheld and the new mark passes."""
    OBJECTION_LOWERS = "OBJECTION_LOWERS"
    """Passed at first; an objection is upheld and the new mark fails."""
    OBJECTION_DISMISSED = "OBJECTION_DISMISSED"
    CORRECTED = "CORRECTED"
    """Passed and certified; a correction takes the pass and the certificate away."""


@dataclass(frozen=True, slots=True)
class Fate:
    """How one kind ends. `entry` is None where no entry was ever taken.

    `passed` speaks of the result that publicity confirmed, so a pass that is corrected later is one.
    """

    entry: Literal["ACCEPTED", "REJECTED", "WITHDRAWN"] | None
    passed: bool = False
    certificate_withdrawn: bool = False


_PASS, _FAIL = Fate("ACCEPTED", passed=True), Fate("ACCEPTED")

FATES: Mapping[Kind, Fate] = {
    Kind.PASSES: _PASS,
    Kind.NOT_ELIGIBLE: Fate("REJECTED"),
    Kind.ADMITTED: _PASS,
    Kind.REFUSED: Fate("REJECTED"),
    Kind.MISTYPES_ID: _PASS,
    Kind.WRONG_ID: Fate(None),
    Kind.REGISTERS_TWICE: _PASS,
    Kind.WITHDRAWS: Fate("WITHDRAWN"),
    Kind.FAILS_ONE_SUBJECT: _FAIL,
    Kind.ABSENT: _FAIL,
    Kind.OBJECTION_RAISES: _PASS,
    Kind.OBJECTION_LOWERS: _FAIL,
    Kind.OBJECTION_DISMISSED: _PASS,
    Kind.CORRECTED: Fate("ACCEPTED", passed=True, certificate_withdrawn=True),
}

_PERCENT: Mapping[Kind, int] = {
    Kind.NOT_ELIGIBLE: 5,
    Kind.ADMITTED: 3,
    Kind.REFUSED: 2,
    Kind.MISTYPES_ID: 3,
    Kind.WRONG_ID: 2,
    Kind.REGISTERS_TWICE: 3,
    Kind.WITHDRAWS: 3,
    Kind.FAILS_ONE_SUBJECT: 6,
    Kind.ABSENT: 3,
    Kind.OBJECTION_RAISES: 1,
    Kind.OBJECTION_LOWERS: 1,
    Kind.OBJECTION_DISMISSED: 2,
    Kind.CORRECTED: 2,
}


_NOBODY_DECIDES = frozenset({Kind.ADMITTED, Kind.REFUSED})
"""A special-ability test asks for working age alone, and that needs no person to judge."""


def kinds_of(track: Track, candidates: int) -> list[Kind]:
    """The kinds of `candidates` people, at least one of each that the track knows; whoever is nothing else passes.

    Raises ValueError below `FEWEST`.
    """
    if candidates < FEWEST:
        raise ValueError(f"{candidates} candidates are too few for every kind: there must be at least {FEWEST}")
    absent_here = _NOBODY_DECIDES if track is Track.SPECIAL_ABILITY else frozenset()
    special = [
        kind
        for kind, percent in _PERCENT.items()
        if kind not in absent_here
        for _ in range(max(1, candidates * percent // 100))
    ]
    return special + [Kind.PASSES] * (candidates - len(special))
