from datetime import date

import pytest

from luban.reference.refusal import Invalid
from luban.reference.ticket import PlanNumber, Ticket, parse_plan_number, parse_ticket


def test_the_known_numbers_split_and_print_again() -> None:
    ticket = parse_ticket("2104271199996600001")
    plan = parse_plan_number("22119999660044")

    assert ticket == Ticket(date(2021, 4, 27), "11", "999966", 1)
    assert plan == PlanNumber(2022, "11", "999966", 44)
    assert (str(ticket), str(plan)) == ("2104271199996600001", "22119999660044")


@pytest.mark.parametrize(
    "raw", ["", "210427119999660000", "2113271199996600001", "2104279999996600001", "2104271199996600000", "x" * 19]
)
def test_what_is_no_ticket_is_refused(raw: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_ticket(raw)
    assert refused.value.code == "ticket-format"


@pytest.mark.parametrize("raw", ["", "2211999966004", "22999999660044", "22119999660000", "2211999966004٤"])
def test_what_is_no_plan_number_is_refused(raw: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_plan_number(raw)
    assert refused.value.code == "plan-number-format"


def test_parts_out_of_range_make_no_number() -> None:
    with pytest.raises(Invalid):
        Ticket(date(2026, 12, 7), "37", "1234", 1)
    with pytest.raises(Invalid):
        PlanNumber(2026, "37", "000001", 10_000)
