"""The demo's figures: from kinds alone, and every difference told."""

from luban.cli.demo.figures import Differences, TrackFigures, expected
from luban.cli.demo.kinds import Kind
from luban.cli.demo.people import make_people
from luban.reference.track import Track


def test_figures_of_300_candidates() -> None:
    level = TrackFigures(entries=294, accepted=264, rejected=21, passed=234, certificates=234, withdrawn=6)
    assert expected(make_people(Track.ENTERPRISE, 300, seed=1)) == level
    assert expected(make_people(Track.SOCIAL, 300, seed=1)) == level
    special = TrackFigures(entries=294, accepted=270, rejected=15, passed=240, certificates=240, withdrawn=6)
    assert expected(make_people(Track.SPECIAL_ABILITY, 300, seed=1)) == special


def test_figures_do_not_depend_on_the_seed_but_people_do() -> None:
    first, second = (make_people(Track.SOCIAL, 50, seed) for seed in (1, 2))
    assert expected(first) == expected(second)
    assert [person.kind for person in first] != [person.kind for person in second]


def test_who_withdraws_or_has_no_number_is_neither_accepted_nor_rejected() -> None:
    people = make_people(Track.SOCIAL, 100, seed=3)
    figures = expected(people)
    assert figures.entries - figures.accepted - figures.rejected == sum(each.kind is Kind.WITHDRAWS for each in people)
    assert len(people) - figures.entries == sum(each.kind is Kind.WRONG_ID for each in people)


def test_only_differences_are_noted() -> None:
    differences = Differences()
    differences.compare("entries", 5, 5)
    differences.compare("certificates", 4, 5)
    assert differences.found == ["certificates: 4 was due, 5 it is"]
