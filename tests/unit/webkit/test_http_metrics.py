"""Requests are counted by route template, never by path, and a label takes no word of a client's own."""

from collections.abc import Mapping

import httpx
import pytest
from fastapi import APIRouter
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from luban.webkit.http_metrics import REQUESTS, HttpRequests
from tests.unit.webkit.rig import Rig, build_rig

Samples = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]
SECRET = "110101199003070000"


def samples_of(requests: HttpRequests) -> Samples:
    """Everything shown, by name and labels."""
    of_this = CollectorRegistry()
    of_this.register(requests)
    families = text_string_to_metric_families(generate_latest(of_this).decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def labels(**given: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(given.items()))


def test_counts_and_seconds_are_cumulative_by_bound() -> None:
    requests = HttpRequests()
    for seconds in (0.002, 0.0021, 0.3, 99.0):
        requests.note("/v1/plans", "GET", 200, seconds)
    shown = samples_of(requests)
    where = {"route": "/v1/plans", "method": "GET", "status": "200"}
    by_bound = {
        le: shown["luban_http_request_seconds_bucket", labels(**where, le=le)] for le in ("0.002", "0.5", "+Inf")
    }
    assert by_bound == {"0.002": 1, "0.5": 3, "+Inf": 4}
    assert shown["luban_http_request_seconds_count", labels(**where)] == 4
    assert shown["luban_http_request_seconds_sum", labels(**where)] == pytest.approx(99.3041)


def test_a_method_that_is_none_is_one_label_and_a_lost_answer_another() -> None:
    requests = HttpRequests()
    for method in ("BREW", "X" * 5000):
        requests.note("/v1/plans", method, None, 0.1)
    where = labels(route="/v1/plans", method="OTHER", status="none")
    assert samples_of(requests)["luban_http_request_seconds_count", where] == 2


@pytest.mark.anyio
async def test_an_application_counts_by_template(tmp_path_factory: pytest.TempPathFactory) -> None:
    router = APIRouter()
    rig: Rig = build_rig(tmp_path_factory.mktemp("rig"), [router])
    async with rig.client() as client:
        for path in (f"/nowhere/{SECRET}", "/healthz", "/openapi.json"):
            assert isinstance(await client.get(path), httpx.Response)
    shown = samples_of(REQUESTS)
    routes = {dict(where)["route"] for _, where in shown}
    assert {"-", "/openapi.json"} <= routes
    assert "/healthz" not in routes
    assert not [where for _, where in shown if SECRET in str(where)]
