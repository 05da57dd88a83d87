"""Everything a load sends is unique, within the rules of the field."""

from collections import Counter
from datetime import date

import pytest

from luban.cli.load.items import SHAPES, is_mistaken, item_file, right, wrong
from luban.cli.load.plans.marking import given_mark
from luban.cli.load.values import BLOCKS, MOST_PEOPLE, Fate, Values, name_of
from luban.reference.body_code import parse_body_code
from luban.reference.credit_code import parse_credit_code
from luban.reference.identity import IdType, age_on, parse_identity
from luban.reference.names import parse_name, parse_phone
from luban.reference.pass_rule import PASS_MARK, skill_mark

TODAY = date(2026, 3, 2)
SOME = 4_000


@pytest.fixture(scope="module")
def values() -> Values:
    return Values(block=1234, seed=7)


def test_no_two_people_share_a_name_a_number_a_telephone_or_an_account(values: Values) -> None:
    people = [values.person(number) for number in range(SOME)]
    for of in ("name", "id_no", "phone", "subject"):
        assert len({getattr(person, of) for person in people}) == SOME, of


def test_no_two_of_all_the_people_there_can_be_share_a_name() -> None:
    assert len({name_of(number) for number in range(MOST_PEOPLE)}) == MOST_PEOPLE


def test_no_two_blocks_share_a_number_or_a_body() -> None:
    blocks = [Values(block, 7) for block in range(0, BLOCKS, 37)]
    assert len({block.person(0).id_no[:6] for block in blocks}) == len(blocks)
    assert len({block.serial(0) for block in blocks}) == len(blocks)
    assert len({(block.division[2:4], block.serial(2)[3:]) for block in blocks}) == len(blocks)


def test_everybody_is_somebody_by_the_rules(values: Values) -> None:
    for person in map(values.person, range(0, MOST_PEOPLE, 997)):
        identity = parse_identity(IdType.RESIDENT_ID, person.id_no, TODAY)
        assert identity.birth_date is not None
        assert 24 <= age_on(identity.birth_date, TODAY) <= 57
        assert parse_name(person.name) == person.name
        assert parse_phone(person.phone) == person.phone


def test_bodies_and_employers_have_whole_codes(values: Values) -> None:
    assert parse_credit_code(values.credit_code("A", 999)) != parse_credit_code(values.credit_code("B", 0))
    assert parse_body_code(f"Y000037{values.serial(0)}").serial == values.serial(0)


def test_every_forty_people_meet_every_fate(values: Values) -> None:
    fates = Counter(values.person(number).fate for number in range(40))
    assert set(fates) == set(Fate)
    assert fates[Fate.PASSES] > 25


def test_the_same_seed_makes_the_same_people_and_another_seed_other_fates() -> None:
    first, again, other = (Values(5, seed) for seed in (1, 1, 2))
    assert [first.person(n).fate for n in range(40)] == [again.person(n).fate for n in range(40)]
    assert [first.person(n).fate for n in range(40)] != [other.person(n).fate for n in range(40)]


def test_marks_do_what_the_fate_says(values: Values) -> None:
    for person in map(values.person, range(SOME)):
        assert (person.mark >= PASS_MARK) == (person.fate is not Fate.FAILS)
        assert 0 <= person.mark <= 1000
        assert PASS_MARK <= person.theory_mark <= 1000
        assert (person.corrected_mark >= PASS_MARK) == (person.fate is not Fate.LOWERED)
        assert person.corrected_mark != person.mark


def test_the_mean_of_the_raters_is_the_mark_and_they_differ(values: Values) -> None:
    for person in map(values.person, range(SOME)):
        marks = person.raters_marks()
        assert skill_mark(marks, 5) == person.mark
        assert min(marks) >= 0
        assert max(marks) <= 1000
    one = next(person for person in map(values.person, range(SOME)) if person.fate is Fate.PASSES and person.mark < 990)
    assert len({given_mark(one, place) for place in range(3)}) == 3
    absent = next(person for person in map(values.person, range(SOME)) if person.fate is Fate.ABSENT)
    assert {given_mark(absent, place) for place in range(3)} == {None}


def test_who_passes_gets_six_items_right_at_least_and_who_fails_four_at_most(values: Values) -> None:
    assert sum(shape.count * shape.points for shape in SHAPES) == 1000
    for person in map(values.person, range(SOME)):
        mistakes = sum(is_mistaken(person, position) for position in range(1, 11))
        assert mistakes == 6 if person.fate is Fate.FAILS else mistakes <= 3


def test_the_key_of_an_item_can_be_told_from_what_a_paper_shows() -> None:
    shown = {
        "type": "MULTIPLE",
        "options": [{"key": "A", "text": "一误"}, {"key": "B", "text": "二正"}, {"key": "C", "text": "三正"}],
    }
    assert right(shown) == ["B", "C"]
    assert wrong(shown, 1) == ["A"]
    assert right({**shown, "type": "SINGLE", "options": shown["options"][:2]}) == "B"
    assert right({"type": "TRUE_FALSE", "stem": "本句为真。"}) is True
    assert wrong({"type": "TRUE_FALSE", "stem": "本句为真。"}, 0) is False
    assert item_file(1) != item_file(2)
