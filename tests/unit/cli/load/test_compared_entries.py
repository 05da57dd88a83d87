"""Entries, withdrawals and profiles: the comparison holds where all agree, and tells when one is broken."""

import pytest

from luban.cli.load.compare import assessment, checks, entries, register
from tests.unit.cli.load.agreeing import (
    LEFT,
    NAMES,
    Both,
    agreeing,
    swap,
)


@pytest.fixture
def both() -> Both:
    return agreeing()


def test_where_ledger_and_system_agree_everything_holds_and_everything_was_looked_at(both: Both) -> None:
    found = both.compare()
    assert both.broken() == set()
    assert found[entries.ENTERED].count == 4
    assert found[assessment.RESPONSES].count == 6
    assert found[assessment.MARKS].count == 9
    assert found[register.ISSUED].count == 2
    assert found[checks.TRUE].count == 4
    assert found[checks.LOGGED].count == 2
    assert [name for name, check in found.items() if not check.count and name != assessment.CORRECTIONS] == []


def test_a_lost_entry(both: Both) -> None:
    both.seen.entries = [row for row in both.seen.entries if row["entry_id"] != "e1"]
    assert entries.ENTERED in both.broken()
    assert "the entry of person 1 is gone" in both.compare()[entries.ENTERED].detail


def test_an_entry_that_stands_twice(both: Both) -> None:
    both.seen.entries.append({**both.seen.entries[0], "entry_id": "e9"})
    both.seen.listed.append({"entry_id": "e9", "name": NAMES[1]})
    assert both.broken() >= {entries.UNENTERED}


def test_an_entry_of_somebody_who_sent_none(both: Both) -> None:
    both.seen.entries.append({**both.seen.entries[0], "entry_id": "e9", "name": "无此人", "state": "WITHDRAWN"})
    assert both.broken() == {entries.UNENTERED}


def test_an_entry_in_doubt_may_stand_once_or_not_at_all_but_never_twice(both: Both) -> None:
    both.operation("entries", who=LEFT).status = None
    both.operation("entries", who=LEFT).got = {}
    both.operation("withdrawals").status = 409
    assert entries.UNENTERED not in both.broken()
    both.seen.entries = [row for row in both.seen.entries if row["name"] != NAMES[LEFT]]
    assert entries.UNENTERED not in both.broken()
    both.seen.entries += [{**both.seen.entries[0], "entry_id": each, "name": NAMES[LEFT]} for each in ("e8", "e9")]
    assert entries.UNENTERED in both.broken()


def test_a_refused_entry_must_not_stand(both: Both) -> None:
    both.operation("entries", who=LEFT).status = 409
    assert entries.UNENTERED in both.broken()


def test_two_people_whose_entries_are_mixed_up(both: Both) -> None:
    swap(both.seen.entries[0], both.seen.entries[1], "name", "id_no_masked")  # type: ignore[arg-type] # dicts
    swap(both.seen.listed[0], both.seen.listed[1], "name")  # type: ignore[arg-type] # dicts
    assert entries.ENTERED in both.broken()


def test_a_withdrawal_that_did_not_last(both: Both) -> None:
    both.seen.entries[3] = {**both.seen.entries[3], "state": "ACCEPTED"}
    both.seen.listed.append({"entry_id": f"e{LEFT}", "name": NAMES[LEFT]})
    assert entries.WITHDRAWN in both.broken()


def test_a_withdrawal_that_nobody_sent(both: Both) -> None:
    both.seen.entries[0] = {**both.seen.entries[0], "state": "WITHDRAWN"}
    assert {entries.WITHDRAWN, entries.LISTED} <= both.broken()


def test_a_withdrawal_in_doubt_may_stand_or_not(both: Both) -> None:
    both.operation("withdrawals").status = None
    assert both.broken() == set()
    both.seen.entries[3] = {**both.seen.entries[3], "state": "ACCEPTED"}
    both.seen.listed.append({"entry_id": f"e{LEFT}", "name": NAMES[LEFT]})
    assert entries.WITHDRAWN not in both.broken()


@pytest.mark.parametrize("change", ["lost", "doubled", "renamed"])
def test_the_exam_services_list_that_differs(both: Both, change: str) -> None:
    match change:
        case "lost":
            both.seen.listed.pop()
        case "doubled":
            both.seen.listed.append(both.seen.listed[0])
        case _:
            both.seen.listed[0] = {**both.seen.listed[0], "name": NAMES[2]}
    assert entries.LISTED in both.broken()


@pytest.mark.parametrize("field", ["name", "id_last4", "phone_masked"])
def test_a_profile_that_is_not_as_it_was_sent(both: Both, field: str) -> None:
    both.seen.profiles[1] = {**both.seen.profiles[1], field: both.seen.profiles[2][field]}
    assert both.broken() == {entries.PROFILES}


def test_a_lost_profile(both: Both) -> None:
    del both.seen.profiles[1]
    assert both.broken() == {entries.PROFILES}
