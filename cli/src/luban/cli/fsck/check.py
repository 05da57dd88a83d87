"""One invariant, looked at."""

from collections.abc import Iterable
from dataclasses import dataclass

SHOWN = 3


@dataclass(frozen=True)
class Check:
    """An invariant: how many things were looked at, how many break it, and the first of those."""

    name: str
    count: int
    violations: int
    detail: str = ""

    @property
    def ok(self) -> bool:
        """Whether it holds."""
        return self.violations == 0


def check(name: str, count: int, broken: Iterable[object]) -> Check:
    """A check from the things that break it."""
    found = list(broken)
    return Check(name, count, len(found), ", ".join(str(each) for each in found[:SHOWN]))
