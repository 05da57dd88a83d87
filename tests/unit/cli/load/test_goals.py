"""Goals and lengths of time, as people write them."""

from typing import Any

import pytest

from luban.cli.load.durations import seconds_of
from luban.cli.load.faults import LoadError
from luban.cli.load.figures import Figures
from luban.cli.load.goals import parse_goals


@pytest.fixture
def report() -> dict[str, Any]:
    figures = Figures()
    for _ in range(100):
        figures.of("entries").answered(0.0, 0.1, 0.2)
    figures.of("entries").errors["timeout"] += 3
    return {
        "operations": {"entries": figures.of("entries").as_json(seconds=2.0)},
        "total": figures.total().as_json(seconds=2.0),
        "people": 100,
        "certificates": 80,
        "violations": 0,
        "cpu_share": 0.1,
    }


@pytest.mark.parametrize(
    ("text", "met", "found"),
    [
        ("entries.rate>=50", True, 50.0),
        ("entries.rate>50", False, 50.0),
        ("entries.rate == 50", True, 50.0),
        ("entries.p99_ms<=250", True, 200.7),
        ("entries.p99_ms<=150", False, 200.7),
        ("entries.uncorrected_p99_ms<=150", True, 100.0),
        ("entries.errors<=2", False, 3.0),
        ("errors<=3", True, 3.0),
        ("marks.errors<=0", True, 0.0),
        ("marks.rate>=1", False, 0.0),
        ("marks.p99_ms<=500", False, None),
        ("people>=100", True, 100.0),
        ("violations<=0", True, 0.0),
    ],
)
def test_a_goal_is_judged_beside_what_was_found(
    report: dict[str, Any], text: str, met: bool, found: float | None
) -> None:
    (goal,) = parse_goals([text])
    judged = goal.judge(report)
    assert judged.met is met
    assert judged.found == (None if found is None else pytest.approx(found, rel=0.01))
    assert judged.expected.startswith((">", "<", "=="))


def test_a_goal_about_the_comparison_is_missed_without_one(report: dict[str, Any]) -> None:
    (goal,) = parse_goals(["violations<=0"])
    assert not goal.judge({**report, "violations": None}).met


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("entries", "is no goal"),
        ("entries.rate>=", "is no goal"),
        ("entries.rate=>50", "is no goal"),
        ("entries.rate>=fast", "is no goal"),
        ("errors<=0 and more", "is no goal"),
        ("letters.rate>=1", "no operations are called letters"),
        ("entries.p42_ms<=1", "there is no figure p42_ms"),
        ("entries.people>=1", "there is no figure people"),
    ],
)
def test_a_bad_goal_is_refused_with_what_there_is(text: str, why: str) -> None:
    with pytest.raises(LoadError, match=why):
        parse_goals([text])


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90.0), ("10m", 600.0), ("1h30m", 5400.0), ("500ms", 0.5), ("1.5s", 1.5)]
)
def test_a_length_of_time(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "s", "-5s", "0s", "1d", "90 s", "1m!", "25h", "nan"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(LoadError):
        seconds_of(text)
