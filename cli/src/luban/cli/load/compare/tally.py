"""Checks added up over plans."""

from collections.abc import Iterable

from luban.cli.fsck.check import SHOWN, Check


class Tally:
    """By check: how many things were looked at, how many break it, the first of those."""

    def __init__(self) -> None:
        self._checks: dict[str, tuple[int, int, list[str]]] = {}

    def add(self, name: str, count: int, broken: Iterable[str]) -> None:
        """What one plan showed."""
        looked_at, violations, shown = self._checks.get(name, (0, 0, []))
        found = list(broken)
        self._checks[name] = (looked_at + count, violations + len(found), [*shown, *found][:SHOWN])

    def checks(self) -> list[Check]:
        """All of them, in the order of their first mention."""
        return [Check(name, count, broken, "; ".join(shown)) for name, (count, broken, shown) in self._checks.items()]
