"""A live stack shows every metric that alarms and dashboard ask for; a real Prometheus reads it with our files."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from luban.cli.demo.gateway import Gateway, wait_for
from luban.cli.launch import start_stack, stop_stack
from luban.cli.ports import free_port
from luban.cli.processes import wait_until
from luban.cli.stack import Options, Stack, prepare_directory, stack_file
from tests.embedded import private_directory
from tests.enterprise import Enterprise, begin

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboards/luban.json").read_text(encoding="utf-8"))
RULES = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
QUESTIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
PROMETHEUS = shutil.which("prometheus")
LABELS = {
    "le", "type", "track", "outcome", "reason", "loop", "topic", "partition", "check", "year", "route", "method",
    "status", "generation", "version", "implementation", "major", "minor", "patchlevel",
}  # fmt: skip


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One that has worked."""
    with private_directory() as directory:
        data_dir = prepare_directory(directory / "stack")
        start_stack(Options(data_dir, demo=True), seconds=240)
        try:
            with Gateway(stack_file(data_dir)) as gateway:
                begin(gateway)
                enterprise = Enterprise(gateway)
                cycle = enterprise.cycle(workers=3)
                enterprise.withdraw(cycle.certificates[0]["certificate_id"])
                question = {"certificate_no": cycle.certificates[1]["certificate_no"], "name": cycle.people[1][0]}
                httpx.post(
                    f"{gateway.stack().urls['certificate']}/v1/verifications",
                    json=question | {"purpose": "招聘核验"},
                    trust_env=False,
                ).raise_for_status()
            yield Stack.read(data_dir)
        finally:
            stop_stack(data_dir)


def samples(stack: Stack) -> list[Any]:
    """Everything that all processes show, with the process."""
    found = []
    for process, url in stack.monitoring.items():
        text = httpx.get(f"{url}/metrics", trust_env=False, timeout=10).raise_for_status().text
        for family in text_string_to_metric_families(text):
            found += [(process, sample) for sample in family.samples]
    return found


def asked() -> set[str]:
    """Names that alarms and dashboard ask for."""
    text = "\n".join([*QUESTIONS, *(rule["expr"] for rule in RULES)])
    return set(re.findall(r"\b(?:luban|process)_\w+", text))


def test_every_metric_that_is_asked_for_is_shown(stack: Stack) -> None:
    shown = {sample.name for _, sample in samples(stack)}
    assert asked() >= {"luban_outbox_events", "luban_http_request_seconds_bucket", "process_cpu_seconds_total"}
    assert asked() - shown == set()


def test_every_metric_of_ours_is_asked_for_by_somebody(stack: Stack) -> None:
    wanted = {family_of(name) for name in asked()}
    assert {family_of(s.name) for _, s in samples(stack) if s.name.startswith("luban_")} - wanted == set()


def family_of(name: str) -> str:
    """A histogram's name out of its parts'."""
    return re.sub(r"_(bucket|count|sum)$", "", name)


def test_what_happened_was_counted(stack: Stack) -> None:
    def total(name: str, **labels: str) -> float:
        found = (s.value for _, s in samples(stack) if s.name == name and labels.items() <= s.labels.items())
        return float(sum(found))

    events = "luban_events_recorded_total"
    assert total(events, type="EntryAccepted", track="ENTERPRISE") == 3
    assert total(events, type="CertificateIssued", track="ENTERPRISE") == 3
    assert total(events, type="CertificateIssued", track="SOCIAL") == 0
    assert total(events, type="CertificateWithdrawn", track="ENTERPRISE") == 1
    assert total("luban_verifications_total") == 1
    wait_for("everything sent", lambda: total("luban_outbox_events") == 0 or None)
    recorded = total(events)
    assert wait_until(lambda: total("luban_relay_sends_total", outcome="acknowledged") >= recorded, 30)
    roster = "/v1/plans/{plan_id}/roster"
    assert total("luban_http_request_seconds_count", route=roster, method="POST") == 1
    checks = [(process, s.labels["check"], s.value) for process, s in samples(stack) if s.name == "luban_check"]
    assert {value for *_, value in checks} == {1}
    for name in ("database", "schema", "keys", "journal"):
        assert {process for process, check, _ in checks if check == name} == stack.monitoring.keys()


def test_labels_are_few_and_never_name_a_thing(stack: Stack) -> None:
    for process, sample in samples(stack):
        assert sample.labels.keys() <= LABELS, (process, sample)
        for value in sample.labels.values():
            assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-|[0-9]{6}|[一-鿿]", value), (process, sample)
    assert len(samples(stack)) < 3000


@contextmanager
def running_prometheus(stack: Stack, directory: Path) -> Iterator[str]:
    """A Prometheus with our files, its own data in a directory; its address."""
    assert PROMETHEUS
    shutil.copytree(ROOT / "deploy/prometheus", directory / "config", ignore=shutil.ignore_patterns("targets"))
    (directory / "config/targets").mkdir()
    listed = [sys.executable, "-m", "luban.cli.main", "addresses", "--targets", "--data-dir", stack.data_dir]
    targets = subprocess.run(listed, check=True, capture_output=True).stdout
    (directory / "config/targets/luban.json").write_bytes(targets)
    config = directory / "config/prometheus.yml"
    config.write_text(re.sub(r"(interval|timeout): 1[05]s", r"\1: 1s", config.read_text()))
    port = free_port()
    command = [PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={directory / 'data'}"]
    with (directory / "prometheus.log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed (Debian: prometheus)")
def test_a_real_prometheus_reads_it_and_nothing_rings(stack: Stack, tmp_path: Path) -> None:
    with running_prometheus(stack, tmp_path) as url, httpx.Client(base_url=url, trust_env=False, timeout=10) as client:

        def ask(path: str, **parameters: str) -> Any:
            return client.get(f"/api/v1/{path}", params=parameters).raise_for_status().json()["data"]

        def all_up() -> bool:
            try:
                return [each["value"][1] for each in ask("query", query='up{job="luban"}')["result"]] == ["1"] * 6
            except httpx.HTTPError:
                return False

        assert wait_until(all_up, 60), (tmp_path / "prometheus.log").read_text()[-2000:]

        def evaluated() -> list[Any]:
            return [rule for group in ask("rules")["groups"] for rule in group["rules"] if rule["health"] == "ok"]

        assert wait_until(lambda: len(evaluated()) == len(RULES), 60), ask("rules")
        for question in QUESTIONS:
            assert ask("query", query=question)["resultType"] == "vector", question
        firing = [each for each in ask("alerts")["alerts"] if each["state"] == "firing"]
        assert not firing, firing
