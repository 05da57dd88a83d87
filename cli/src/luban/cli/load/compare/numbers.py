"""Certificate numbers: unique, and dense per body, year and level, from 1 on."""

from array import array
from collections.abc import Iterator

from luban.cli.load.compare.tally import Tally

UNIQUE = "certificate numbers are unique"
DENSE = "certificate numbers are dense per body, year and level"
_DIGITS = {22: 6, 16: 5}
"""Of the sequence, by the length of a number: level certificates, special-ability certificates."""


class Numbers:
    """All numbers of a run, as sequences under their prefixes: a few bytes each."""

    def __init__(self) -> None:
        self._sequences: dict[str, array[int]] = {}
        self._odd: list[str] = []

    def add(self, number: str) -> None:
        """One certificate's."""
        digits = _DIGITS.get(len(number))
        if digits is None or not number[-digits:].isdecimal():
            self._odd.append(number)
            return
        self._sequences.setdefault(number[:-digits], array("L")).append(int(number[-digits:]))

    def compare(self, tally: Tally) -> None:
        """Every prefix is the run's own body's alone, so its sequence must be 1, 2, 3 … without a hole."""
        count = sum(map(len, self._sequences.values())) + len(self._odd)
        tally.add(UNIQUE, count, self._twice())
        tally.add(DENSE, count, self._holes())

    def _twice(self) -> Iterator[str]:
        yield from (f"{number} is no certificate number" for number in self._odd)
        for prefix, sequence in self._sequences.items():
            before = 0
            for each in sorted(sequence):
                if each == before:
                    yield f"{prefix} gives {each} twice"
                before = each

    def _holes(self) -> Iterator[str]:
        for prefix, sequence in self._sequences.items():
            given = set(sequence)
            yield from (f"{prefix} lacks {each} of {max(given)}" for each in range(1, max(given)) if each not in given)
