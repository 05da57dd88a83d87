"""Scoring by machine, in tenths of a point."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from luban.exam.domain.items import ItemType
from luban.reference.pass_rule import round_half_up


@dataclass(frozen=True, slots=True)
class ScoredItem:
    """An item's type, its right answer in the bank's letters, and its worth in tenths."""

    type: ItemType
    key: str
    points_tenths: int


def item_points(item: ScoredItem, chosen: str, partial_percent: int) -> Fraction:
    """Tenths for one response: everything for the key itself, else nothing.

    A multiple-response item whose chosen options are all right but not all there gives `partial_percent` of its points
    (rule theory.multiple_partial_percent; 0 is all or nothing); with one wrong option it gives nothing.
    """
    if chosen == item.key:
        return Fraction(item.points_tenths)
    if item.type is ItemType.MULTIPLE and chosen and set(chosen) < set(item.key):
        return Fraction(item.points_tenths * partial_percent, 100)
    return Fraction(0)


def paper_score(items: Mapping[int, ScoredItem], responses: Iterable[tuple[int, str]], partial_percent: int = 0) -> int:
    """Tenths of a paper: `responses` are (position in the form, chosen letters); what is not answered gives nothing.

    Rounded half up, once, at the total.
    """
    points = (item_points(items[position], chosen, partial_percent) for position, chosen in responses)
    return round_half_up(sum(points, Fraction(0)))
