"""Single numbers of the rules that change or are not certain: a table with effective dates instead of code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from luban.reference.packaged import packaged_text


@dataclass(frozen=True, slots=True)
class Rule:
    """One number from one day on. `mark` says how sure it is: S sourced, S- weakly, K known, G guess."""

    name: str
    value: int
    unit: str
    effective_from: date
    mark: str
    source: str


class Rules:
    """A rule table: names, each with its numbers over time."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        by_name: dict[str, list[Rule]] = {}
        for rule in sorted(rules, key=lambda rule: rule.effective_from):
            by_name.setdefault(rule.name, []).append(rule)
        self._by_name: Mapping[str, list[Rule]] = by_name

    @classmethod
    def from_json(cls, *texts: str) -> "Rules":
        """Read texts `{"rules": [...]}`; a later text overrules a rule of the same name and day.

        Raises ValueError, KeyError or TypeError for a text that is no rule table.
        """
        found: dict[tuple[str, date], Rule] = {}
        for text in texts:
            for row in json.loads(text)["rules"]:
                rule = Rule(**(row | {"effective_from": date.fromisoformat(row["effective_from"])}))
                found[rule.name, rule.effective_from] = rule
        return cls(tuple(found.values()))

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._by_name))

    def rule(self, name: str, on: date) -> Rule:
        """The rule in force on a day; raises LookupError when there is none, for then the program is wrong."""
        in_force = [rule for rule in self._by_name.get(name, []) if rule.effective_from <= on]
        if not in_force:
            raise LookupError(f"no rule {name} in force on {on}")
        return in_force[-1]

    def value(self, name: str, on: date) -> int:
        """The number alone, in the unit of its rule; raises as `rule`."""
        return self.rule(name, on).value


@cache
def national_rules() -> Rules:
    """The packaged table. A customer's own: `Rules.from_json(national_rules_json(), text)`."""
    return Rules.from_json(national_rules_json())


def national_rules_json() -> str:
    return packaged_text("rules.json")


def rule(name: str, on: date) -> int:
    """A number of the packaged table on a day, in the unit of its rule; raises LookupError."""
    return national_rules().value(name, on)
