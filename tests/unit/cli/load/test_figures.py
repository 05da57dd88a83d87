"""Counts and latencies, in bounded memory."""

import pytest

from luban.cli.load.figures import Figures, Latencies


def test_percentiles_are_within_two_significant_digits() -> None:
    latencies = Latencies()
    for milliseconds in range(1, 1001):
        latencies.record(milliseconds / 1000)
    found = latencies.as_json()
    assert found["p50"] == pytest.approx(500, rel=0.01)
    assert found["p90"] == pytest.approx(900, rel=0.01)
    assert found["p99"] == pytest.approx(990, rel=0.01)
    assert found["max"] == pytest.approx(1000, rel=0.01)


def test_what_was_never_recorded_is_unknown_and_not_zero() -> None:
    assert Latencies().as_json() == {"p50": None, "p90": None, "p99": None, "max": None}


def test_anything_beyond_an_hour_counts_as_an_hour() -> None:
    latencies = Latencies()
    latencies.record(7200.0)
    latencies.record(-1.0)
    assert latencies.as_json()["max"] == pytest.approx(3_600_000, rel=0.01)


def test_latency_counts_from_when_the_request_was_due_and_the_uncorrected_one_from_when_it_was_sent() -> None:
    figures = Figures()
    figures.of("entries").answered(due=10.0, sent=19.0, now=20.0)
    found = figures.operations()["entries"]
    assert found["latency_ms"]["max"] == pytest.approx(10_000, rel=0.01)
    assert found["uncorrected_ms"]["max"] == pytest.approx(1_000, rel=0.01)


def test_the_total_adds_every_kind_up() -> None:
    figures = Figures()
    for kind, seconds in (("entries", 0.1), ("marks", 0.3)):
        figures.of(kind).answered(0.0, 0.0, seconds)
        figures.of(kind).errors["timeout"] += 1
        figures.of(kind).retries += 2
    figures.of("marks").in_doubt += 1
    total = figures.total().as_json(seconds=2.0)
    assert (total["count"], total["rate"], total["in_doubt"], total["retries"]) == (2, 1.0, 1, 4)
    assert total["errors"] == {"timeout": 2}
    assert total["latency_ms"]["max"] == pytest.approx(300, rel=0.01)


def test_what_comes_after_the_end_is_not_measured() -> None:
    figures = Figures()
    figures.end()
    seconds, client = figures.seconds, figures.client()
    sum(range(100_000))
    assert figures.seconds == seconds
    assert figures.client()["cpu_seconds"] == client["cpu_seconds"]
