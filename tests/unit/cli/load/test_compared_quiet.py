"""When the system is quiet, and what has not arrived yet."""

import pytest

from luban.cli.load.compare.system import arrivals
from tests.unit.cli.load.agreeing import FAILED, LEFT, NAMES, Both, agreeing


@pytest.fixture
def both() -> Both:
    return agreeing()


def test_the_system_is_quiet_when_everything_has_arrived(both: Both) -> None:
    assert arrivals(both.seen, "2026-05-01T00:00:00Z") == []


def test_what_has_not_arrived_yet_is_told(both: Both) -> None:
    both.seen.listed.pop()
    both.seen.certificates.pop()
    both.result(FAILED)["state"] = "PUBLICISED"
    assert arrivals(both.seen, "2026-05-01T00:00:00Z") == [
        "1 accepted entries are not on the exam service's list",
        "1 results whose publicity is over are not confirmed",
        "1 confirmed passes have no certificate",
    ]
    assert len(arrivals(both.seen, "2026-04-01T00:00:00Z")) == 2, "publicity is still running"


def test_a_withdrawn_entry_and_a_correction_that_have_not_arrived_are_told(both: Both) -> None:
    both.seen.listed.append({"entry_id": f"e{LEFT}", "name": NAMES[LEFT]})
    both.result(1)["passed"] = False
    both.result(2)["scores"]["SKILL"]["score_tenths"] = 990
    assert arrivals(both.seen, None) == [
        "1 withdrawn entries are still on the exam service's list",
        "1 certificates of corrected results are not withdrawn",
        "1 certificates do not show the corrected scores",
    ]
