"""The demo's people: synthetic, valid, and the same for the same seed."""

from collections import Counter
from datetime import date

import pytest

from luban.cli.demo.kinds import FATES, FEWEST, Kind, kinds_of
from luban.cli.demo.people import make_people, misspelt
from luban.reference.identity import IdType, age_on, parse_identity
from luban.reference.names import name_key, parse_name, parse_phone
from luban.reference.refusal import Invalid
from luban.reference.track import Track

TODAY = date(2026, 3, 2)
N = 300


@pytest.mark.parametrize("track", Track)
def test_what_people_type_is_read_as_their_number_name_and_phone(track: Track) -> None:
    for person in make_people(track, N, seed=1):
        assert parse_identity(IdType.RESIDENT_ID, person.typed_id, TODAY).id_no == person.id_no
        assert parse_name(person.name) == person.name
        assert parse_phone(person.phone) == person.phone


@pytest.mark.parametrize("track", Track)
def test_order_numbers_of_nobody(track: Track) -> None:
    assert {person.id_no[14] for person in make_people(track, N, seed=1)} == {"9"}


def test_a_mistyped_number_has_a_wrong_check_digit() -> None:
    for person in make_people(Track.SOCIAL, N, seed=1):
        with pytest.raises(Invalid) as refused:
            parse_identity(IdType.RESIDENT_ID, person.mistyped_id, TODAY)
        assert refused.value.code == "identity-check-digit"


def test_spellings_that_have_to_be_understood_occur() -> None:
    people = make_people(Track.SOCIAL, N, seed=1)
    assert any(person.typed_id.endswith("x") for person in people)
    assert any(not person.typed_id.isascii() for person in people)
    assert any("·" in person.name for person in people)
    assert any(ord(letter) > 0xFFFF for person in people for letter in person.name)
    assert any(person.id_no.startswith("3712") for person in people)


def test_only_children_are_too_young_for_a_special_ability_test() -> None:
    for person in make_people(Track.SPECIAL_ABILITY, N, seed=1):
        age = age_on(parse_identity(IdType.RESIDENT_ID, person.id_no, TODAY).birth_date or TODAY, date(2026, 3, 5))
        assert (age < 16) == (person.kind is Kind.NOT_ELIGIBLE)


def test_nobody_is_taken_for_somebody_else() -> None:
    people = make_people(Track.ENTERPRISE, N, seed=1)
    assert len({person.id_no for person in people}) == N
    assert len({person.subject for person in people}) == N
    assert len({(person.name, person.id_no[-4:]) for person in people}) == N
    assert all(name_key(misspelt(person)) != name_key(person.name) for person in people)


def test_the_seed_decides() -> None:
    def seen(seed: int) -> list[tuple[str, Kind, dict[str, int | None]]]:
        return [(each.id_no, each.kind, dict(each.marks)) for each in make_people(Track.SOCIAL, 40, seed)]

    assert seen(1) == seen(1)
    assert seen(1) != seen(2)


@pytest.mark.parametrize("candidates", [FEWEST, 30, N])
def test_every_kind_occurs_and_most_pass(candidates: int) -> None:
    counts = Counter(kinds_of(Track.SOCIAL, candidates))
    assert counts.keys() == FATES.keys() == set(Kind)
    assert counts.total() == candidates
    assert counts.most_common(1)[0][0] is Kind.PASSES


def test_a_special_ability_entry_never_needs_a_person() -> None:
    kinds = set(kinds_of(Track.SPECIAL_ABILITY, N))
    assert set(Kind) - kinds == {Kind.ADMITTED, Kind.REFUSED}


def test_too_few_people_for_every_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        kinds_of(Track.SOCIAL, FEWEST - 1)
